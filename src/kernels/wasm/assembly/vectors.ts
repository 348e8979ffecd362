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

/** Σ of each of four vectors, as a vector. */
function sumFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(
    i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
  const cd = f32x4.add(
    i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
  return f32x4.add(
    i8x16.shuffle(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
    i8x16.shuffle(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31),
  );
}

/** w·a, w·b, w·c, w·d */
export function dotFour(w: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    const w0 = v128.load(w + i);
    a0 = fma(w0, v128.load(a + i), a0);
    b0 = fma(w0, v128.load(b + i), b0);
    c0 = fma(w0, v128.load(c + i), c0);
    d0 = fma(w0, v128.load(d + i), d0);
    const w1 = v128.load(w + i, 16);
    a1 = fma(w1, v128.load(a + i, 16), a1);
    b1 = fma(w1, v128.load(b + i, 16), b1);
    c1 = fma(w1, v128.load(c + i, 16), c1);
    d1 = fma(w1, v128.load(d + i, 16), d1);
  }
  if (i < bytes) {
    const w0 = v128.load(w + i);
    a0 = fma(w0, v128.load(a + i), a0);
    b0 = fma(w0, v128.load(b + i), b0);
    c0 = fma(w0, v128.load(c + i), c0);
    d0 = fma(w0, v128.load(d + i), d0);
  }
  return sumFour(f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1), f32x4.add(d0, d1));
}

/** target += Σ factor · row, of four. */
export function addFour(target: usize, fa: f32, a: usize, fb: f32, b: usize, fc: f32, c: usize, fd: f32, d: usize, bytes: usize): void {
  const va = f32x4.splat(fa);
  const vb = f32x4.splat(fb);
  const vc = f32x4.splat(fc);
  const vd = f32x4.splat(fd);
  for (let i: usize = 0; i < bytes; i += 16) {
    const ab = fma(vb, v128.load(b + i), fma(va, v128.load(a + i), v128.load(target + i)));
    v128.store(target + i, fma(vd, v128.load(d + i), fma(vc, v128.load(c + i), ab)));
  }
}

/** The same, the four (factor, address) lying at `four`. */
export function addFourRows(target: usize, four: usize, bytes: usize): void {
  const a = load<usize>(four, 4);
  const b = load<usize>(four, 12);
  const c = load<usize>(four, 20);
  const d = load<usize>(four, 28);
  addFour(target, load<f32>(four), a, load<f32>(four, 8), b, load<f32>(four, 16), c, load<f32>(four, 24), d, bytes);
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
