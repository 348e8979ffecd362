import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { createAdam } from '../../../src/core/train/adam.ts';
import { standard } from '../../../src/core/train/architectures/standard.ts';
import { tied } from '../../../src/core/train/architectures/tied.ts';
import { resample } from '../../../src/core/train/resample.ts';
import { take, type Parameters } from '../../../src/core/train/types.ts';
import { dot, rowNorms } from '../../../src/core/train/vectors.ts';

const sizes = { d_in: 4, d_sae: 6 };
// Three candidates; the first is explained well, the others badly.
const x = Float32Array.of(1, 0, 0, 0, 0, 3, 4, 0, 0, 8, 6, 0);
const losses = [0, 25, 25];

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
      const [, a, b] = take(parameters, 'W_dec').subarray(latent * 4, latent * 4 + 4);
      expect([a, b].toSorted()).toEqual([Math.fround(0.6), Math.fround(0.8)]);
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

describe('the rows drawn', () => {
  /** Row r of four is axis r, so that a decoder row tells which was drawn. */
  const axes = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
  const drawn = (dead: number[], rows: Float32Array, badly: number[], seed: number) => {
    const parameters = untied();
    const revived = resample(sizes, parameters, createAdam(parameters), dead, rows, badly, createRandom(seed));
    return revived.map((latent) => [...take(parameters, 'W_dec').subarray(latent * 4, latent * 4 + 4)]);
  };
  const axisOf = (row: number[]) => row.indexOf(1);

  it('are never one row twice, so that no two latents are clones', () => {
    for (let seed = 0; seed < 50; seed++) {
      const found = drawn([0, 2, 3, 5], axes, [1, 10, 100, 1000], seed).map(axisOf);
      expect(found.toSorted()).toEqual([0, 1, 2, 3]);
    }
  });

  it('are many and all different where many latents are dead', () => {
    const many = { d_in: 8, d_sae: 900 };
    const rows = 1024;
    const random = createRandom(5);
    const parameters = standard.init({ ...many, l1_coefficient: 1 }, random);
    const candidates = Float32Array.from({ length: rows * 8 }, () => random() - 0.5);
    const dead = Array.from({ length: 695 }, (_, i) => i);
    expect(resample(many, parameters, createAdam(parameters), dead, candidates, new Float64Array(rows).fill(1), random)).toEqual(dead);
    const directions = dead.map((latent) =>
      take(parameters, 'W_dec')
        .subarray(latent * 8, latent * 8 + 8)
        .join(),
    );
    expect(new Set(directions).size).toBe(695);
  });

  it('are as many as have a loss; the other latents stay dead for the next look', () => {
    expect(drawn([0, 1, 2, 3, 4], axes, [0, 3, 0, 3], 1).map(axisOf).toSorted()).toEqual([1, 3]);
    const parameters = untied();
    const before = structuredClone(parameters);
    expect(resample(sizes, parameters, createAdam(parameters), [1, 3, 4], axes, [0, 3, 0, 0], createRandom(1))).toEqual([1]);
    for (const name of ['W_enc', 'W_dec'] as const) expect(take(parameters, name).subarray(12)).toEqual(take(before, name).subarray(12));
  });

  it('count as one where their numbers are the same', () => {
    const twice = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0);
    for (let seed = 0; seed < 20; seed++) expect(drawn([0, 1, 2], twice, [1, 1, 1], seed).map(axisOf).toSorted()).toEqual([0, 1]);
  });

  it('are the same for the same seed', () => {
    expect(drawn([0, 2, 5], axes, [1, 2, 3, 4], 9)).toEqual(drawn([0, 2, 5], axes, [1, 2, 3, 4], 9));
  });

  it('come in proportion to the squared losses among those left', () => {
    const trials = 4000;
    const weights = [1, 4, 9, 0];
    const sum = 14;
    const first = [0, 0, 0, 0];
    const pairs = new Map<string, number>();
    for (let seed = 0; seed < trials; seed++) {
      const [a, b] = drawn([1, 4], axes, [1, 2, 3, 0], seed).map(axisOf);
      first[a]++;
      pairs.set(`${a}${b}`, (pairs.get(`${a}${b}`) ?? 0) + 1);
    }
    // Within four standard deviations.
    const expectShare = (count: number, p: number) =>
      expect(Math.abs(count / trials - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / trials));
    for (const [row, weight] of weights.entries()) expectShare(first[row], weight / sum);
    for (const a of [0, 1, 2])
      for (const b of [0, 1, 2])
        if (a !== b) expectShare(pairs.get(`${a}${b}`) ?? 0, ((weights[a] / sum) * weights[b]) / (sum - weights[a]));
  });
});
