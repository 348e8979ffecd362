/** A number for each token of a vocabulary: the ends of the list, and all of it in bins. */
import { topK } from '../lm/statistics.ts';
import type { Histogram } from './types.ts';

const BINS = 50;

/**
 * The k highest and the k lowest of the first n, from the outside in; ties go to the lower id.
 * @param values [d_vocab]; those from n on are no tokens
 */
export function endsOf(values: Float32Array, n: number, k: number): Record<'top' | 'bottom', { id: number; value: number }[]> {
  const entry = (id: number) => ({ id, value: values[id] });
  const top = topK(values, k, n);
  const bottom = topK(
    values.map((value) => -value),
    k,
    n,
  );
  return { top: top.map(entry), bottom: bottom.map(entry) };
}

/** The first n in 50 equal bins from the lowest to just above the highest. @param n 1 or more */
export function binsOf(values: Float32Array, n: number): Histogram {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < n; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  const width = (high - low || 1) / BINS;
  // A little further than the highest, by less than fp32 tells apart.
  const edges = Array.from({ length: BINS + 1 }, (_, i) => (i === BINS ? low + width * BINS * (1 + 1e-9) + 1e-30 : low + width * i));
  const counts = new Array<number>(BINS).fill(0);
  for (let i = 0; i < n; i++) {
    let bin = Math.min(BINS - 1, Math.floor((values[i] - low) / width));
    while (bin > 0 && values[i] < edges[bin]) bin--;
    while (bin + 1 < BINS && values[i] >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  return { edges, counts };
}

/**
 * Rows of a matrix times a vector, in float64.
 * @param rows [n, d]. @param vector [d]. @returns [n]
 */
export function timesRows(rows: Float32Array, vector: Float32Array, n: number): Float32Array<ArrayBuffer> {
  const d = vector.length;
  return Float32Array.from({ length: n }, (_, r) => {
    let sum = 0;
    for (let i = 0, at = r * d; i < d; i++) sum += rows[at + i] * vector[i];
    return sum;
  });
}
