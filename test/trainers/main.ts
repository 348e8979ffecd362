/** A page that offers the trainers to a test, which calls them by number (test/helpers/trainers.ts). */
import relaxedWasm from '../../src/kernels/wasm/built/train-relaxed.wasm?url';
import simdWasm from '../../src/kernels/wasm/built/train-simd.wasm?url';
import type { TrainableConfig } from '../../src/core/train/architectures/index.ts';
import type { Parameters } from '../../src/core/train/types.ts';
import { chooseDevice } from '../../src/gpu/device.ts';
import type { StepTrainer } from '../../src/kernels/trainer.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
import { Runtime } from '../../src/engine/model/runtime.ts';

export type TrainerKind = 'webgpu' | 'wasm-relaxed' | 'wasm-simd';
export type TrainerMethod = Exclude<keyof StepTrainer, 'kernels' | 'bytes'>;

const WASM = { 'wasm-relaxed': ['relaxed', relaxedWasm], 'wasm-simd': ['simd', simdWasm] } as const;
const trainers: StepTrainer[] = [];
let device: GPUDevice | undefined;
let runtime: Runtime | undefined;
/** Buffers of the device that were made and not destroyed. */
let liveBuffers = 0;

async function open(kind: TrainerKind, config: TrainableConfig, parameters: Parameters, maxRows: number): Promise<StepTrainer> {
  if (kind === 'webgpu') {
    const { onDevice } = await openDevice();
    return createWebgpuTrainer(onDevice, config, parameters, maxRows);
  }
  const [build, url] = WASM[kind];
  const module = await WebAssembly.compile(await (await fetch(url)).arrayBuffer());
  return createWasmTrainer(module, build, config, parameters, maxRows);
}

/** The product's own turns on a device whose buffers are counted. */
async function openDevice() {
  if (!device) {
    const choice = await chooseDevice('webgpu');
    if (!choice.device) throw new Error(choice.reason);
    device = countBuffers(choice.device);
    runtime = new Runtime({ ort: undefined as never, device, threads: 1 });
  }
  const turns = runtime!;
  return { onDevice: <T>(label: string, work: (device: GPUDevice) => Promise<T>) => turns.onDevice(label, work) };
}

function countBuffers(device: GPUDevice): GPUDevice {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let isLive = true;
    liveBuffers++;
    buffer.destroy = () => {
      if (isLive) liveBuffers--;
      isLive = false;
      destroy();
    };
    return buffer;
  };
  return device;
}

const handles = {
  async create(kind: TrainerKind, config: TrainableConfig, parameters: Parameters, maxRows: number) {
    const trainer = await open(kind, config, parameters, maxRows);
    return { id: trainers.push(trainer) - 1, kernels: trainer.kernels, bytes: trainer.bytes };
  },
  call(id: number, method: TrainerMethod, args: unknown[]): unknown {
    return (trainers[id][method] as (...args: unknown[]) => unknown).apply(trainers[id], args);
  },
  liveBuffers: () => liveBuffers,
  /** As when the driver fails. */
  async loseDevice() {
    device?.destroy();
    await device?.lost;
    device = undefined;
  },
};

declare global {
  interface Window {
    trainers: typeof handles;
  }
}
window.trainers = handles;
