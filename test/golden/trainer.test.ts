/** Training kernels in Node: the WASM ones, and the graphics ones on Dawn. */
import { beforeAll, describe, vi } from 'vitest';
import { readKernels } from '../../src/engine/node/engine.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
import { EVERYTHING, HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { describeTraining } from '../helpers/trainerSuite.ts';

for (const build of ['relaxed', 'simd'] as const) {
  describeTraining(`wasm-${build}`, (...args) => createWasmTrainer(readKernels(`train-${build}`), build, ...args));
}

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    const { gpu } = await openDawn();
    runtime = await gpu.createRuntime();
  });
  describeTraining('webgpu', (...args) => createWebgpuTrainer((label, work) => runtime.onDevice(label, work), ...args), !EVERYTHING);
});
