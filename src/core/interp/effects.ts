/**
 * What a change inside the model does to its predictions (Cunningham et al. 2023, section 5.2 and figure 4, right): at
 * each position with a next token Δ = log p(true next | clean) − log p(true next | changed), in nats, counted by that
 * token, without weights or means.
 */
import { createRandom, fillNormal } from '../array/random.ts';
import { expOf } from './exponential.ts';
import type { EffectFigures, Stack } from './types.ts';

const BINS = 10;
const COMMONEST = 9;
/** Latents of nearest density among which a control is drawn. */
const NEAREST_SHARE = 0.05;

/**
 * Positions where Δ is above `threshold` (`sign` 1) or below its negative (−1), in 10 equal bins of |Δ| from 0 to the
 * largest, by true next token: the 9 commonest among them, then all others.
 * @param deltas [positions]
 * @param next token ids [positions]
 */
export function stackOf(deltas: Float32Array, next: Uint32Array, sign: 1 | -1, threshold: number): Stack {
  const counts = new Map<number, number>();
  let largest = 0;
  const isDrawn = (p: number) => sign * deltas[p] > threshold;
  for (let p = 0; p < deltas.length; p++) {
    if (!isDrawn(p)) continue;
    largest = Math.max(largest, sign * deltas[p]);
    counts.set(next[p], (counts.get(next[p]) ?? 0) + 1);
  }
  if (counts.size === 0) return { edges: [], series: [] };
  const edges = Array.from({ length: BINS + 1 }, (_, i) => (largest * i) / BINS);
  const commonest = [...counts].sort(([a, m], [b, n]) => n - m || a - b).slice(0, COMMONEST);
  const series = [...commonest.map(([id]) => id), null].map((id) => ({ id, counts: new Array<number>(BINS).fill(0) }));
  const byToken = new Map(series.map((one) => [one.id, one.counts]));
  for (let p = 0; p < deltas.length; p++) {
    if (isDrawn(p)) (byToken.get(next[p]) ?? byToken.get(null)!)[binOf(sign * deltas[p], edges)]++;
  }
  return { edges, series };
}

/** The last bin takes its upper edge too. */
function binOf(value: number, edges: readonly number[]): number {
  let bin = 0;
  while (bin + 2 < edges.length && value >= edges[bin + 1]) bin++;
  return bin;
}

/** Probabilities of a row of logits. @param out [d_vocab], written. @returns ln Σ exp(logit) */
export function probabilities(logits: Float32Array, out: Float64Array): number {
  const top = largestOf(logits);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += out[i] = expOf(logits[i] - top);
  for (let i = 0; i < logits.length; i++) out[i] /= sum;
  return top + Math.log(sum);
}

/** A clean row of logits [d_vocab] with its probabilities and ln Σ exp. */
interface CleanRow {
  logits: Float32Array;
  p: Float64Array;
  logZ: number;
}

/**
 * KL(clean ‖ changed) in nats, as Σ p (l − l′) − (ln Z − ln Z′): one exponential an entry, and roundings of logits count in
 * second order only.
 */
export function compareRows({ logits, p, logZ }: CleanRow, changed: Float32Array): { kl: number; logZ: number } {
  const top = largestOf(changed);
  let sum = 0;
  let moved = 0;
  for (let i = 0; i < changed.length; i++) {
    sum += expOf(changed[i] - top);
    moved += p[i] * (logits[i] - changed[i]);
  }
  const changedZ = top + Math.log(sum);
  return { kl: Math.max(0, moved - (logZ - changedZ)), logZ: changedZ };
}

function largestOf(values: Float32Array): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > top) top = values[i];
  return top;
}

/** Sums of one change over all positions with a next token. */
export class EffectSums {
  readonly deltas: Float32Array;
  #delta = 0;
  #kl = 0;

  constructor(positions: number) {
    this.deltas = new Float32Array(positions);
  }

  add(position: number, delta: number, kl: number): void {
    this.deltas[position] = delta;
    this.#delta += delta;
    this.#kl += kl;
  }

  finish(next: Uint32Array, threshold: number): EffectFigures {
    const { deltas } = this;
    return {
      mean_delta: this.#delta / deltas.length,
      kl: this.#kl / deltas.length,
      up: stackOf(deltas, next, 1, threshold),
      down: stackOf(deltas, next, -1, threshold),
      deltas,
    };
  }
}

/**
 * Another latent of near-equal density: drawn among the 5 % whose counts are nearest, at least one.
 * @param counts tokens on which each fires. [d_sae]
 * @returns undefined where there is no other
 */
export function drawOther(counts: ArrayLike<number>, latent: number, seed: number): number | undefined {
  const away = (j: number) => Math.abs(counts[j] - counts[latent]);
  const others = Array.from({ length: counts.length }, (_, j) => j).filter((j) => j !== latent);
  others.sort((a, b) => away(a) - away(b) || a - b);
  const nearest = Math.max(1, Math.round(NEAREST_SHARE * others.length));
  return others[Math.floor(createRandom(seed)() * Math.min(nearest, others.length))];
}

/** A vector of independent normal numbers, brought to a norm. [d] */
export function drawDirection(d: number, norm: number, seed: number): Float32Array {
  const vector = new Float32Array(d);
  fillNormal(vector, 0, 1, createRandom(seed));
  const own = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return vector.map((x) => (x / own) * norm);
}
