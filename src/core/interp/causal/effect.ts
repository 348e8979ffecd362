/**
 * What a parent does to a target, as Cunningham et al. 2023 (section 5.3) count it: with a the target's activation and a′
 * what is left of it once the parent is changed at all positions, (a − a′ + ε) / (a + ε); restored alone, (a′ + ε) / (a + ε).
 */
import { createRandom } from '../../array/random.ts';
import { quantile } from '../quantile.ts';

const EPSILON = 1e-10;
const RESAMPLES = 1000;

/** What is done to a parent; the contract's words. */
export type Mode = 'zero' | 'mean' | 'resample' | 'restore';

/** @param clean not 0 */
export function effectOf(mode: Mode, clean: number, changed: number): number {
  const kept = mode === 'restore' ? changed : clean - changed;
  return (kept + EPSILON) / (clean + EPSILON);
}

/** Of those that are not null; 0 of none. */
export function meanOf(each: readonly (number | null)[]): number {
  const known = each.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
}

/**
 * From the 2.5 % to the 97.5 % quantile of the mean over 1,000 resamples of contexts with replacement (percentile bootstrap;
 * Efron and Tibshirani 1993, chapter 13).
 */
export function intervalOf(each: readonly (number | null)[], seed: number): [number, number] {
  const known = each.filter((value) => value !== null);
  if (known.length === 0) return [0, 0];
  const random = createRandom(seed);
  const means = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    let sum = 0;
    for (let n = 0; n < known.length; n++) sum += known[Math.floor(random() * known.length)];
    means[i] = sum / known.length;
  }
  means.sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** 0 where either is 0; NaN where they are not of one space. */
export function cosineOf(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN;
  let [dot, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    first += a[i] * a[i];
    second += b[i] * b[i];
  }
  const size = Math.sqrt(first * second);
  return size > 0 ? dot / size : 0;
}
