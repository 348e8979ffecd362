import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { maxCosines, mmcs } from '../../../src/core/sae/metrics.ts';
import { createAdam, PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { tied } from '../../../src/core/train/architectures/tied.ts';
import { trainStep } from '../../../src/core/train/step.ts';
import { createToy, TOY } from '../../../src/core/train/toy.ts';
import { createCounters, take } from '../../../src/core/train/types.ts';

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

  it('gives up its features to a tied dictionary', () => {
    const config = { d_in: 12, d_sae: 24, alpha: 0.024 };
    const random = createRandom(3);
    const toy = createToy({ d: 12, features: 16, active: 1, decay: 1, noise: 0 }, random);
    const parameters = tied.init(config, random);
    const state = { parameters, adam: createAdam(parameters), counters: createCounters(config) };
    const before = mmcs(toy.truth, take(parameters, 'W_dec'), 12);
    for (let step = 0; step < 1500; step++) trainStep(tied, config, state, toy.sample(128), { ...PAPER_ADAM, lr: 3e-3 });
    const after = mmcs(toy.truth, take(parameters, 'W_dec'), 12);
    expect(before).toBeLessThan(0.8);
    expect(after).toBeGreaterThan(0.95);
  }, 60_000);
});

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
