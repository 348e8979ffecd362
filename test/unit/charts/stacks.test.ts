import { describe, expect, it } from 'vitest';
import { linearAxis, logAxis } from '../../../src/charts/axes.ts';
import { binWords } from '../../../src/charts/StackedHistogram.tsx';
import { binAt, stackColour, stackParts, totals, wholeBins } from '../../../src/charts/stacks.ts';

const EDGES = [0, 1, 2, 4];
const COUNTS = [
  [3, 0, 1],
  [1, 0, 3],
];
const x = linearAxis([0, 4], [0, 8]);

describe('stackParts', () => {
  it('stacks linear bars by count, the first series at the bottom, as wide as the bins', () => {
    const y = linearAxis([0, 4], [100, 0]);
    expect(stackParts(EDGES, COUNTS, x, y, 0)).toEqual([
      { bin: 0, part: 0, left: 0, width: 2, top: 25, height: 75 },
      { bin: 0, part: 1, left: 0, width: 2, top: 0, height: 25 },
      { bin: 2, part: 0, left: 4, width: 3, top: 75, height: 25 },
      { bin: 2, part: 1, left: 4, width: 3, top: 0, height: 75 },
    ]);
  });

  it('divides a logarithmic bar by shares', () => {
    const y = logAxis([0.5, 50], [100, 0]);
    const [low, high] = stackParts([0, 1], [[1], [4]], x, y, 0.5);
    expect(low.height + high.height).toBeCloseTo(50);
    expect(low.height).toBeCloseTo(10);
    expect(high.top).toBeCloseTo(50);
    expect(low.top + low.height).toBeCloseTo(100);
  });

  it('draws nothing where nothing was counted', () => {
    expect(stackParts(EDGES, [[0, 0, 0]], x, linearAxis([0, 1], [100, 0]), 0)).toEqual([]);
    expect(totals([])).toEqual([]);
  });
});

describe('bins', () => {
  it('hold their lower edge, and the ends hold what lies beyond', () => {
    expect([-1, 0, 0.99, 1, 3, 4, 9].map((value) => binAt(EDGES, value))).toEqual([0, 0, 0, 1, 2, 2, 2]);
  });

  it('widen what is chosen; all of them are no choice', () => {
    expect(wholeBins(EDGES, [0.2, 0.4])).toEqual([0, 1]);
    expect(wholeBins(EDGES, [0.2, 1.5])).toEqual([0, 2]);
    expect(wholeBins(EDGES, [1, 2])).toEqual([1, 2]);
    expect(wholeBins(EDGES, [0, 4])).toBeNull();
  });
});

it('ten series have ten looks', () => {
  const looks = Array.from({ length: 10 }, (_, i) => JSON.stringify(stackColour(i, i === 9)));
  expect(new Set(looks).size).toBe(10);
});

it('a bin is read out with its parts', () => {
  const series = [
    { name: '·the', counts: [3, 0] },
    { name: 'other tokens', counts: [1, 0], isRest: true },
  ];
  expect(binWords([0, 1, 2], series, 0)).toBe('0 to 1.00: 4 – ·the 3, other tokens 1');
  expect(binWords([0, 1, 2], series, 1)).toBe('1.00 to 2.00: 0');
});
