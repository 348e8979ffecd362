import { expect, test } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { klDivergence, rankOf, rowStatistics, topK } from '../../../src/core/lm/statistics.ts';

function randomLogits(random: () => number, n: number, scale: number): Float32Array {
  return Float32Array.from({ length: n }, () => (random() - 0.5) * scale);
}

/** Softmax in the plainest way, for logits small enough not to overflow. */
function probabilities(logits: Float32Array): number[] {
  const e = Array.from(logits, (x) => Math.exp(x));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

test('logZ and entropy are those of the plain formulas', () => {
  const random = createRandom(1);
  for (let trial = 0; trial < 50; trial++) {
    const logits = randomLogits(random, 1 + Math.floor(random() * 300), 20);
    const p = probabilities(logits);
    const { logZ, entropy } = rowStatistics(logits);
    // Both sides are float64; 1e-12 is some hundred roundings of numbers near 10.
    expect(Math.abs(logZ - Math.log(Array.from(logits, (x) => Math.exp(x)).reduce((a, b) => a + b)))).toBeLessThan(1e-12);
    expect(Math.abs(entropy + p.reduce((sum, x) => sum + x * Math.log(x), 0))).toBeLessThan(1e-12);
    const i = Math.floor(random() * logits.length);
    expect(Math.abs(logZ - logits[i] + Math.log(p[i]))).toBeLessThan(1e-12);
  }
});

test('a flat row has entropy ln n, a certain one 0, and huge logits do not overflow', () => {
  expect(rowStatistics(new Float32Array(256).fill(-3)).entropy).toBeCloseTo(Math.log(256), 12);
  expect(rowStatistics(Float32Array.of(1e4, -1e4, 0))).toEqual({ logZ: 1e4, entropy: 0 });
  expect(rowStatistics(Float32Array.of(-5000, -5000)).logZ).toBeCloseTo(-5000 + Math.LN2, 9);
});

test('KL is Σ p ln(p/q), 0 only against itself, and never below 0', () => {
  const random = createRandom(2);
  for (let trial = 0; trial < 50; trial++) {
    const a = randomLogits(random, 100, 12);
    const b = randomLogits(random, 100, 12);
    const [p, q] = [probabilities(a), probabilities(b)];
    const kl = klDivergence(a, rowStatistics(a).logZ, b, rowStatistics(b).logZ);
    expect(Math.abs(kl - p.reduce((sum, x, i) => sum + x * Math.log(x / q[i]), 0))).toBeLessThan(1e-12);
    expect(kl).toBeGreaterThan(0.1);
    expect(klDivergence(a, rowStatistics(a).logZ, a, rowStatistics(a).logZ)).toBe(0);
    // A constant added to every logit changes no probability; what is left is rounding of the logits to fp32.
    const shifted = a.map((x) => x + 3);
    const same = klDivergence(a, rowStatistics(a).logZ, shifted, rowStatistics(shifted).logZ);
    expect(same).toBeGreaterThanOrEqual(0);
    expect(same).toBeLessThan(1e-6);
  }
});

test('topK and rank agree with sorting, ties going to the lower index', () => {
  const random = createRandom(3);
  for (let trial = 0; trial < 100; trial++) {
    const n = 1 + Math.floor(random() * 60);
    // Few different values, so that ties are common.
    const logits = Float32Array.from({ length: n + 5 }, () => Math.floor(random() * 8));
    const sorted = Array.from({ length: n }, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
    for (const k of [1, 2, Math.ceil(n / 2), n, n + 3]) expect(topK(logits, k, n)).toEqual(sorted.slice(0, k));
    const id = Math.floor(random() * n);
    expect(rankOf(logits, id, n)).toBe(sorted.filter((i) => logits[i] > logits[id]).length);
  }
});

test('padded rows of the matrix count in logZ but not in ranks or top lists', () => {
  const logits = Float32Array.of(1, 3, 2, 99);
  expect(topK(logits, 4, 3)).toEqual([1, 2, 0]);
  expect(rankOf(logits, 1, 3)).toBe(0);
  expect(rowStatistics(logits).logZ).toBe(99);
});
