/**
 * The plain encoder: one row at a time in float64. It is the specification; every other engine must
 * agree with it.
 */
import { activateRow, createTopkHeap } from './activation.ts';
import type { Dictionary } from './dictionary.ts';
import { LatentsBuilder, type Latents } from './latents.ts';
import { getPlan, type Plan } from './plan.ts';
import { countRows, createPerRow, prepareRow } from './rows.ts';

/**
 * Latents of raw rows. Holds one dense row [d_sae] at a time.
 * @param x [n, d_in], raw rows of the dictionary's hook
 * @returns active latents, in the dictionary's own units
 * @throws UsageError when x is not a whole number of rows or holds NaN or infinity
 */
export function encode(dictionary: Dictionary, x: Float32Array): Latents {
  const { config } = dictionary;
  const plan = getPlan(dictionary);
  const n = countRows(dictionary, x);
  const perRow = createPerRow(config, n);
  const out = new LatentsBuilder(n);
  const heap = createTopkHeap(plan);
  const c = new Float64Array(config.d_in);
  const q = new Float64Array(config.d_sae);
  for (let row = 0; row < n; row++) {
    prepareRow(config, plan, x, row, c, perRow);
    multiplyRow(plan, c, q);
    activateRow(plan, q, 0, heap, out);
  }
  return out.finish(config.d_sae, perRow);
}

/**
 * q = c·W.
 * @param c [d_in]
 * @param q [d_sae], written
 */
export function multiplyRow({ weights, byRows }: Plan, c: Float64Array, q: Float64Array): void {
  const d = c.length;
  const n = q.length;
  if (byRows) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < d; i++) sum += c[i] * weights[j * d + i];
      q[j] = sum;
    }
    return;
  }
  q.fill(0);
  for (let i = 0; i < d; i++) for (let j = 0; j < n; j++) q[j] += c[i] * weights[i * n + j];
}
