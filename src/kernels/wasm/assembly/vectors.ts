/** Rows of numbers, four lanes at a time. `bytes` is a row's length, a multiple of 16. */

/** a·b + c */
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

function sumLanes(a: v128): f32 {
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

export function dotRows(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    s0 = fma(v128.load(a + i), v128.load(b + i), s0);
    s1 = fma(v128.load(a + i, 16), v128.load(b + i, 16), s1);
  }
  if (i < bytes) s0 = fma(v128.load(a + i), v128.load(b + i), s0);
  return sumLanes(f32x4.add(s0, s1));
}

/** target += factor · row */
export function addRow(target: usize, factor: f32, row: usize, bytes: usize): void {
  const f = f32x4.splat(factor);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(target + i, fma(f, v128.load(row + i), v128.load(target + i)));
}

/** row *= factor */
export function scaleRow(row: usize, factor: f32, bytes: usize): void {
  const f = f32x4.splat(factor);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(row + i, f32x4.mul(f, v128.load(row + i)));
}

/** row −= other */
export function subtractRow(row: usize, other: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(row + i, f32x4.sub(v128.load(row + i), v128.load(other + i)));
}

function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
}

/** Σ of squares, in f64. */
export function sumSquares(values: usize, bytes: usize): f64 {
  let sum = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(values + i);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(upper(v));
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** f64 sum[width] += row */
export function addColumns(sum: usize, row: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(row + i);
    const at = sum + 2 * i;
    v128.store(at, f64x2.add(v128.load(at), f64x2.promote_low_f32x4(v)));
    v128.store(at, f64x2.add(v128.load(at, 16), f64x2.promote_low_f32x4(upper(v))), 16);
  }
}

/** Σ (row − mean)², mean f64. */
export function sumDeviations(row: usize, mean: usize, bytes: usize): f64 {
  let sum = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(row + i);
    const low = f64x2.sub(f64x2.promote_low_f32x4(v), v128.load(mean + 2 * i));
    const high = f64x2.sub(f64x2.promote_low_f32x4(upper(v)), v128.load(mean + 2 * i, 16));
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
