/** What a command computes on: the processor, or a graphics card. */
import { createPlain, orPlain } from '../../kernels/fallback.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { chooseBuild } from '../../kernels/wasm/kernels.ts';
import { wasmTrains } from '../../kernels/wasm/trainForms.ts';
import { help, Threads, type Helper } from '../../kernels/wasm/threads.ts';
import { createWasmTrainer } from '../../kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../kernels/webgpu/train.ts';
import { webgpuTrains } from '../../kernels/webgpu/trainPasses.ts';
import type { Runtime } from '../model/runtime.ts';
import type { RunParts } from '../training/types.ts';
import { createEngine, createGpuRuntime, createRuntime, readKernels } from './engine.ts';
import { openGpu } from './gpu.ts';

export interface Machine {
  runtime: Runtime;
  engine: SaeEngine;
  createTrainer: RunParts['createTrainer'];
  /** For a person: the card's name, or threads. */
  name: string;
  release: () => void;
}

interface MachineNeeds {
  device: 'wasm' | 'webgpu';
  /** Of ONNX Runtime and of the trainer on the processor. */
  threads: number;
  /** A way to start helpers of the trainer; the source of `help` is what they run. */
  helpersOf: (source: typeof help) => () => Helper;
}

/** @throws UsageError, EngineError as `openGpu` */
export async function openMachine({ device, threads, helpersOf }: MachineNeeds): Promise<Machine> {
  if (device === 'webgpu') return openCard();
  const runtime = createRuntime(threads);
  const name = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return { runtime, engine: createEngine(), name, ...(await openTrainers(threads, helpersOf)) };
}

async function openCard(): Promise<Machine> {
  const { device, adapter } = await openGpu();
  const runtime = await createGpuRuntime(device);
  const create = orPlain(webgpuTrains, (...args) => createWebgpuTrainer((label, work) => runtime.onDevice(label, work), ...args));
  return { runtime, engine: createEngine(runtime), name: adapter, createTrainer: create, release: () => device.destroy() };
}

async function openTrainers(threads: number, helpersOf: MachineNeeds['helpersOf']): Promise<Pick<Machine, 'createTrainer' | 'release'>> {
  const build = chooseBuild();
  if (!build) return { createTrainer: createPlain, release: () => {} };
  const helpers = threads > 1 ? await Threads.start(threads, helpersOf(help)) : undefined;
  const module = readKernels(helpers ? `train-${build}-shared` : `train-${build}`);
  return {
    createTrainer: orPlain(wasmTrains, (...args) => createWasmTrainer(module, build, ...args, helpers)),
    release: () => helpers?.close(),
  };
}
