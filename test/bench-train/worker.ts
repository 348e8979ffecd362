/** Training steps of ours and of tfjs in one worker of one browser, on the same rows from the same weights. */
import { PAPER_ADAM } from '../../src/core/train/adam.ts';
import { chooseDevice } from '../../src/gpu/device.ts';
import { startBrowserThreads } from '../../src/kernels/wasm/browserThreads.ts';
import relaxed from '../../src/kernels/wasm/built/train-relaxed.wasm?url';
import relaxedShared from '../../src/kernels/wasm/built/train-relaxed-shared.wasm?url';
import simd from '../../src/kernels/wasm/built/train-simd.wasm?url';
import simdShared from '../../src/kernels/wasm/built/train-simd-shared.wasm?url';
import { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
import { createWasmTrainer, type WasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { createWebgpuTrainer } from '../../src/kernels/webgpu/train.ts';
import { Runtime } from '../../src/engine/model/runtime.ts';
import { serve, type Channel } from '../../workers/rpc.ts';
import { ALPHA, BATCHES, makeBatches, makeWeights, type Shape } from './data.ts';

const MODULES = { relaxed, simd, 'relaxed-shared': relaxedShared, 'simd-shared': simdShared };

interface Task extends Shape {
  /** Steps before the first that is timed, and timed ones. */
  warmUp: number;
  steps: number;
}

interface Timed {
  /** Of each step, the first ones too. */
  losses: number[];
  /** Of each timed step. */
  milliseconds: number[];
}

/** One shape's rows are made once. */
let known: { key: string; batches: Float32Array[]; weights: Float32Array } | undefined;

function inputsOf({ d, n, batch }: Shape) {
  const key = [d, n, batch].join();
  if (known?.key !== key) known = { key, batches: makeBatches({ d, n, batch }), weights: makeWeights({ d, n, batch }) };
  return known;
}

async function createOurs({ d, n, batch }: Shape, threadCount: number) {
  const build = chooseBuild();
  if (!build) throw new Error('This browser has no WASM SIMD.');
  const threads = await startBrowserThreads(threadCount);
  const response = await fetch(MODULES[threads ? (`${build}-shared` as const) : build]);
  const module = await WebAssembly.compile(await response.arrayBuffer());
  const parameters = { W_dec: inputsOf({ d, n, batch }).weights, b_enc: new Float32Array(n) };
  const trainer = await createWasmTrainer(
    module,
    build,
    { architecture: 'tied', d_in: d, d_sae: n, alpha: ALPHA },
    parameters,
    batch,
    threads,
  );
  return { trainer, threads };
}

/** Ours; the split is milliseconds of a step's encoder product, sparse part and optimiser. */
async function ours(task: Task & { threads: number }) {
  const { trainer, threads } = await createOurs(task, task.threads);
  const { batches } = inputsOf(task);
  const result: Timed & { split: number[][]; l0: number; bytes: number; kernels: string; threads: number } = {
    losses: [],
    milliseconds: [],
    split: [],
    l0: 0,
    bytes: trainer.bytes,
    kernels: trainer.kernels,
    threads: threads?.count ?? 1,
  };
  for (let step = 0; step < task.warmUp + task.steps; step++) {
    const before = splitOf(trainer);
    const start = performance.now();
    trainer.step(batches[step % BATCHES], { ...PAPER_ADAM, sparsity: 1 });
    const end = performance.now();
    const { loss, l0 } = await trainer.report();
    result.losses.push(loss);
    if (step < task.warmUp) continue;
    result.milliseconds.push(end - start);
    result.split.push(splitOf(trainer).map((ms, i) => ms - before[i]));
    result.l0 += l0 / task.steps;
  }
  trainer.release();
  threads?.close();
  return result;
}

function splitOf({ milliseconds: m }: WasmTrainer): number[] {
  return [m.prepare + m.encode, m.decode + m.gradients, m.update];
}

/** The trainer whose memory is looked at between stretches of steps. */
let growing: ReturnType<typeof createOurs> | undefined;

/** Makes steps and goes on with the same trainer at the next call. @returns bytes of the trainer */
async function grow({ steps, ...shape }: Shape & { steps: number }): Promise<number> {
  const { trainer } = await (growing ??= createOurs(shape, 2));
  const { batches } = inputsOf(shape);
  for (let step = 0; step < steps; step++) {
    trainer.step(batches[step % BATCHES], { ...PAPER_ADAM, sparsity: 1 });
    await trainer.report();
  }
  return trainer.bytes;
}

/** Ours on WebGPU, timed as tfjs is. */
async function oursGpu(task: Task & { mostMs: number }): Promise<Timed> {
  const { device, reason } = await chooseDevice('webgpu');
  if (!device) throw new Error(reason);
  const runtime = new Runtime({ ort: undefined as never, device, threads: 1 });
  const { d, n, batch, warmUp, steps, mostMs } = task;
  const { batches, weights } = inputsOf(task);
  const parameters = { W_dec: weights, b_enc: new Float32Array(n) };
  const config = { architecture: 'tied', d_in: d, d_sae: n, alpha: ALPHA } as const;
  const trainer = await createWebgpuTrainer((label, work) => runtime.onDevice(label, work), config, parameters, batch);
  const result: Timed = { losses: [], milliseconds: [] };
  const began = performance.now();
  for (let step = 0; step < warmUp + steps; step++) {
    if (result.milliseconds.length > 0 && performance.now() - began > mostMs) break;
    const start = performance.now();
    await trainer.step(batches[step % BATCHES], { ...PAPER_ADAM, sparsity: 1 });
    result.losses.push((await trainer.report()).loss);
    if (step >= warmUp) result.milliseconds.push(performance.now() - start);
  }
  trainer.release();
  return result;
}

/** tfjs, eager, as its users write it. */
async function tfjs(task: Task & { backend: 'wasm' | 'webgpu'; mostMs: number }): Promise<Timed & { backend: string }> {
  const { trainTfjs } = await import('./tfjs.mjs');
  const { batches, weights } = inputsOf(task);
  return trainTfjs({ ...task, alpha: ALPHA, lr: PAPER_ADAM.lr, batches, weights });
}

serve(self as unknown as Channel, {
  ours: (_, task: Parameters<typeof ours>[0]) => ours(task),
  oursGpu: (_, task: Parameters<typeof oursGpu>[0]) => oursGpu(task),
  grow: (_, task: Parameters<typeof grow>[0]) => grow(task),
  tfjs: (_, task: Parameters<typeof tfjs>[0]) => tfjs(task),
});
