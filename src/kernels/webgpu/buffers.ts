/** Buffers of the worker's device: working memory that grows, panels of weights, downloads. */

/** Working memory by name: one buffer each, made anew when more is asked for than before. */
export class Workspace {
  readonly #buffers = new Map<string, GPUBuffer>();

  /** @returns a buffer of at least `bytes`; what it holds is left over from before */
  get(device: GPUDevice, name: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const known = this.#buffers.get(name);
    if (known && known.size >= bytes) return known;
    known?.destroy();
    const buffer = device.createBuffer({ label: name, size: Math.max(16, Math.ceil(bytes / 4) * 4), usage });
    this.#buffers.set(name, buffer);
    return buffer;
  }

  /** A buffer that holds `data` once what is submitted next runs. */
  upload(device: GPUDevice, name: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, uniform = false): GPUBuffer {
    const usage = (uniform ? USAGE.UNIFORM : USAGE.STORAGE) | USAGE.COPY_DST;
    const buffer = this.get(device, name, data.byteLength, usage);
    device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  bytes(): number {
    return [...this.#buffers.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** GPUBufferUsage and GPUMapMode as the specification numbers them; the globals do not exist in Node. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;
const MAP_READ = 1;

/** A buffer that starts as `data`. */
export function createStorage(device: GPUDevice, data: Float32Array<ArrayBuffer>): GPUBuffer {
  const buffer = device.createBuffer({ size: Math.max(16, data.byteLength), usage: USAGE.STORAGE | USAGE.COPY_DST });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** The first `bytes` of a staging buffer, copied out. */
export async function download(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  await staging.mapAsync(MAP_READ, 0, bytes);
  try {
    return staging.getMappedRange(0, bytes).slice(0);
  } finally {
    staging.unmap();
  }
}

/**
 * Turns what WebGPU would swallow into a rejection.
 * @throws Error with the device's words
 */
export async function checked<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let result: T | undefined;
  let failure: unknown;
  try {
    result = await work();
  } catch (error) {
    failure = error;
  }
  const invalid = await device.popErrorScope();
  const exhausted = await device.popErrorScope();
  if (exhausted) throw new Error(`out of memory: ${exhausted.message}`);
  if (invalid) throw new Error(invalid.message);
  if (failure !== undefined) throw failure as Error;
  return result as T;
}

/** A compute pipeline made once for a device. */
export function createPipelines(): (device: GPUDevice, code: string) => GPUComputePipeline {
  const made = new Map<string, GPUComputePipeline>();
  return (device, code) => {
    let pipeline = made.get(code);
    if (!pipeline) {
      const module = device.createShaderModule({ code });
      pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
      made.set(code, pipeline);
    }
    return pipeline;
  };
}

export function bind(device: GPUDevice, pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
}
