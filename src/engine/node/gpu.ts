/**
 * A graphics card in plain Node: Dawn, through the npm package `webgpu`, which is loaded only when asked for. Where the
 * system's Vulkan driver lies elsewhere, VK_DRIVER_FILES or VK_ICD_FILENAMES names it. A process that used it does not end
 * by itself.
 */
import { EngineError, UsageError } from '../../core/errors.ts';
import { chooseDevice, type DeviceChoice } from '../../gpu/device.ts';

/** What is used of the package. */
interface Dawn {
  create: (options: string[]) => GPU;
  globals: object;
}
/** What is given to `writeBuffer`; its offsets count elements of views and bytes of buffers. */
type Data = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** Dawn ends the instance with the object, so it is kept for as long as the process runs. */
let instance: GPU | undefined;

/**
 * @param load the package; tests give another
 * @throws UsageError when the package is not installed; EngineError when there is no adapter, with why
 */
export async function openGpu(load: () => Promise<Dawn> = () => import('webgpu')): Promise<DeviceChoice & { device: GPUDevice }> {
  instance ??= start(await loadDawn(load));
  const choice = await chooseDevice('webgpu');
  if (!choice.device) {
    throw new EngineError(
      `No graphics card can be used here. ${choice.reason} VK_DRIVER_FILES can name the card’s Vulkan driver (a .json file); without --device webgpu the CPU is used.`,
    );
  }
  return { ...choice, device: choice.device };
}

async function loadDawn(load: () => Promise<Dawn>): Promise<Dawn> {
  try {
    return await load();
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing ? 'is not installed' : `cannot be loaded (${error instanceof Error ? error.message : String(error)})`;
    throw new UsageError(
      `A graphics card is used through the npm package webgpu, which ${why}. Install it with: npm install --no-save webgpu`,
    );
  }
}

function start({ create, globals }: Dawn): GPU {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // Node's own navigator, where there is one, is read-only.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, hardwareConcurrency: 1 }, configurable: true, writable: true });
  copySharedViews();
  return gpu;
}

/** Dawn's binding refuses memory that threads share, which is what ONNX Runtime's is. */
function copySharedViews(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the queue below
  const write = GPUQueue.prototype.writeBuffer;
  GPUQueue.prototype.writeBuffer = function (this: GPUQueue, buffer, at, data, from = 0, size?) {
    const [bytes, start, length] = bytesOf(data, from, size);
    if (!(bytes instanceof SharedArrayBuffer)) return write.call(this, buffer, at, data as ArrayBuffer, from, size);
    return write.call(this, buffer, at, new Uint8Array(bytes, start, length).slice());
  };
}

function bytesOf(data: Data, from: number, size: number | undefined): [ArrayBufferLike, number, number] {
  if (!ArrayBuffer.isView(data)) return [data, from, size ?? data.byteLength - from];
  const unit = 'BYTES_PER_ELEMENT' in data ? (data.BYTES_PER_ELEMENT as number) : 1;
  return [data.buffer, data.byteOffset + from * unit, size === undefined ? data.byteLength - from * unit : size * unit];
}
