/**
 * Mean and covariance of rows that come in batches, in float64 (Chan, Golub and LeVeque 1979): each batch about its own mean,
 * then put together, so that a large mean costs no digits.
 */
import type { Products } from './products.ts';

export class Moments {
  rows = 0;
  /** [d] */
  readonly mean: Float64Array;
  readonly d: number;
  /** Σ (x − mean)(x − mean)ᵀ. [d, d] */
  readonly #scatter: Float64Array;

  constructor(d: number) {
    this.d = d;
    this.mean = new Float64Array(d);
    this.#scatter = new Float64Array(d * d);
  }

  /** @param x [n, d] */
  async add(x: ArrayLike<number>, products: Products): Promise<void> {
    const { d, mean } = this;
    const n = x.length / d;
    if (n === 0) return;
    const own = meanOf(x, d);
    const scatter = await products.gram(centre(x, own), d);
    const before = this.rows;
    const all = before + n;
    const weight = (before * n) / all;
    const moved = own.map((m, i) => m - mean[i]);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) this.#scatter[i * d + j] += scatter[i * d + j] + weight * moved[i] * moved[j];
    }
    for (let i = 0; i < d; i++) mean[i] += (moved[i] * n) / all;
    this.rows = all;
  }

  /** Divided by the number of rows, as the paper's code does. [d, d] */
  covariance(): Float64Array {
    return this.#scatter.map((value) => value / this.rows);
  }
}

function meanOf(x: ArrayLike<number>, d: number): Float64Array {
  const mean = new Float64Array(d);
  const n = x.length / d;
  for (let at = 0, i = 0; at < x.length; at++) {
    mean[i] += x[at];
    if (++i === d) i = 0;
  }
  return mean.map((sum) => sum / n);
}

/** x − mean, in float64. @param x [n, d] */
export function centre(x: ArrayLike<number>, mean: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let at = 0, i = 0; at < x.length; at++) {
    out[at] = x[at] - mean[i];
    if (++i === mean.length) i = 0;
  }
  return out;
}
