/** Which latents resemble one: by direction, and by firing on the same tokens. */
import { topK } from '../lm/statistics.ts';
import type { Dictionary } from '../sae/dictionary.ts';
import { columnOf, type Latents } from '../sae/latents.ts';
import { getPlan } from '../sae/plan.ts';

/** A latent beside another, and how near it is. */
interface Near {
  latent: number;
  value: number;
}

/** Cosine of each decoder row with a vector; 0 where either is 0. @param vector [d_out]. @returns [d_sae] */
export function decoderCosines(dictionary: Dictionary, vector: Float32Array): Float32Array<ArrayBuffer> {
  const { decoder, decoderGain } = getPlan(dictionary);
  const { d_sae, d_out } = dictionary.config;
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return Float32Array.from({ length: d_sae }, (_, j) => {
    let dot = 0;
    let square = 0;
    for (let i = 0, at = j * d_out; i < d_out; i++) {
      dot += decoder[at + i] * vector[i];
      square += decoder[at + i] * decoder[at + i];
    }
    const size = Math.sqrt(square) * norm;
    return size > 0 ? (Math.sign(decoderGain?.[j] ?? 1) * dot) / size : 0;
  });
}

/** The k largest, best first. @param without an index that is left out */
export function nearest(values: Float32Array, k: number, without?: number): Near[] {
  const more = without === undefined ? k : k + 1;
  return topK(values, more, values.length)
    .filter((latent) => latent !== without)
    .slice(0, k)
    .map((latent) => ({ latent, value: values[latent] }));
}

/**
 * What fires together with one latent, counted over tokens: sums over all of each latent alone, and over those where the
 * one fires of each with it. What does not fire counts as 0.
 */
export class TogetherCounts {
  readonly #latent: number;
  #tokens = 0;
  /** Of each latent: tokens it fires on, sum of its values, and of their squares. [d_sae] */
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** With the latent: tokens both fire on, and sum of the products. [d_sae] */
  readonly #both: Float64Array;
  readonly #products: Float64Array;

  constructor(d_sae: number, latent: number) {
    this.#latent = latent;
    this.#counts = new Float64Array(d_sae);
    this.#sums = new Float64Array(d_sae);
    this.#squares = new Float64Array(d_sae);
    this.#both = new Float64Array(d_sae);
    this.#products = new Float64Array(d_sae);
  }

  add(codes: Latents): void {
    const own = columnOf(codes, this.#latent);
    this.#tokens += own.length;
    for (let r = 0; r < own.length; r++) {
      for (let e = codes.rows[r]; e < codes.rows[r + 1]; e++) {
        const value = codes.values[e];
        const j = codes.latents[e];
        if (value === 0) continue;
        this.#counts[j]++;
        this.#sums[j] += value;
        this.#squares[j] += value * value;
        if (own[r] === 0) continue;
        this.#both[j]++;
        this.#products[j] += value * own[r];
      }
    }
  }

  /** By Jaccard index, then correlation; those that never fire together are left out. */
  finish(k: number): { latent: number; jaccard: number; correlation: number }[] {
    const found = [];
    for (let j = 0; j < this.#both.length; j++) {
      if (j !== this.#latent && this.#both[j] > 0) found.push({ latent: j, jaccard: this.#jaccard(j), correlation: this.#correlation(j) });
    }
    found.sort((a, b) => b.jaccard - a.jaccard || b.correlation - a.correlation || a.latent - b.latent);
    return found.slice(0, k);
  }

  /** Tokens both fire on / tokens either does. */
  #jaccard(j: number): number {
    return this.#both[j] / (this.#counts[this.#latent] + this.#counts[j] - this.#both[j]);
  }

  /** Pearson's, over all tokens; 0 where one never changes. */
  #correlation(j: number): number {
    const n = this.#tokens;
    const i = this.#latent;
    const covariance = n * this.#products[j] - this.#sums[i] * this.#sums[j];
    const spread = (l: number) => n * this.#squares[l] - this.#sums[l] * this.#sums[l];
    const scale = Math.sqrt(Math.max(0, spread(i)) * Math.max(0, spread(j)));
    return scale > 0 ? Math.min(1, Math.max(-1, covariance / scale)) : 0;
  }
}
