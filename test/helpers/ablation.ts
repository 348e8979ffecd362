/** The golden ablations of test/fixtures/interp, and how effects are held against them. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Effects } from '../../src/api/features.ts';
import { maxDifference, readGoldens, readJson } from './goldens.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/interp');

export interface EffectSide {
  positions: number;
  drawn: number;
  largest: number;
  near_cut: number;
  /** Id, string, count. */
  by_next_token: [number, string, number][];
}

interface Stated {
  /** As ids of shipped dictionaries end: `blocks.2.hook_resid_post/r4-a0.0025`. */
  dictionary: string;
  latent: number;
  density: number;
  maximum: number;
  /** Over all positions. */
  mean: number;
  /** Positions with a value above half of the maximum, by token: id, string, count. */
  fires_on: [number, string, number][];
  /** 10 equal bins from 0 to the maximum, by the 5 commonest ids and 'other'. */
  histogram: { edges: number[]; counts: Record<string, number[]> };
  mean_kl: number;
  mean_change: number;
  logit_top: [number, number][];
  logit_bottom: [number, number][];
  effect?: { less_likely: EffectSide; more_likely: EffectSide };
}

export interface Ablation extends Stated {
  ids: number[][];
  /** [8, 48] */
  values: Float32Array;
  /** [8, 47] */
  clean: Float32Array;
  ablated: Float32Array;
  /** [8, 48] */
  kl: Float32Array;
}

export function readAblations(): Ablation[] {
  const goldens = readGoldens(join(FOLDER, 'ablation.safetensors'));
  return readJson<Stated[]>(join(FOLDER, 'ablation.json')).map((stated, n) => {
    const numbers = (name: string) => goldens.get(`ablation.${n}.${name}`)!.data as Float32Array;
    const ids = [...numbers('ids')];
    return {
      ...stated,
      dictionary: stated.dictionary.replace(/\/(?=[^/]*$)/, '-'),
      ids: Array.from({ length: ids.length / 48 }, (_, i) => ids.slice(48 * i, 48 * (i + 1))),
      values: numbers('c'),
      clean: numbers('logprob_clean'),
      ablated: numbers('logprob_ablated'),
      kl: numbers('kl'),
    };
  });
}

/** Within what README of the fixtures states; `slack` more on devices that choose kernels by shape. */
export function expectAblation({ per_position, loss_clean }: Effects, golden: Ablation, slack = 1): void {
  const texts = per_position!;
  expect(
    maxDifference(
      texts.flatMap(({ value }) => value),
      golden.values,
    ),
  ).toBeLessThan(1e-4 * slack);
  const deltas = texts.flatMap(({ delta }) => delta);
  const wanted = golden.clean.map((clean, i) => clean - golden.ablated[i]);
  expect(maxDifference(deltas, wanted.subarray(0, deltas.length))).toBeLessThan(2e-4 * slack);
  const whole = golden.clean.subarray(0, deltas.length);
  expect(Math.abs(loss_clean + whole.reduce((a, b) => a + b, 0) / whole.length)).toBeLessThan(2e-4 * slack);
  texts
    .flatMap(({ kl }) => kl)
    .forEach((kl, i) => expect(Math.abs(kl - golden.kl[i])).toBeLessThan(slack * Math.max(4e-6, 1e-3 * golden.kl[i])));
}
