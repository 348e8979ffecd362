import { describe, expect, it } from 'vitest';
import { learningRateFactor, NO_SCHEDULE, sparsityFactor } from '../../../src/core/train/schedule.ts';

describe('schedule', () => {
  it('is full throughout by default', () => {
    for (const step of [0, 1, 99]) {
      expect(learningRateFactor(NO_SCHEDULE, step, 100)).toBe(1);
      expect(sparsityFactor(NO_SCHEDULE, step)).toBe(1);
    }
  });

  it('rises, stays and falls', () => {
    const schedule = { warmup: 4, decay: 5, sparsityWarmup: 2 };
    const factors = Array.from({ length: 12 }, (_, step) => learningRateFactor(schedule, step, 12));
    expect(factors).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]);
    expect([0, 1, 2, 3].map((step) => sparsityFactor(schedule, step))).toEqual([0, 0.5, 1, 1]);
  });
});
