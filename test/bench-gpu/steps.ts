/** Training steps of the tied dictionary: ours on the card and on the processor, tfjs on the card; same rows, same weights. */
import { PAPER_ADAM } from '../../src/core/train/adam.ts';
import type { Machine } from '../../src/engine/node/machine.ts';
import { ALPHA, BATCHES, makeBatches, makeWeights, type Shape } from '../bench-train/data.ts';
import { print, type Times } from './times.ts';

const SHAPES: readonly Shape[] = [
  ...[2048, 4096].flatMap((n) => [1024, 2048].map((batch) => ({ d: 512, n, batch }))),
  { d: 256, n: 16384, batch: 2048 },
];
const SMALL: readonly Shape[] = [{ d: 256, n: 512, batch: 128 }];
const STEPS = 60;

interface Steps extends Times {
  /** Of each step, the first too. */
  losses: number[];
}

interface Inputs extends Shape {
  batches: Float32Array[];
  weights: Float32Array;
}

export async function measureSteps(machines: [string, Machine][], mostMs: number, small: boolean): Promise<void> {
  for (const shape of small ? SMALL : SHAPES) {
    const { d, n, batch } = shape;
    console.log(`training step, tied, d ${d}, n ${n}, batch ${batch}; losses read at every step`);
    const inputs = { ...shape, batches: makeBatches(shape), weights: makeWeights(shape) };
    let reference: number[] = [];
    for (const [name, machine] of machines) {
      const steps = await ours(machine, inputs, mostMs);
      reference = reference.length > 0 ? reference : steps.losses;
      print(name, steps, batch, agreement(steps.losses, reference));
    }
    try {
      const steps = await tfjs(inputs, mostMs);
      print('tfjs eager, WebGPU', steps, batch, agreement(steps.losses, reference));
    } catch (error) {
      console.log(`  tfjs eager, WebGPU: did not run: ${String(error).split('\n')[0].slice(0, 200)}`);
    }
  }
}

async function ours({ createTrainer }: Machine, { d, n, batch, batches, weights }: Inputs, mostMs: number): Promise<Steps> {
  const parameters = { W_dec: weights, b_enc: new Float32Array(n) };
  const trainer = await createTrainer({ architecture: 'tied', d_in: d, d_sae: n, alpha: ALPHA }, parameters, batch);
  const result: Steps = { losses: [], milliseconds: [] };
  const began = performance.now();
  do {
    const start = performance.now();
    await trainer.step(batches[result.losses.length % BATCHES], { ...PAPER_ADAM, sparsity: 1 });
    result.losses.push((await trainer.report()).loss);
    // The first compiles.
    if (result.losses.length > 1) result.milliseconds.push(performance.now() - start);
  } while (result.milliseconds.length === 0 || (result.losses.length < STEPS && performance.now() - began < mostMs));
  trainer.release();
  return result;
}

async function tfjs({ d, n, batch, batches, weights }: Inputs, mostMs: number): Promise<Steps> {
  const { trainTfjs } = await import('./tfjs.mjs');
  return trainTfjs({ backend: 'webgpu', d, n, batch, warmUp: 1, steps: STEPS, mostMs, alpha: ALPHA, lr: PAPER_ADAM.lr, batches, weights });
}

function agreement(losses: readonly number[], reference: readonly number[]): string {
  const count = Math.min(losses.length, reference.length, 20);
  const worst = Math.max(...losses.slice(0, count).map((loss, i) => Math.abs(loss - reference[i]) / Math.abs(reference[i])));
  return `losses agree to ${worst.toExponential(0)}${worst < 1e-3 ? '' : ': NOT THE SAME WORK'}`;
}
