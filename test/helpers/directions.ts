/** Rows to fit directions on, and what found directions are compared by. */
import { createRandom } from '../../src/core/array/random.ts';

/** As test/python/pca_golden.py makes them. [rows, width] */
export function madeRows({ rows, width, seed }: { rows: number; width: number; seed: number }): Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const mixing = Float64Array.from({ length: width * width }, (_, at) => {
    const [i, j] = [Math.floor(at / width), at % width];
    return (Math.cos(0.37 * i * j + 0.1 * i) + (i === j ? 2 : 0)) * 0.85 ** i;
  });
  const x = new Float32Array(rows * width);
  const drawn = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < width; i++) drawn[i] = next() + next() + next() - 1.5;
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += drawn[i] * mixing[i * width + j];
      x[r * width + j] = sum + 5 + j;
    }
  }
  return x;
}

/** Sources that are not Gaussian, one a column, of variance near 1. [rows, 5] */
export function madeSources(rows: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const laplace = () => (random() < 0.5 ? -1 : 1) * Math.log(1 - random()) * Math.SQRT1_2;
  const kinds = [
    laplace,
    () => (random() - 0.5) * Math.sqrt(12),
    (r: number) => Math.SQRT2 * Math.sin(0.7 * r),
    () => (random() < 0.5 ? -1 : 1),
    () => -Math.log(1 - random()) - 1,
  ];
  return Float64Array.from({ length: rows * 5 }, (_, at) => kinds[at % 5](Math.floor(at / 5)));
}

/** Sources mixed into wider rows, about a mean. [rows, width] */
export function mixSources(sources: Float64Array, width: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const mixing = Float64Array.from({ length: 5 * width }, () => 2 * random() - 1);
  const rows = sources.length / 5;
  return Float32Array.from({ length: rows * width }, (_, at) => {
    const [r, j] = [Math.floor(at / width), at % width];
    let sum = 3 * j;
    for (let s = 0; s < 5; s++) sum += sources[r * 5 + s] * mixing[s * width + j];
    return sum;
  });
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [inner, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    inner += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return inner / Math.sqrt(aa * bb);
}

/** |Pearson correlation| of columns. @param a [rows, p] @param b [rows, q] @returns of each column of b, the best of a */
export function bestCorrelations(a: ArrayLike<number>, p: number, b: ArrayLike<number>, q: number): number[] {
  const column = (x: ArrayLike<number>, width: number, c: number) => {
    const values = Float64Array.from({ length: x.length / width }, (_, r) => x[r * width + c]);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return values.map((v) => v - mean);
  };
  const columns = Array.from({ length: p }, (_, c) => column(a, p, c));
  return Array.from({ length: q }, (_, c) => Math.max(...columns.map((mine) => Math.abs(cosine(mine, column(b, q, c))))));
}
