import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { pickToken } from '../../../src/core/lm/sampling.ts';

const LOGITS = Float32Array.of(0.3, 2, -1, 1.2, 1.9, -4, 0, 1.1);
const BEST = 1;
const DRAWS = 20_000;

/** Tokens that may be drawn with their probabilities. */
function expected(temperature: number, top_k: number): Map<number, number> {
  const order = [...LOGITS.keys()].sort((a, b) => LOGITS[b] - LOGITS[a]).slice(0, top_k || undefined);
  const weights = order.map((i) => Math.exp(LOGITS[i] / temperature));
  const sum = weights.reduce((a, b) => a + b);
  return new Map(order.map((id, i) => [id, weights[i] / sum]));
}

function count(temperature: number, top_k: number, seed: number): Map<number, number> {
  const random = createRandom(seed);
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const id = pickToken(LOGITS, { temperature, top_k, random });
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

describe('greedy', () => {
  const never = () => {
    throw new Error('greedy needs no random number');
  };

  test('temperature 0 takes the largest logit, the lower index of equals, and asks for no random number', () => {
    expect(pickToken(LOGITS, { temperature: 0, top_k: 0, random: never })).toBe(BEST);
    expect(pickToken(LOGITS, { temperature: 0, top_k: 5, random: never })).toBe(BEST);
    expect(pickToken(Float32Array.of(0, 7, 7), { temperature: 0, top_k: 0, random: never })).toBe(1);
    expect(pickToken(Float32Array.of(-9), { temperature: 0, top_k: 0, random: never })).toBe(0);
  });

  test('top_k 1 is greedy at any temperature', () => {
    expect(pickToken(LOGITS, { temperature: 1000, top_k: 1, random: never })).toBe(BEST);
  });

  test.each([[1e-3], [1e-30], [1e-310], [Number.MIN_VALUE]])('temperature %d is greedy too, without overflow', (temperature) => {
    const random = createRandom(1);
    for (let i = 0; i < 200; i++) {
      expect(pickToken(LOGITS, { temperature, top_k: 0, random })).toBe(BEST);
      expect(pickToken(LOGITS, { temperature, top_k: 3, random })).toBe(BEST);
    }
  });
});

describe('draws', () => {
  test.each([
    [1, 0],
    [0.7, 0],
    [2.5, 0],
    [1, 3],
    [0.5, 5],
    [1, 8],
    [1, 100],
  ])('at temperature %d and top_k %d follow the softmax', (temperature, top_k) => {
    const counts = count(temperature, top_k, 42);
    const wanted = expected(temperature, top_k);
    expect([...counts.keys()].every((id) => wanted.has(id))).toBe(true);
    // A count of n draws has deviation sqrt(n p (1 − p)); five of them are passed once in two million times.
    for (const [id, p] of wanted) {
      const deviation = Math.sqrt(DRAWS * p * (1 - p));
      expect(Math.abs((counts.get(id) ?? 0) - DRAWS * p), `token ${id}`).toBeLessThan(5 * deviation + 1);
    }
  });

  test('a high temperature comes close to even', () => {
    const counts = count(1e6, 0, 5);
    // 2 500 each, deviation 47.
    for (const id of LOGITS.keys()) expect(Math.abs(counts.get(id)! - DRAWS / 8)).toBeLessThan(5 * 47);
  });

  test('the same seed draws the same tokens, another seed others', () => {
    const draw = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 40 }, () => pickToken(LOGITS, { temperature: 1, top_k: 0, random }));
    };
    expect(draw(9)).toEqual(draw(9));
    expect(draw(9)).not.toEqual(draw(10));
  });

  test('the ends of the random range reach the first and the last token', () => {
    const flat = new Float32Array(4);
    expect(pickToken(flat, { temperature: 1, top_k: 0, random: () => 0 })).toBe(0);
    expect(pickToken(flat, { temperature: 1, top_k: 0, random: () => 1 - 2 ** -32 })).toBe(3);
    // A token of weight 0 is never drawn, not even by a random number at the very end.
    const impossible = Float32Array.of(0, 0, -1e6);
    expect(pickToken(impossible, { temperature: 1, top_k: 0, random: () => 1 - 2 ** -32 })).toBe(1);
    expect(pickToken(impossible.toReversed(), { temperature: 1, top_k: 0, random: () => 0 })).toBe(1);
  });

  test('the logits are left as they were', () => {
    const before = LOGITS.slice();
    count(0.5, 3, 1);
    expect(LOGITS).toEqual(before);
  });
});
