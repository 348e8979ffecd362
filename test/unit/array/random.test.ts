import { expect, test } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';

const draw = (seed: number, n: number) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, random);
};

test('the same seed gives the same sequence, other seeds others', () => {
  expect(draw(7, 50)).toEqual(draw(7, 50));
  const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => draw(seed, 1)[0]));
  expect(firsts.size).toBe(1000);
});

test('negative seeds and seeds beyond 32 bits are seeds of their own', () => {
  const seeds = [-1, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, 0];
  expect(new Set(seeds.map((seed) => draw(seed, 3).join())).size).toBe(seeds.length);
});

test('the sequence is fixed: links that carry a seed replay the same text for ever', () => {
  // From a separate implementation of sfc32 and splitmix32 in Python integers.
  expect(draw(0, 3)).toEqual([0.6750985074322671, 0.1792434190865606, 0.051309420028701425]);
  expect(draw(12345, 3)).toEqual([0.7162950292695314, 0.6504218934569508, 0.48810740862973034]);
});

test('numbers are uniform in [0, 1) and neighbours uncorrelated', () => {
  const n = 100_000;
  const numbers = draw(3, n);
  expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
  // Ten bins of expected 10 000; chi² with 9 degrees of freedom is above 33.7 once in 10 000 times.
  const bins = new Float64Array(10);
  for (const x of numbers) bins[Math.floor(x * 10)]++;
  expect(bins.reduce((sum, count) => sum + (count - n / 10) ** 2 / (n / 10), 0)).toBeLessThan(33.7);
  // The lag-one correlation of n independent numbers has a deviation of 1/sqrt(n) = 0.0032; four of them.
  const correlation = numbers.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (numbers[i] - 0.5), 0) / (n / 12);
  expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(n));
});
