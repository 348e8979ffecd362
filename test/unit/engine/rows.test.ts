import { expect, it } from 'vitest';
import { batchVariation, shareUnexplained } from '../../../src/engine/training/rows.ts';

it('FVU is the squared error as a share of what the rows vary', () => {
  const x = Float32Array.of(1, 2, 3, 6);
  expect(batchVariation(x, 2)).toBeCloseTo(10, 12);
  expect(shareUnexplained(2.5, batchVariation(x, 2))).toBeCloseTo(0.25, 12);
});

it('FVU is no number for a batch of one row, which varies from nothing', () => {
  const row = Float32Array.of(0.1, -2.7, 3.3);
  expect(shareUnexplained(4, batchVariation(row, 3))).toBeNaN();
  expect(shareUnexplained(0, batchVariation(row, 3))).toBeNaN();
});
