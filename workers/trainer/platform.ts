/** What the trainer worker has of the browser. */
import relaxedShared from '../../src/kernels/wasm/built/train-relaxed-shared.wasm?url';
import relaxedWasm from '../../src/kernels/wasm/built/train-relaxed.wasm?url';
import simdShared from '../../src/kernels/wasm/built/train-simd-shared.wasm?url';
import simdWasm from '../../src/kernels/wasm/built/train-simd.wasm?url';
import { createCorpusStore } from '../../src/cache/corpusStore.ts';
import { createRunStore } from '../../src/cache/runStore.ts';
import { createPlain, orPlain } from '../../src/kernels/fallback.ts';
import { startBrowserThreads } from '../../src/kernels/wasm/browserThreads.ts';
import { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
import { wasmTrains } from '../../src/kernels/wasm/trainForms.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
import { webgpuTrains } from '../../src/kernels/webgpu/trainPasses.ts';
import { createOrtRuntime, createSaeEngine, fetchModule, usualThreads } from '../browserPlatform.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import type { Platform, Trainers } from './equip.ts';

const MODULES = { relaxed: { alone: relaxedWasm, shared: relaxedShared }, simd: { alone: simdWasm, shared: simdShared } };

export function createPlatform(): Platform {
  return {
    runs: createRunStore(),
    corpora: createCorpusStore(),
    createRuntime: createOrtRuntime,
    createEngine: createSaeEngine,
    createTrainers: (runtime, threads = usualThreads()) =>
      runtime.kind === 'webgpu' ? Promise.resolve(onDevice(runtime)) : onCpu(threads),
  };
}

function onDevice(runtime: Runtime): Trainers {
  return {
    threads: 1,
    create: orPlain(webgpuTrains, (...args) => createWebgpuTrainer((label, work) => runtime.onDevice(label, work), ...args)),
    release: () => {},
  };
}

/** The same numbers on any number of threads. */
async function onCpu(wanted: number): Promise<Trainers> {
  const build = chooseBuild();
  if (!build) return { threads: 1, create: createPlain, release: () => {} };
  const threads = await startBrowserThreads(wanted);
  const module = await fetchModule(MODULES[build][threads ? 'shared' : 'alone']);
  return {
    threads: threads?.count ?? 1,
    create: orPlain(wasmTrains, (...args) => createWasmTrainer(module, build, ...args, threads)),
    release: () => threads?.close(),
  };
}
