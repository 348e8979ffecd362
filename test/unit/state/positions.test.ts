import { describe, expect, it } from 'vitest';
import { formatPositions, parsePositions } from '../../../src/state/explore/positions.ts';

describe('parsePositions', () => {
  it.each([
    ['0-3, 7', [0, 1, 2, 3, 7]],
    ['7', [7]],
    [' 2 - 4;1 ', [1, 2, 3, 4]],
    ['5–6 5', [5, 6]],
  ])('reads %j', (text, positions) => {
    expect(parsePositions(text)).toEqual({ positions });
  });

  it.each(['', ' , ', 'a', '1.5', '-3', '1-', '4-2', '0-99999999', '1--2'])('refuses %j with a sentence', (text) => {
    const parsed = parsePositions(text);
    expect(parsed).toHaveProperty('problem');
    expect('problem' in parsed && parsed.problem).toMatch(/\.$/);
  });

  it('writes ranges back', () => {
    expect(formatPositions([0, 1, 2, 3, 7, 9, 10])).toBe('0-3, 7, 9-10');
    expect(formatPositions([])).toBe('');
  });
});
