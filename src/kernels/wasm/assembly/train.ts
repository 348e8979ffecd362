/**
 * What a training step does beside the encoder product (./sae.ts, exported again here so that both share a memory):
 * everything touches active latents only. fp32, four lanes; sums that run over many rows are kept in f64. `width` is
 * a row's length in numbers, a multiple of 4; rows are padded with zeros.
 */
export { encodeGroups } from './sae';

const TILE_ROWS: i32 = 4;
const GROUP_LATENTS: i32 = 8;
const ENTRY_BYTES: usize = 12;

/** a·b + c */
function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

function sumLanes(a: v128): f32 {
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

function dotRows(a: usize, b: usize, bytes: usize): f32 {
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

/** out[r] = max(‖row r‖, least). */
export function rowNorms(matrix: usize, rows: i32, width: i32, least: f32, out: usize): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const row = matrix + <usize>r * bytes;
    store<f32>(out + ((<usize>r) << 2), max<f32>(f32(Math.sqrt(<f64>dotRows(row, row, bytes))), least));
  }
}

/** [rows, width] as [rows / 4][width][4]; rows is a multiple of 4. */
export function packTiles(x: usize, rows: i32, width: i32, out: usize): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r += TILE_ROWS) {
    const first = x + <usize>r * bytes;
    for (let i: usize = 0; i < bytes; i += 4) {
      store<f32>(out, load<f32>(first + i));
      store<f32>(out, load<f32>(first + bytes + i), 4);
      store<f32>(out, load<f32>(first + 2 * bytes + i), 8);
      store<f32>(out, load<f32>(first + 3 * bytes + i), 12);
      out += 16;
    }
  }
}

/** [latents, width] as [latents / 8][width][8], each row divided by its number of `norms`. */
export function packGroups(matrix: usize, groups: i32, width: i32, norms: usize, out: usize): void {
  const bytes = (<usize>width) << 2;
  for (let g = 0; g < groups; g++) {
    for (let lane = 0; lane < GROUP_LATENTS; lane++) {
      const latent = <usize>(g * GROUP_LATENTS + lane);
      const inverse = <f32>1 / load<f32>(norms + (latent << 2));
      const row = matrix + latent * bytes;
      let to = out + ((<usize>lane) << 2);
      for (let i: usize = 0; i < bytes; i += 4) {
        store<f32>(to, load<f32>(row + i) * inverse);
        to += 32;
      }
    }
    out += 8 * bytes;
  }
}

/** error[row] += value / norm of the latent · its decoder row, for every entry. */
export function scatter(entries: usize, count: i32, decoder: usize, width: i32, norms: usize, error: usize): void {
  const bytes = (<usize>width) << 2;
  const end = entries + <usize>count * ENTRY_BYTES;
  for (let entry = entries; entry < end; entry += ENTRY_BYTES) {
    const latent = <usize>load<i32>(entry, 4);
    const f = f32x4.splat(load<f32>(entry, 8) / load<f32>(norms + (latent << 2)));
    const target = error + <usize>load<i32>(entry) * bytes;
    const row = decoder + latent * bytes;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(target + i, fma(f, v128.load(row + i), v128.load(target + i)));
  }
}

/** Σ of squares of `count` numbers, a multiple of 4. */
export function sumSquares(values: usize, count: i32): f64 {
  const end = values + ((<usize>count) << 2);
  let sum = f64x2.splat(0);
  for (let at = values; at < end; at += 16) {
    const v = v128.load(at);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** out[width] += Σ rows of a matrix, each times its number of `factors` (times 1 when that is 0) times `scale`. */
export function addRows(matrix: usize, rows: i32, width: i32, factors: usize, scale: f32, out: usize): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const factor = f32x4.splat(factors == 0 ? scale : scale * load<f32>(factors + ((<usize>r) << 2)));
    const row = matrix + <usize>r * bytes;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, fma(factor, v128.load(row + i), v128.load(out + i)));
  }
}

/**
 * What active latents add to the gradients. With ŵ the decoder row divided by its norm:
 *   df = errorScale · ŵ·error + penalty[latent];  gDecoder += errorScale · f · error;  gEncoder += df · x
 * One matrix for both (the tied form) when the two addresses are the same.
 * @param fired times each latent was active, added to
 * @param sums Σ f of each latent, added to
 */
export function gradients(
  entries: usize,
  count: i32,
  decoder: usize,
  width: i32,
  norms: usize,
  error: usize,
  x: usize,
  errorScale: f32,
  penalty: usize,
  gDecoder: usize,
  gEncoder: usize,
  gBias: usize,
  fired: usize,
  sums: usize,
): void {
  const bytes = (<usize>width) << 2;
  const end = entries + <usize>count * ENTRY_BYTES;
  for (let entry = entries; entry < end; entry += ENTRY_BYTES) {
    const row = <usize>load<i32>(entry) * bytes;
    const latent = <usize>load<i32>(entry, 4);
    const f = load<f32>(entry, 8);
    const word = latent << 2;
    const place = latent * bytes;
    const along = dotRows(decoder + place, error + row, bytes) / load<f32>(norms + word);
    const df = errorScale * along + load<f32>(penalty + word);
    const byError = f32x4.splat(errorScale * f);
    const byInput = f32x4.splat(df);
    store<f32>(gBias + word, load<f32>(gBias + word) + df);
    store<f32>(sums + word, load<f32>(sums + word) + f);
    store<i32>(fired + word, load<i32>(fired + word) + 1);
    if (gDecoder == gEncoder) {
      const g = gDecoder + place;
      for (let i: usize = 0; i < bytes; i += 16) {
        v128.store(g + i, fma(byError, v128.load(error + row + i), fma(byInput, v128.load(x + row + i), v128.load(g + i))));
      }
    } else {
      const d = gDecoder + place;
      const e = gEncoder + place;
      for (let i: usize = 0; i < bytes; i += 16) {
        v128.store(d + i, fma(byError, v128.load(error + row + i), v128.load(d + i)));
        v128.store(e + i, fma(byInput, v128.load(x + row + i), v128.load(e + i)));
      }
    }
  }
}

/** Gradients of unit rows become those of the raw rows: (g − (g·ŵ) ŵ) / norm; at the clamp, g / norm. */
export function throughNorms(matrix: usize, g: usize, rows: i32, width: i32, norms: usize, least: f32): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const norm = load<f32>(norms + ((<usize>r) << 2));
    const w = matrix + <usize>r * bytes;
    const target = g + <usize>r * bytes;
    const inverse = f32x4.splat(<f32>1 / norm);
    const along = norm > least ? dotRows(target, w, bytes) / (norm * norm) : <f32>0;
    const back = f32x4.splat(-along);
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(target + i, f32x4.mul(inverse, fma(back, v128.load(w + i), v128.load(target + i))));
    }
  }
}

/**
 * Adam in place (../../../core/train/adam.ts); `count` is a multiple of 4, `stepSize` lr / (1 − β₁ᵗ), `root` √(1 − β₂ᵗ),
 * `scale` the clip's factor on the gradient.
 */
export function adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  stepSize: f32,
  root: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  scale: f32,
): void {
  const bytes = (<usize>count) << 2;
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(<f32>1 - beta1);
  const c2 = f32x4.splat(<f32>1 - beta2);
  const step = f32x4.splat(stepSize);
  const inverse = f32x4.splat(<f32>1 / root);
  const small = f32x4.splat(eps);
  const factor = f32x4.splat(scale);
  for (let i: usize = 0; i < bytes; i += 16) {
    const grad = f32x4.mul(factor, v128.load(g + i));
    const mean = fma(c1, grad, f32x4.mul(b1, v128.load(m + i)));
    const square = fma(f32x4.mul(c2, grad), grad, f32x4.mul(b2, v128.load(v + i)));
    v128.store(m + i, mean);
    v128.store(v + i, square);
    const change = f32x4.div(f32x4.mul(step, mean), fma(f32x4.sqrt(square), inverse, small));
    v128.store(p + i, f32x4.sub(v128.load(p + i), change));
  }
}
