import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FiringCounts, ReconstructionMetrics, cosines, explainedPerRow, l0, l1, maxCosines, mmcs } from '../../../src/core/sae/metrics.ts';
import type { Latents } from '../../../src/core/sae/latents.ts';
import { FIXTURES } from './helpers.ts';

type Value = { value: number };
interface Goldens {
  reconstruction: {
    inputs: { x: number[][]; xhat: number[][]; f: number[][]; batches: [number, number][] };
    expected: Record<string, Value>;
  };
  dictionaries: { inputs: { A: number[][]; B: number[][] }; expected: Record<string, unknown> };
  features: { inputs: { f: number[][]; tokens_per_step: number }; expected: Record<string, unknown> };
}

const GOLDENS = JSON.parse(readFileSync(join(FIXTURES, 'metrics.json'), 'utf8')) as Goldens;

/** The rule of the fixtures in float64. */
const RELATIVE = 1e-9;

function expectClose(found: number, expected: number): void {
  expect(Math.abs(found - expected), `${found} for ${expected}`).toBeLessThanOrEqual(RELATIVE * Math.max(1, Math.abs(expected)));
}

function toLatents(f: number[][]): Latents {
  const rows = [0];
  const latents: number[] = [];
  const values: number[] = [];
  for (const row of f) {
    row.forEach((v, j) => v !== 0 && (latents.push(j), values.push(v)));
    rows.push(latents.length);
  }
  return { rows: Uint32Array.from(rows), latents: Uint32Array.from(latents), values: Float32Array.from(values), d_sae: f[0].length };
}

describe('figures of a reconstruction', () => {
  const { inputs, expected } = GOLDENS.reconstruction;
  const metrics = new ReconstructionMetrics(6);
  for (const [from, to] of inputs.batches) metrics.add(inputs.x.slice(from, to).flat(), inputs.xhat.slice(from, to).flat());
  const figures = metrics.finish();

  it.each([
    ['mse', 'mse_mean_over_elements'],
    ['mseSum', 'mse_sum_over_dims'],
    ['rmseNorm', 'rmse_norm'],
    ['fvu', 'fvu'],
    ['explainedVariance', 'explained_variance'],
    ['explainedVariance', 'r_squared'],
    ['fracVarianceExplained', 'frac_variance_explained_dictionary_learning'],
    ['explainedVarianceSaebench', 'explained_variance_saebench'],
    ['cosine', 'cosine'],
    ['l2NormIn', 'l2_norm_in'],
    ['l2NormOut', 'l2_norm_out'],
    ['l2Ratio', 'l2_ratio'],
    ['relativeReconstructionBias', 'relative_reconstruction_bias'],
  ] as const)('%s is the golden %s, however the set is cut', (figure, golden) => {
    expectClose(figures[figure], expected[golden].value);
  });

  it('fvu is not the mean of the batches', () => {
    expect(Math.abs(figures.fvu - expected.fvu_mean_of_batches.value)).toBeGreaterThan(0.005);
  });

  it('fvu is 0 for a perfect reconstruction, 1 for the mean, above 1 for zeros when the mean is not zero', () => {
    const x = inputs.x.flat();
    const of = (xhat: number[]) => {
      const set = new ReconstructionMetrics(6);
      set.add(x, xhat);
      return set.finish().fvu;
    };
    const mean = [...metrics.mean()];
    expect(of(x)).toBe(0);
    expectClose(of(inputs.x.flatMap(() => mean)), 1);
    expectClose(of(x.map(() => 0)), expected.fvu_of_zero.value);
  });

  it('fvu survives a mean far larger than the spread', () => {
    const x = inputs.x.flat().map((v) => v + 1e6);
    const set = new ReconstructionMetrics(6);
    set.add(
      x,
      inputs.xhat.flat().map((v) => v + 1e6),
    );
    expect(set.finish().fvu).toBeCloseTo(expected.fvu.value, 6);
  });

  it('is not a number for an empty or a constant set', () => {
    expect(new ReconstructionMetrics(6).finish().fvu).toBeNaN();
    const constant = new ReconstructionMetrics(2);
    constant.add([1, 2, 1, 2], [1, 2, 1, 2]);
    expect(constant.finish().explainedVariance).toBeNaN();
  });

  it('the mean of what each row has explained is the legacy explained variance', () => {
    const rows = explainedPerRow(inputs.x.flat(), inputs.xhat.flat(), metrics.mean());
    expect(rows.reduce((a, b) => a + b) / rows.length).toBeCloseTo(expected.explained_variance_legacy.value, 6);
  });

  it('l0 and l1 are means over rows', () => {
    const latents = toLatents(inputs.f);
    expect(l0(latents)).toBe(expected.l0.value);
    // The golden sums are of decimals, ours of their float32 neighbours.
    expect(l1(latents)).toBeCloseTo(expected.l1.value, 6);
  });
});

describe('firing counts', () => {
  const { inputs, expected } = GOLDENS.features;
  const counts = new FiringCounts(8);
  const dead: number[] = [];
  for (let at = 0; at < inputs.f.length; at += inputs.tokens_per_step) {
    counts.add(toLatents(inputs.f.slice(at, at + inputs.tokens_per_step)));
    dead.push(counts.dead(12));
  }

  it('give the golden densities', () => {
    expect([...counts.counts]).toEqual(expected.fire_counts);
    (expected.density as { value: number[] }).value.forEach((v, j) => expectClose(counts.density()[j], v));
    (expected.log10_density as { value: number[] }).value.forEach((v, j) => expectClose(counts.log10Density()[j], v));
  });

  it('count the alive as the paper does, on more than ten tokens', () => {
    expect(counts.alive(10)).toBe((expected.alive_more_than_10_tokens as Value).value);
    expect(counts.alive(1)).toBe(expected.alive_more_than_1_token);
    expect(counts.alive()).toBe(expected.alive_at_least_once);
  });

  it('count the dead by a window of tokens', () => {
    // Before twelve tokens were seen nothing can have been silent for that long.
    expect(dead.slice(1)).toEqual((expected.dead_by_12_tokens as { value: number[] }).value.slice(1));
  });

  it('keep sums and maxima', () => {
    (expected.mean as number[]).forEach((v, j) => expect(counts.sums[j] / counts.rows).toBeCloseTo(v, 6));
    expect(counts.maxima[7]).toBe(2);
    expect(counts.maxima[6]).toBe(0);
  });
});

describe('cosines between dictionaries', () => {
  const { inputs, expected } = GOLDENS.dictionaries;
  const [A, B] = [inputs.A.flat(), inputs.B.flat()];

  it('are the golden ones', () => {
    const golden = (expected.cosine as number[][]).flat();
    cosines(A, B, 6).forEach((c, at) => expectClose(c, golden[at]));
  });

  it('give maxima and MMCS that depend on the direction', () => {
    (expected.max_cosine_of_each_row_of_A as number[]).forEach((c, i) => expectClose(maxCosines(A, B, 6)[i], c));
    (expected.max_cosine_of_each_row_of_B as number[]).forEach((c, i) => expectClose(maxCosines(B, A, 6)[i], c));
    expectClose(mmcs(A, B, 6), (expected.mmcs_A_to_B as Value).value);
    expectClose(mmcs(B, A, 6), (expected.mmcs_B_to_A as Value).value);
    expectClose(mmcs(A, A, 6), 1);
  });

  it('are 0 with a row of zeros', () => {
    expect([...cosines([0, 0], [1, 2], 2)]).toEqual([0]);
  });
});
