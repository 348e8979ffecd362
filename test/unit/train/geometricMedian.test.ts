import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { geometricMedian } from '../../../src/core/train/geometricMedian.ts';
import { FIXTURES } from '../sae/helpers.ts';

interface Golden {
  geometric_median: {
    inputs: { points: number[][] };
    expected: { geometric_median: number[]; mean: number[] };
    tolerance: number;
  };
}

const GOLDEN = (JSON.parse(readFileSync(join(FIXTURES, 'metrics.json'), 'utf8')) as Golden).geometric_median;

it('the geometric median is the golden one, not the mean', () => {
  const { inputs, expected, tolerance } = GOLDEN;
  const found = geometricMedian(Float64Array.from(inputs.points.flat()), 3);
  found.forEach((v, i) => expect(Math.abs(v - expected.geometric_median[i])).toBeLessThanOrEqual(tolerance));
  expect(Math.hypot(...found.map((v, i) => v - expected.mean[i]))).toBeGreaterThan(0.1);
});

it('the geometric median of a point is the point, of three on a line the middle one', () => {
  expect([...geometricMedian(Float32Array.of(2, -1), 2)]).toEqual([2, -1]);
  const [x, y] = geometricMedian(Float32Array.of(0, 0, 1, 0, 10, 0), 2);
  expect(x).toBeCloseTo(1, 4);
  expect(y).toBe(0);
});
