/** What the trainer worker has of the browser. */
import relaxedWasm from '../../src/kernels/wasm/built/train-relaxed.wasm?url';
import simdWasm from '../../src/kernels/wasm/built/train-simd.wasm?url';
import { createCorpusStore } from '../../src/cache/corpusStore.ts';
import { createRunStore } from '../../src/cache/runStore.ts';
import { createPlainTrainer } from '../../src/kernels/plainTrainer.ts';
import { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
import { createOrtRuntime, createSaeEngine, fetchModule } from '../browserPlatform.ts';
import type { Runtime } from '../engine/runtime.ts';
import type { Platform, Trainers } from './session.ts';

export function createPlatform(): Platform {
  return {
    runs: createRunStore(),
    corpora: createCorpusStore(),
    createRuntime: createOrtRuntime,
    createEngine: createSaeEngine,
    createTrainers: (runtime) => Promise.resolve(runtime.kind === 'webgpu' ? onDevice(runtime) : onCpu()),
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

async function onCpu(): Promise<Trainers> {
  const build = chooseBuild();
  const module = build && (await fetchModule(build === 'relaxed' ? relaxedWasm : simdWasm));
  return {
    threads: 1,
    create: async (settings, parameters, maxRows) =>
      module && settings.architecture !== 'topk'
        ? createWasmTrainer(module, build, settings, parameters, maxRows)
        : createPlainTrainer(settings, parameters),
    release: () => {},
  };
}
