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

type Untrained = Omit<Machine, 'createTrainer'>;

interface MachineNeeds {
  device: 'wasm' | 'webgpu';
  /** Of ONNX Runtime and of the trainer on the processor. */
  threads: number;
  /** A way to start helpers of the trainer; the source of `help` is what they run. */
  helpersOf: (source: typeof help) => () => Helper;
}

/** What does not train needs no more. @throws UsageError, EngineError as `openGpu` */
export async function openRuntime({ device: kind, threads }: Pick<MachineNeeds, 'device' | 'threads'>): Promise<Untrained> {
  if (kind === 'wasm') {
    const name = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return { runtime: createRuntime(threads), engine: createEngine(), name, release: () => {} };
  }
  const { device, adapter } = await openGpu();
  const runtime = await createGpuRuntime(device);
  return { runtime, engine: createEngine(runtime), name: adapter, release: () => device.destroy() };
}

/** @throws UsageError, EngineError as `openGpu` */
export async function openMachine({ helpersOf, ...needs }: MachineNeeds): Promise<Machine> {
  const opened = await openRuntime(needs);
  const { runtime } = opened;
  if (needs.device === 'wasm') return { ...opened, ...(await openTrainers(needs.threads, helpersOf)) };
  const create = orPlain(webgpuTrains, (...args) => createWebgpuTrainer((label, work) => runtime.onDevice(label, work), ...args));
  return { ...opened, createTrainer: create };
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
