/** Which latents resemble one: by direction, and by firing on the same tokens. */
import { topK } from '../lm/statistics.ts';
import type { Dictionary } from '../sae/dictionary.ts';
import type { Latents } from '../sae/latents.ts';
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

/** What of one latent's values is needed to correlate them with others'. */
interface OwnSums {
  count: number;
  sum: number;
  squares: number;
}

/**
 * What fires together with one latent, counted over tokens: sums over all of each other alone, and over those where the
 * one fires of each with it. What does not fire counts as 0.
 */
export class TogetherCounts {
  #tokens = 0;
  readonly #own: OwnSums = { count: 0, sum: 0, squares: 0 };
  /** Of each other: tokens it fires on, sum of its values, and of their squares. [d_sae] */
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** With the one: tokens both fire on, and sum of the products. [d_sae] */
  readonly #both: Float64Array;
  readonly #products: Float64Array;

  /** @param d_sae of the dictionary of the others */
  constructor(d_sae: number) {
    this.#counts = new Float64Array(d_sae);
    this.#sums = new Float64Array(d_sae);
    this.#squares = new Float64Array(d_sae);
    this.#both = new Float64Array(d_sae);
    this.#products = new Float64Array(d_sae);
  }

  /** @param own the one latent's values. [n]. @param codes of the others, on the same n tokens */
  add(own: Float32Array, codes: Latents): void {
    this.#tokens += own.length;
    for (let r = 0; r < own.length; r++) {
      if (own[r] !== 0) this.#own.count++;
      this.#own.sum += own[r];
      this.#own.squares += own[r] * own[r];
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

  /** By Jaccard index, then correlation; those that never fire together are left out, and one that is named. */
  finish(k: number, without: number): { latent: number; jaccard: number; correlation: number }[] {
    const found = [];
    for (let j = 0; j < this.#both.length; j++) {
      if (j !== without && this.#both[j] > 0) found.push({ latent: j, jaccard: this.#jaccard(j), correlation: this.#correlation(j) });
    }
    found.sort((a, b) => b.jaccard - a.jaccard || b.correlation - a.correlation || a.latent - b.latent);
    return found.slice(0, k);
  }

  /**
   * Whose values go with the one's most, by Pearson correlation; of equal ones the first.
   * @param bySize whether −1 is as good as 1: of directions whose sign means nothing
   */
  mostAlike(bySize: boolean): { latent: number; correlation: number } {
    let best = { latent: 0, correlation: this.#correlation(0) };
    const rank = (correlation: number) => (bySize ? Math.abs(correlation) : correlation);
    for (let j = 1; j < this.#both.length; j++) {
      const correlation = this.#correlation(j);
      if (rank(correlation) > rank(best.correlation)) best = { latent: j, correlation };
    }
    return best;
  }

  /** Tokens both fire on / tokens either does. */
  #jaccard(j: number): number {
    return this.#both[j] / (this.#own.count + this.#counts[j] - this.#both[j]);
  }

  /** Pearson's, over all tokens; 0 where one never changes. */
  #correlation(j: number): number {
    const n = this.#tokens;
    const { sum, squares } = this.#own;
    const covariance = n * this.#products[j] - sum * this.#sums[j];
    const spread = (n * squares - sum * sum) * (n * this.#squares[j] - this.#sums[j] * this.#sums[j]);
    return spread > 0 ? Math.min(1, Math.max(-1, covariance / Math.sqrt(spread))) : 0;
  }
}
