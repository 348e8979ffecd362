import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { createAdam } from '../../../src/core/train/adam.ts';
import { standard } from '../../../src/core/train/architectures/standard.ts';
import { tied } from '../../../src/core/train/architectures/tied.ts';
import { resample } from '../../../src/core/train/resample.ts';
import { take, type Parameters } from '../../../src/core/train/types.ts';
import { dot, rowNorms } from '../../../src/core/train/vectors.ts';

const sizes = { d_in: 4, d_sae: 6 };
// Three candidates; the middle one alone is explained badly.
const x = Float32Array.of(1, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 1);
const losses = [0, 25, 0];

function untied(): Parameters {
  return standard.init({ ...sizes, l1_coefficient: 1 }, createRandom(3));
}

describe('resampling', () => {
  it('points dead latents at what is explained badly, and Adam forgets them', () => {
    const parameters = untied();
    const before = structuredClone(parameters);
    const adam = createAdam(parameters);
    for (const mean of [adam.m, adam.v]) for (const tensor of Object.values(mean)) tensor.fill(1);
    expect(resample(sizes, parameters, adam, [2, 5], x, losses, createRandom(1))).toEqual([2, 5]);
    for (const latent of [2, 5]) {
      expect([...take(parameters, 'W_dec').subarray(latent * 4, latent * 4 + 4)]).toEqual([0, Math.fround(0.6), Math.fround(0.8), 0]);
      const living = [0, 1, 3, 4].map((j) => rowNorms(take(before, 'W_enc'), 6, 4)[j]);
      const mean = living.reduce((a, b) => a + b) / 4;
      expect(rowNorms(take(parameters, 'W_enc'), 6, 4)[latent]).toBeCloseTo(0.2 * mean, 6);
      expect(take(parameters, 'b_enc')[latent]).toBe(0);
      for (const mean of [adam.m, adam.v]) {
        expect(dot(take(mean, 'W_enc'), latent * 4, take(mean, 'W_enc'), latent * 4, 4)).toBe(0);
        expect(take(mean, 'b_enc')[latent]).toBe(0);
      }
    }
    expect(take(parameters, 'W_dec').subarray(0, 8)).toEqual(take(before, 'W_dec').subarray(0, 8));
    expect(take(adam.m, 'b_dec').every((v: number) => v === 1)).toBe(true);
    expect(take(adam.m, 'W_dec')[0]).toBe(1);
  });

  it('gives a tied latent a row of the usual length', () => {
    const parameters = tied.init({ ...sizes, alpha: 1 }, createRandom(3));
    const others = [0, 1, 2, 3, 5].map((j) => rowNorms(take(parameters, 'W_dec'), 6, 4)[j]);
    resample(sizes, parameters, createAdam(parameters), [4], x, losses, createRandom(1));
    expect(rowNorms(take(parameters, 'W_dec'), 6, 4)[4]).toBeCloseTo(others.reduce((a, b) => a + b) / 5, 6);
  });

  it('leaves everything as it is when nothing is dead or nothing is explained badly', () => {
    const parameters = untied();
    const before = structuredClone(parameters);
    expect(resample(sizes, parameters, createAdam(parameters), [], x, losses, createRandom(1))).toEqual([]);
    expect(resample(sizes, parameters, createAdam(parameters), [1], x, [0, 0, 0], createRandom(1))).toEqual([]);
    expect(parameters).toEqual(before);
  });
});
