/**
 * Encoder and decoder of sparse dictionaries in AssemblyScript: fp32, four lanes at a time. Built twice, with relaxed
 * SIMD (fused multiply-add) and plain. Nothing is allocated here: every address comes from TypeScript (../arena.ts).
 */

/** Rows of a tile; its numbers of one dimension lie side by side. Latents of a group: two vectors of four. */
const TILE_ROWS: i32 = 4;
const GROUP_LATENTS: i32 = 8;
const GROUP_BYTES: usize = 32;
/** gain[8], bias[8], threshold[8], gate[8] of a group. */
const RULE_BYTES: usize = 4 * GROUP_BYTES;
/** row, latent, value. */
const ENTRY_BYTES: usize = 12;

/** a·b + c */
function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Lanes where p = q·gain + bias passes both the latent's threshold and the row's bound, and q + gate is above 0. */
function passes(q: v128, p: v128, rule: usize, bound: v128): i32 {
  const isHigh = f32x4.gt(p, f32x4.max(v128.load(rule, 2 * GROUP_BYTES), bound));
  const isOpen = f32x4.gt(f32x4.add(q, v128.load(rule, 3 * GROUP_BYTES)), f32x4.splat(0));
  return i32x4.bitmask(v128.and(isHigh, isOpen));
}

/** Writes the active latents of one row and one group, rising. */
function emit(row: i32, latent: i32, q0: v128, q1: v128, rule: usize, bounds: usize, scratch: usize, entry: usize): usize {
  const p0 = fma(q0, v128.load(rule), v128.load(rule, GROUP_BYTES));
  const p1 = fma(q1, v128.load(rule, 16), v128.load(rule, GROUP_BYTES + 16));
  const bound = v128.load32_splat(bounds + ((<usize>row) << 2));
  let active = passes(q0, p0, rule, bound) | (passes(q1, p1, rule + 16, bound) << 4);
  if (active == 0) return entry;
  v128.store(scratch, p0);
  v128.store(scratch, p1, 16);
  while (active != 0) {
    const lane = ctz(active);
    active &= active - 1;
    store<i32>(entry, row);
    store<i32>(entry, latent + lane, 4);
    store<f32>(entry, load<f32>(scratch + ((<usize>lane) << 2)), 8);
    entry += ENTRY_BYTES;
  }
  return entry;
}

/**
 * q = C·W for some groups of latents and the activation rule at once: only what is active is written.
 * @param rows [tiles][d][4]
 * @param weights [groups][d][8]
 * @param rules [groups] of RULE_BYTES
 * @param bounds [4·tiles], a row's lowest value still of interest (exclusive)
 * @param firstLatent number of the first latent of the first group
 * @param entries room for 4·tiles·8·groups entries
 * @param scratch 32 bytes
 * @returns entries written; those of one row rise by latent
 */
export function encodeGroups(
  rows: usize,
  tiles: i32,
  d: i32,
  weights: usize,
  rules: usize,
  groups: i32,
  bounds: usize,
  firstLatent: i32,
  entries: usize,
  scratch: usize,
): i32 {
  let entry = entries;
  for (let g = 0; g < groups; g++) {
    const first = weights + <usize>g * d * GROUP_BYTES;
    const end = first + <usize>d * GROUP_BYTES;
    const rule = rules + <usize>g * RULE_BYTES;
    const latent = firstLatent + g * GROUP_LATENTS;
    let x = rows;
    for (let row = 0; row < tiles * TILE_ROWS; row += TILE_ROWS) {
      let a0 = f32x4.splat(0);
      let a1 = f32x4.splat(0);
      let b0 = f32x4.splat(0);
      let b1 = f32x4.splat(0);
      let c0 = f32x4.splat(0);
      let c1 = f32x4.splat(0);
      let d0 = f32x4.splat(0);
      let d1 = f32x4.splat(0);
      for (let w = first; w < end; w += GROUP_BYTES) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const xa = v128.load32_splat(x);
        a0 = fma(xa, w0, a0);
        a1 = fma(xa, w1, a1);
        const xb = v128.load32_splat(x, 4);
        b0 = fma(xb, w0, b0);
        b1 = fma(xb, w1, b1);
        const xc = v128.load32_splat(x, 8);
        c0 = fma(xc, w0, c0);
        c1 = fma(xc, w1, c1);
        const xd = v128.load32_splat(x, 12);
        d0 = fma(xd, w0, d0);
        d1 = fma(xd, w1, d1);
        x += 16;
      }
      entry = emit(row, latent, a0, a1, rule, bounds, scratch, entry);
      entry = emit(row + 1, latent, b0, b1, rule, bounds, scratch, entry);
      entry = emit(row + 2, latent, c0, c1, rule, bounds, scratch, entry);
      entry = emit(row + 3, latent, d0, d1, rule, bounds, scratch, entry);
    }
  }
  return <i32>((entry - entries) / ENTRY_BYTES);
}

/**
 * Adds value·direction of some entries to one row.
 * @param sum [width], a multiple of 4 numbers
 * @param slots [count], which of the staged directions
 * @param values [count]
 * @param staged directions, each [width]
 */
export function addDirections(sum: usize, width: i32, slots: usize, values: usize, count: i32, staged: usize): void {
  const bytes = (<usize>width) << 2;
  for (let e: usize = 0; e < (<usize>count) << 2; e += 4) {
    const value = v128.load32_splat(values + e);
    const direction = staged + <usize>load<u32>(slots + e) * bytes;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(sum + i, fma(value, v128.load(direction + i), v128.load(sum + i)));
  }
}
