/**
 * The fast plain encoder: packed panels and a 4×2 register tile, in the manner of Goto's GEMM. V8
 * does not vectorise, and rounding every step to fp32 costs more than it saves (measured in Node 20:
 * 3.5 GFLOP/s with float64 panels against 1.7 with Math.fround), so sums are float64 here too and
 * differ from the twin in order only.
 */
import { activateRow, createTopkHeap } from './activation.ts';
import type { Dictionary } from './dictionary.ts';
import { multiplyRow } from './encode.ts';
import { LatentsBuilder, type Latents } from './latents.ts';
import { getPlan, type Plan } from './plan.ts';
import { countRows, createPerRow, prepareRow } from './rows.ts';

/** Most numbers of a dense [rows, d_sae] block, unless TILE_ROWS rows alone are more (4 MB, or 4 rows). */
export const BLOCK_VALUES = 2 ** 20;

const TILE_ROWS = 4;
const TILE_LATENTS = 2;

/** Latents packed at a time: 64 columns of 256 float64 are 128 KB, which stay in the second-level cache. */
const PANEL_LATENTS = 64;

/** Below this many rows packing costs more than it gives. */
const FEWEST_ROWS = 3;

/**
 * As `encode`, several times faster for more than a few rows.
 * @param x [n, d_in], raw rows of the dictionary's hook
 * @throws UsageError when x is not a whole number of rows or holds NaN or infinity
 */
export function encodeBlocked(dictionary: Dictionary, x: Float32Array): Latents {
  const { config } = dictionary;
  const { d_in, d_sae } = config;
  const plan = getPlan(dictionary);
  const n = countRows(dictionary, x);
  const perRow = createPerRow(config, n);
  const out = new LatentsBuilder(n);
  const heap = createTopkHeap(plan);
  const blockRows = chooseBlockRows(n, d_sae);
  const prepared = new Float64Array(blockRows * d_in);
  const q = new Float32Array(blockRows * d_sae);
  const row64 = new Float64Array(n < FEWEST_ROWS ? d_sae : 0);
  for (let first = 0; first < n; first += blockRows) {
    const count = Math.min(blockRows, n - first);
    for (let r = 0; r < count; r++) prepareRow(config, plan, x, first + r, prepared.subarray(r * d_in, (r + 1) * d_in), perRow);
    if (n >= FEWEST_ROWS) multiplyBlock(plan, prepared, count, d_in, d_sae, q);
    for (let r = 0; r < count; r++) {
      if (n < FEWEST_ROWS) multiplyRow(plan, prepared.subarray(r * d_in, (r + 1) * d_in), row64);
      activateRow(plan, n < FEWEST_ROWS ? row64 : q, n < FEWEST_ROWS ? 0 : r * d_sae, heap, out);
    }
  }
  return out.finish(d_sae, perRow);
}

function chooseBlockRows(n: number, d_sae: number): number {
  const fit = Math.floor(BLOCK_VALUES / d_sae / TILE_ROWS) * TILE_ROWS;
  return Math.min(Math.max(TILE_ROWS, fit), Math.max(1, Math.ceil(n / TILE_ROWS)) * TILE_ROWS);
}

/**
 * q = C·W.
 * @param c [rows, d_in] with room for a multiple of TILE_ROWS rows
 * @param q the same rows of [d_sae], written
 */
function multiplyBlock(plan: Plan, c: Float64Array, rows: number, d_in: number, d_sae: number, q: Float32Array): void {
  const tiles = Math.ceil(rows / TILE_ROWS);
  const packedRows = packRows(c, tiles, d_in);
  const panel = new Float64Array(PANEL_LATENTS * d_in);
  for (let j0 = 0; j0 < d_sae; j0 += PANEL_LATENTS) {
    const latents = Math.min(PANEL_LATENTS, d_sae - j0);
    packPanel(plan, j0, latents, d_in, d_sae, panel);
    for (let tile = 0; tile < tiles; tile++) {
      for (let j = 0; j < latents; j += TILE_LATENTS) {
        multiplyTile(
          packedRows,
          tile * TILE_ROWS * d_in,
          panel,
          j * d_in,
          d_in,
          q,
          tile * TILE_ROWS * d_sae + j0 + j,
          d_sae,
          j + 1 < latents,
        );
      }
    }
  }
}

/** Groups of four rows, the four numbers of a dimension side by side. */
function packRows(c: Float64Array, tiles: number, d_in: number): Float64Array {
  const packed = new Float64Array(tiles * TILE_ROWS * d_in);
  for (let tile = 0; tile < tiles; tile++) {
    const base = tile * TILE_ROWS * d_in;
    for (let r = 0; r < TILE_ROWS; r++) for (let i = 0; i < d_in; i++) packed[base + i * TILE_ROWS + r] = c[base + r * d_in + i];
  }
  return packed;
}

/** Pairs of latents, the two weights of a dimension side by side; a missing second one is 0. */
function packPanel({ weights, byRows }: Plan, j0: number, latents: number, d_in: number, d_sae: number, panel: Float64Array): void {
  const [perDimension, perLatent] = byRows ? [1, d_in] : [d_sae, 1];
  for (let j = 0; j < latents; j += TILE_LATENTS) {
    const from = (j0 + j) * perLatent;
    const second = j + 1 < latents ? perLatent : -1;
    const to = j * d_in;
    for (let i = 0; i < d_in; i++) {
      const at = from + i * perDimension;
      panel[to + 2 * i] = weights[at];
      panel[to + 2 * i + 1] = second < 0 ? 0 : weights[at + second];
    }
  }
}

/** Four rows by two latents; eight sums stay in registers. */
function multiplyTile(
  rows: Float64Array,
  rowAt: number,
  panel: Float64Array,
  panelAt: number,
  d_in: number,
  q: Float32Array,
  at: number,
  stride: number,
  hasSecond: boolean,
): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let r = rowAt, w = panelAt; r < rowAt + TILE_ROWS * d_in; r += TILE_ROWS, w += TILE_LATENTS) {
    const w0 = panel[w];
    const w1 = panel[w + 1];
    const x0 = rows[r];
    const x1 = rows[r + 1];
    const x2 = rows[r + 2];
    const x3 = rows[r + 3];
    a0 += x0 * w0;
    a1 += x1 * w0;
    a2 += x2 * w0;
    a3 += x3 * w0;
    b0 += x0 * w1;
    b1 += x1 * w1;
    b2 += x2 * w1;
    b3 += x3 * w1;
  }
  q[at] = a0;
  q[at + stride] = a1;
  q[at + 2 * stride] = a2;
  q[at + 3 * stride] = a3;
  if (!hasSecond) return;
  q[at + 1] = b0;
  q[at + stride + 1] = b1;
  q[at + 2 * stride + 1] = b2;
  q[at + 3 * stride + 1] = b3;
}
