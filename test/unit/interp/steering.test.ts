import { describe, expect, it } from 'vitest';
import { logProbability, moversOf, repeatedShare } from '../../../src/core/interp/steering.ts';

describe('moversOf', () => {
  const before = Float32Array.of(1, 2, 3, 0, 9);
  const after = Float32Array.of(2, 0, 3, 0.5, -9);

  it('gives what rises and what falls most, most first, and leaves padding and what stays out', () => {
    const { up, down } = moversOf(before, after, 4, 2);
    expect(up.map(({ id, logit }) => [id, logit])).toEqual([
      [0, 1],
      [3, 0.5],
    ]);
    expect(down.map(({ id, logit }) => [id, logit])).toEqual([[1, -2]]);
  });

  it('gives the probabilities of both softmaxes', () => {
    const softmax = (row: Float32Array, id: number) => Math.exp(row[id]) / row.reduce((sum, x) => sum + Math.exp(x), 0);
    const [top] = moversOf(before, after, 5, 1).up;
    expect(top.before).toBeCloseTo(softmax(before, 0), 12);
    expect(top.after).toBeCloseTo(softmax(after, 0), 12);
    expect(logProbability(before, 1)).toBeCloseTo(Math.log(softmax(before, 1)), 12);
  });
});

describe('repeatedShare', () => {
  it('is 0 where no 4-gram returns, and counts every return', () => {
    expect(repeatedShare([1, 2, 3, 4, 5, 6])).toBe(0);
    // Six 4-grams, all the same.
    expect(repeatedShare([7, 7, 7, 7, 7, 7, 7, 7, 7])).toBeCloseTo(5 / 6, 12);
    // 1 2 1 2, 2 1 2 1, 1 2 1 2
    expect(repeatedShare([1, 2, 1, 2, 1, 2])).toBeCloseTo(1 / 3, 12);
  });

  it('tells ids apart that are written alike', () => expect(repeatedShare([1, 11, 1, 1, 11, 1, 11, 1], 2)).toBeCloseTo(4 / 7, 12));

  it('is not known of a text without a 4-gram', () => expect(repeatedShare([1, 2, 3])).toBeNaN());
});
