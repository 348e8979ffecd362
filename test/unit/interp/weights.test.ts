/** Numbers of a vocabulary, against plain sorting and counting. */
import { expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { binsOf, endsOf, timesRows } from '../../../src/core/interp/weights.ts';

const random = createRandom(2);
const values = Float32Array.from({ length: 530 }, (_, i) => (i < 500 ? 8 * random() - 5 : 1e6));

it('finds the ends of what are tokens', () => {
  const sorted = [...values.keys()].slice(0, 500).sort((a, b) => values[b] - values[a]);
  const { top, bottom } = endsOf(values, 500, 7);
  expect(top).toEqual(sorted.slice(0, 7).map((id) => ({ id, value: values[id] })));
  expect(bottom).toEqual(
    sorted
      .toReversed()
      .slice(0, 7)
      .map((id) => ({ id, value: values[id] })),
  );
  expect(endsOf(values, 3, 10).top).toHaveLength(3);
});

it('counts all tokens in bins that reach from the lowest to the highest', () => {
  const { edges, counts } = binsOf(values, 500);
  const tokens = values.subarray(0, 500);
  expect(edges).toHaveLength(51);
  expect(edges[0]).toBe(Math.min(...tokens));
  expect(edges[50]).toBeGreaterThan(Math.max(...tokens));
  expect(edges[50]).toBeCloseTo(Math.max(...tokens), 5);
  counts.forEach((count, i) => expect(count).toBe(tokens.filter((v) => v >= edges[i] && v < edges[i + 1]).length));
  expect(binsOf(new Float32Array(4), 4).counts.reduce((a, b) => a + b, 0)).toBe(4);
});

it('multiplies rows by a vector', () => {
  const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...timesRows(rows, Float32Array.of(1, 10), 3)]).toEqual([21, 43, 65]);
});
