/** What the trainer worker has of the browser. */
import relaxedShared from '../../src/kernels/wasm/built/train-relaxed-shared.wasm?url';
import relaxedWasm from '../../src/kernels/wasm/built/train-relaxed.wasm?url';
import simdShared from '../../src/kernels/wasm/built/train-simd-shared.wasm?url';
import simdWasm from '../../src/kernels/wasm/built/train-simd.wasm?url';
import { createCorpusStore } from '../../src/cache/corpusStore.ts';
import { createRunStore } from '../../src/cache/runStore.ts';
import { createPlainTrainer } from '../../src/kernels/plainTrainer.ts';
import { startBrowserThreads } from '../../src/kernels/wasm/browserThreads.ts';
import { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
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
    create: (settings, parameters, maxRows) =>
      createWebgpuTrainer((label, work) => runtime.onDevice(label, work), settings, parameters, maxRows),
    release: () => {},
  };
}

/** The same numbers on any number of threads. */
async function onCpu(wanted: number): Promise<Trainers> {
  const build = chooseBuild();
  if (!build)
    return { threads: 1, create: (settings, parameters) => Promise.resolve(createPlainTrainer(settings, parameters)), release: () => {} };
  const threads = await startBrowserThreads(wanted);
  const module = await fetchModule(MODULES[build][threads ? 'shared' : 'alone']);
  return {
    threads: threads?.count ?? 1,
    create: (settings, parameters, maxRows) => createWasmTrainer(module, build, settings, parameters, maxRows, threads),
    release: () => threads?.close(),
  };
}
