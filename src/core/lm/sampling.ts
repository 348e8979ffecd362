/** Choosing the next token from logits. */
import { topK } from './statistics.ts';

interface SamplingSettings {
  /** 0 takes the most likely. */
  temperature: number;
  /** Sample among the k most likely; 0 means all. */
  top_k: number;
  /** Next number in [0, 1). */
  random: () => number;
}

/**
 * Greedy, or a draw from softmax(logits / temperature) over the `top_k` best by inverting the cumulative sum.
 * @param logits [n], not changed
 */
export function pickToken(logits: Float32Array, { temperature, top_k, random }: SamplingSettings): number {
  if (temperature === 0 || top_k === 1) return topK(logits, 1, logits.length)[0] ?? 0;
  const among = top_k > 0 && top_k < logits.length ? topK(logits, top_k, logits.length) : undefined;
  const count = among?.length ?? logits.length;
  const logit = (i: number) => logits[among?.[i] ?? i];
  let max = -Infinity;
  for (let i = 0; i < count; i++) max = Math.max(max, logit(i));
  const weights = new Float64Array(count);
  let sum = 0;
  // The difference first: a logit over a tiny temperature alone overflows.
  for (let i = 0; i < count; i++) sum += weights[i] = Math.exp((logit(i) - max) / temperature);
  let left = random() * sum;
  let last = 0;
  for (let i = 0; i < count; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return among?.[last] ?? last;
}
