import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { maxCosines } from '../../../src/core/sae/metrics.ts';
import { createToy, TOY } from '../../../src/core/train/toy.ts';
import { chooseBuild } from '../../../src/kernels/wasm/kernels.ts';
import { createWasmTrainer } from '../../../src/kernels/wasm/trainer.ts';
import { sweepToy, type CreateTrainer } from '../../helpers/toy.ts';

describe('toy data', () => {
  it('has as many active features as asked, and rows made of them', () => {
    const settings = { ...TOY, d: 64, features: 32, active: 3, decay: 1 };
    const toy = createToy(settings, createRandom(1));
    const rows = 2000;
    const x = toy.sample(rows);
    // E‖x‖² = Σ chance · E[strength²] plus cross terms whose mean is the sum of inner products; near 3 · 1/3 for random directions.
    const square = x.reduce((sum, v) => sum + v * v, 0) / rows;
    const inner = crossTerms(toy.truth, 64, 32, 3 / 32);
    expect(square).toBeCloseTo(1 + inner, 0.5);
    expect(maxCosines(toy.truth, toy.truth, 64).every((c) => Math.abs(c - 1) < 1e-6)).toBe(true);
  });

  it('gives up its features to a tied dictionary, at the best sparsity of a grid and not at the least', async () => {
    const run = { d: 64, features: 128, active: 3, decay: 0.99, noise: 0, d_sae: 256, batch: 128, steps: 2500, lr: 3e-3, seed: 1 };
    const results = await sweepToy(run, GRID, createTrainer);
    const best = Math.max(...results.map(({ mmcs }) => mmcs));
    expect(best).toBeGreaterThan(0.95);
    expect(results[0].mmcs).toBeLessThan(0.8);
    // Sparser and sparser, and worse and worse reconstructed.
    for (const [i, { l0, fvu }] of results.slice(1).entries()) {
      expect(l0).toBeLessThan(results[i].l0);
      expect(fvu).toBeGreaterThan(results[i].fvu);
    }
  }, 120_000);
});

/** Of weights of the L1 term, beside the squared error averaged over dims. */
const GRID = [0.0005, 0.001, 0.002];

const BUILT = join(import.meta.dirname, '../../../src/kernels/wasm/built');
const createTrainer: CreateTrainer = (config, parameters, maxRows) => {
  const build = chooseBuild()!;
  const module = new WebAssembly.Module(readFileSync(join(BUILT, `train-${build}.wasm`)));
  return createWasmTrainer(module, build, config, parameters, maxRows);
};

/** Σ_{j≠k} p² · E[strength]² · truth_j·truth_k. */
function crossTerms(truth: Float32Array, d: number, features: number, p: number): number {
  let sum = 0;
  for (let j = 0; j < features; j++) {
    for (let k = 0; k < features; k++) {
      if (j === k) continue;
      for (let i = 0; i < d; i++) sum += (p * p * truth[j * d + i] * truth[k * d + i]) / 4;
    }
  }
  return sum;
}
