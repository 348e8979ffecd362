/**
 * The big products of PCA and ICA: all that takes long. Whoever computes them agrees with `createPlainProducts`, which sums
 * in float64; others may sum in fp32, since rows come centred.
 */

/** Rows that one call is given should not take longer than this many multiply-adds: some tens of milliseconds. */
const PLAIN_CALL = 5e7;

/** What an iteration of FastICA wants of rows z: with y = z·Wᵀ, sums over the rows. */
interface ContrastSums {
  /** Σ tanh(y)ᵀ·z. [c, c] */
  product: Float64Array;
  /** Σ 1 − tanh²(y). [c] */
  slope: Float64Array;
}

/** Rows that are kept where the products are made. */
export interface HeldRows {
  /** @param w [c, c] */
  contrast(w: Float64Array): Promise<ContrastSums>;
  release(): void;
}

export interface Products {
  /** For the record: what computed. */
  readonly name: string;
  /** Multiply-adds of a call that lets messages in soon enough. */
  readonly callSize: number;
  /** Square matrices up to this size are sooner decomposed than multiplied fifty times. */
  readonly decomposed: number;
  /** Xᵀ·X. @param x [n, d], centred @returns [d, d] */
  gram(x: Float64Array, d: number): Promise<Float64Array>;
  /** X·Wᵀ. @param x [n, d] @param w [m, d] @returns [n, m] */
  project(x: Float64Array, w: Float64Array, d: number): Promise<ArrayLike<number>>;
  /** @param z [n, c], white */
  hold(z: Float64Array, c: number): HeldRows;
  release(): void;
}

/** Rows of a call that makes `perRow` multiply-adds for each. */
export function rowsOfACall({ callSize }: Pick<Products, 'callSize'>, perRow: number): number {
  return Math.max(16, Math.min(8192, Math.floor(callSize / perRow)));
}

export function createPlainProducts(): Products {
  return {
    name: 'typescript',
    callSize: PLAIN_CALL,
    decomposed: 1024,
    gram: async (x, d) => {
      const turned = transpose(x, x.length / d, d);
      return dots(turned, turned, x.length / d);
    },
    project: async (x, w, d) => dots(x, w, d),
    hold: (z, c) => ({ contrast: async (w) => contrast(z, w, c), release: () => {} }),
    release: () => {},
  };
}

function contrast(z: Float64Array, w: Float64Array, c: number): ContrastSums {
  const n = z.length / c;
  // [c, n], so that the sums over rows run along memory.
  const y = dots(w, z, c);
  const slope = new Float64Array(c);
  for (let i = 0; i < c; i++) {
    let sum = 0;
    for (let r = i * n; r < (i + 1) * n; r++) {
      const g = Math.tanh(y[r]);
      y[r] = g;
      sum += 1 - g * g;
    }
    slope[i] = sum;
  }
  return { product: dots(y, transpose(z, n, c), n), slope };
}

/** [columns, rows] of a [rows, columns]. */
export function transpose(x: Float64Array, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) for (let i = 0; i < columns; i++) turned[i * rows + r] = x[r * columns + i];
  return turned;
}

/**
 * A·Bᵀ in tiles of 2×4, whose eight sums stay in registers.
 * @param a [p, k]
 * @param b [q, k]
 * @returns [p, q]
 */
export function dots(a: Float64Array, b: Float64Array, k: number): Float64Array {
  const p = a.length / k;
  const q = b.length / k;
  const out = new Float64Array(p * q);
  for (let j = 0; j < q; j += 4) {
    for (let i = 0; i < p; i += 2) {
      if (i + 2 <= p && j + 4 <= q) tile(a, i * k, b, j * k, k, out, i * q + j, q);
      else edge(a, b, k, { i, j, p, q }, out);
    }
  }
  return out;
}

function edge(a: Float64Array, b: Float64Array, k: number, at: { i: number; j: number; p: number; q: number }, out: Float64Array): void {
  for (let i = at.i; i < Math.min(at.p, at.i + 2); i++) {
    for (let j = at.j; j < Math.min(at.q, at.j + 4); j++) {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += a[i * k + t] * b[j * k + t];
      out[i * at.q + j] = sum;
    }
  }
}

function tile(a: Float64Array, a0: number, b: Float64Array, b0: number, k: number, out: Float64Array, at: number, stride: number): void {
  const a1 = a0 + k;
  const b1 = b0 + k;
  const b2 = b1 + k;
  const b3 = b2 + k;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let t0 = 0;
  let t1 = 0;
  let t2 = 0;
  let t3 = 0;
  for (let t = 0; t < k; t++) {
    const u = a[a0 + t];
    const v = a[a1 + t];
    const w0 = b[b0 + t];
    const w1 = b[b1 + t];
    const w2 = b[b2 + t];
    const w3 = b[b3 + t];
    s0 += u * w0;
    s1 += u * w1;
    s2 += u * w2;
    s3 += u * w3;
    t0 += v * w0;
    t1 += v * w1;
    t2 += v * w2;
    t3 += v * w3;
  }
  out[at] = s0;
  out[at + 1] = s1;
  out[at + 2] = s2;
  out[at + 3] = s3;
  out[at + stride] = t0;
  out[at + stride + 1] = t1;
  out[at + stride + 2] = t2;
  out[at + stride + 3] = t3;
}
