import { describe, expect, it } from 'vitest';
import { extendSpan, keptSpan, sameSpan, spanWords } from '../../../src/state/explore/spans.ts';

describe('a span', () => {
  it('grows from the chosen token, and shrinks when the step turns back', () => {
    const grown = extendSpan(extendSpan(null, 4, 5), 5, 6);
    expect(grown).toEqual([4, 7]);
    expect(extendSpan(grown, 6, 5)).toEqual([4, 6]);
    expect(extendSpan([4, 5], 4, 3)).toEqual([3, 5]);
    expect(extendSpan([3, 5], 3, 2)).toEqual([2, 5]);
  });

  it('starts anew when the chosen token is not at an end of it', () => {
    expect(extendSpan([4, 9], 20, 21)).toEqual([20, 22]);
    expect(extendSpan([4, 9], 6, 5)).toEqual([5, 7]);
  });

  it('outlives typing behind it, and nothing else', () => {
    expect(keptSpan([1, 3], [7, 8, 9], [7, 8, 9, 10])).toEqual([1, 3]);
    expect(keptSpan([1, 3], [7, 8, 9], [7, 8])).toBeNull();
    expect(keptSpan([1, 3], [7, 8, 9], [6, 8, 9])).toBeNull();
    expect(keptSpan(null, [7], [7])).toBeNull();
  });

  it('has words', () => {
    expect(spanWords([4, 10])).toBe('tokens 4–9');
    expect(spanWords([4, 5])).toBe('token 4');
    expect(sameSpan([1, 2], [1, 2])).toBe(true);
    expect(sameSpan([1, 2], null)).toBe(false);
  });
});
