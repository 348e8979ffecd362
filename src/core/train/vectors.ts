/** Loops over rows of flat matrices, sums in float64. */
import type { Numbers } from './types.ts';

/** Σ a[i]·b[j] over `count` numbers from each place. */
export function dot(a: Numbers, from: number, b: Numbers, at: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[from + i] * b[at + i];
  return sum;
}

/** target += factor · source over `count` numbers. */
export function addScaled(target: Numbers, at: number, source: Numbers, from: number, factor: number, count: number): void {
  for (let i = 0; i < count; i++) target[at + i] += factor * source[from + i];
}

/** ‖row‖ of each row of [rows, width]. */
export function rowNorms(matrix: Numbers, rows: number, width: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => Math.sqrt(dot(matrix, r * width, matrix, r * width, width)));
}

/** The `k` largest positive values, by rising index; of equals the lower index stays. */
export function largest(values: Numbers, k: number, among?: (index: number) => boolean): number[] {
  const candidates: number[] = [];
  for (let j = 0; j < values.length; j++) if (values[j] > 0 && (!among || among(j))) candidates.push(j);
  candidates.sort((a, b) => values[b] - values[a] || a - b);
  return candidates.slice(0, k).sort((a, b) => a - b);
}
