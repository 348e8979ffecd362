import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crossEntropy, SpliceMetrics } from '../../../src/core/sae/splice.ts';
import { cutContexts } from '../../../src/engine/dictionary/evaluate.ts';
import { FIXTURES } from './helpers.ts';

interface Goldens {
  language_model: {
    inputs: Record<'logits_clean' | 'logits_sae' | 'logits_zero_ablation', number[][]> & { targets: number[] };
    expected: {
      ce_clean: number;
      ce_sae: number;
      ce_zero: number;
      kl_sae: number;
      ce_score: { value: number };
      ce_zero_per_token: number[];
    };
  };
}

const { inputs, expected } = (JSON.parse(readFileSync(join(FIXTURES, 'metrics.json'), 'utf8')) as Goldens).language_model;
const row = (rows: number[][], i: number) => Float32Array.from(rows[i]);

describe('losses with a reconstruction in place', () => {
  /** Logits near 700 rounded to fp32 are off by up to 3e-5. */
  const CLOSE = 5e-5;

  it('are the golden ones', () => {
    const losses = new SpliceMetrics();
    inputs.targets.forEach((target, i) => {
      const zero = crossEntropy(row(inputs.logits_zero_ablation, i), target);
      expect(Math.abs(zero - expected.ce_zero_per_token[i])).toBeLessThan(CLOSE);
      losses.add(row(inputs.logits_clean, i), row(inputs.logits_sae, i), zero, target);
    });
    const found = losses.finish();
    expect(Math.abs(found.ce_clean - expected.ce_clean)).toBeLessThan(CLOSE);
    expect(Math.abs(found.ce_spliced - expected.ce_sae)).toBeLessThan(CLOSE);
    expect(Math.abs(found.ce_zero - expected.ce_zero)).toBeLessThan(CLOSE);
    expect(Math.abs(found.kl - expected.kl_sae)).toBeLessThan(CLOSE);
    expect(Math.abs(found.ce_recovered - expected.ce_score.value)).toBeLessThan(CLOSE);
  });

  it('recover everything where nothing changed, and are undefined where zeros cost nothing or nothing was added', () => {
    const same = new SpliceMetrics();
    same.add(row(inputs.logits_clean, 0), row(inputs.logits_clean, 0), 9, 5);
    expect(same.finish()).toMatchObject({ ce_recovered: 1, kl: 0 });
    const free = new SpliceMetrics();
    free.add(row(inputs.logits_clean, 0), row(inputs.logits_sae, 0), crossEntropy(row(inputs.logits_clean, 0), 5), 5);
    expect(free.finish().ce_recovered).toBeNaN();
    expect(Object.values(new SpliceMetrics().finish()).every(Number.isNaN)).toBe(true);
  });
});

describe('contexts to measure on', () => {
  const ids = (n: number) => Array.from({ length: n }, (_, i) => i);

  it('are cut at the context and at the number of tokens asked for', () => {
    expect(cutContexts([ids(10)], 4, 100)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(cutContexts([ids(10), ids(3)], 4, 6)).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
    expect(cutContexts([ids(2), ids(10)], 4, 5)).toEqual([
      [0, 1],
      [0, 1, 2],
    ]);
  });

  it('leave out single tokens, which predict nothing', () => {
    expect(cutContexts([ids(5), [], ids(1), ids(2)], 4, 100)).toEqual([
      [0, 1, 2, 3],
      [0, 1],
    ]);
    expect(cutContexts([ids(1)], 4, 100)).toEqual([]);
  });
});
