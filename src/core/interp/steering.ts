/** What a change inside the model does to one prediction, and how repetitive what it writes becomes. */
import { rowStatistics } from '../lm/statistics.ts';

/** A token whose logit a change moves. */
export interface Mover {
  id: number;
  /** Probabilities, unchanged and changed. */
  before: number;
  after: number;
  /** logit changed − logit unchanged. */
  logit: number;
}

/**
 * The tokens whose logits rise and fall most, most first; equal ones by id.
 * @param before logits [d_vocab]
 * @param after logits [d_vocab]
 * @param tokens ids below this are tokens, the rest pads the matrix
 */
export function moversOf(before: Float32Array, after: Float32Array, tokens: number, most: number): { up: Mover[]; down: Mover[] } {
  const [was, now] = [rowStatistics(before).logZ, rowStatistics(after).logZ];
  const ids = Array.from({ length: Math.min(tokens, before.length) }, (_, id) => id);
  const change = (id: number) => after[id] - before[id];
  const mover = (id: number): Mover => ({ id, before: Math.exp(before[id] - was), after: Math.exp(after[id] - now), logit: change(id) });
  const rising = ids.filter((id) => change(id) > 0).sort((a, b) => change(b) - change(a) || a - b);
  const falling = ids.filter((id) => change(id) < 0).sort((a, b) => change(a) - change(b) || a - b);
  return { up: rising.slice(0, most).map(mover), down: falling.slice(0, most).map(mover) };
}

/** ln p of one token of a row of logits. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id] - rowStatistics(logits).logZ;
}

/**
 * The share of n-grams of a text that stood in it before: 0 where nothing repeats, near 1 in a loop.
 * @returns NaN for a text without an n-gram
 */
export function repeatedShare(ids: readonly number[], n = 4): number {
  const seen = new Set<string>();
  const count = ids.length - n + 1;
  for (let i = 0; i < count; i++) seen.add(ids.slice(i, i + n).join(' '));
  return count > 0 ? 1 - seen.size / count : NaN;
}
