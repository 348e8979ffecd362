import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatFull,
  formatInteger,
  formatNumber,
  formatPercent,
  formatSigned,
} from '../../../src/charts/format.ts';
import { heatPixels, labelStep } from '../../../src/charts/heat.ts';
import { moveCursor } from '../../../src/charts/keys.ts';
import { extent, layoutBars } from '../../../src/charts/bars.ts';
import { colourScale, linearScale } from '../../../src/charts/scales.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [1, '1.00'],
    [9.996, '10.0'],
    [-0.012345, '−0.0123'],
    [123.4, '123'],
    [1234, '1234'],
    [0.00001234, '1.23e−5'],
    [2e6, '2.00e6'],
    [NaN, '–'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
    [0.31, '0.310'],
    [99.95, '100'],
  ])('writes %d as %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it('writes signs, whole digits, groups and units', () => {
    expect(formatSigned(0.5)).toBe('+0.500');
    expect(formatSigned(0)).toBe('0');
    expect(formatFull(Math.fround(0.1))).toBe('0.100000001');
    expect(formatInteger(8192)).toBe('8\u202f192');
    expect(formatBytes(18_077_621)).toBe('18.1 MB');
    expect(formatCount(8_925_696)).toBe('8.93 M');
  });
});

describe('colour scales', () => {
  it('ends surprise and entropy at a blind guess', () => {
    const scale = colourScale('surprise', 8192, 3);
    expect(scale.share(0)).toBe(0);
    expect(scale.share(Math.log(8192) / 2)).toBeCloseTo(0.5, 9);
    expect(scale.share(50)).toBe(1);
    expect(scale.share(NaN)).toBeNaN();
    expect(scale.ticks.map((t) => t.label)).toEqual(['0', '4.51', '9.01']);
  });

  it('steps ranks by factors of ten, the best guess without colour', () => {
    const scale = colourScale('rank', 8192, 0);
    expect(scale.share(0)).toBe(0);
    expect(scale.share(99)).toBeCloseTo(Math.log(100) / Math.log(8192), 9);
    expect(scale.share(-1)).toBeNaN();
    expect(scale.ticks.map((t) => t.share)).toEqual([1, 10, 100, 1000].map((r) => Math.log(r) / Math.log(8192)));
  });

  it('gives KL the smallest round range that holds it', () => {
    expect(colourScale('kl', 8192, 0.3).ticks.at(-1)?.label).toBe('0.500');
    expect(colourScale('kl', 8192, 0).share(0)).toBe(0);
    expect(colourScale('kl', 8192, 100).share(100)).toBe(1);
  });
});

describe('scale of a feature', () => {
  it('runs from 0 to its top, with both written', () => {
    const { share, ticks } = linearScale(8);
    expect([0, 2, 8, 9, NaN].map(share)).toEqual([0, 0.25, 1, 1, NaN]);
    expect(ticks.map((t) => t.label)).toEqual(['0', '4.00', '8.00']);
  });

  it('has no colour where nothing fires', () => {
    const { share, ticks } = linearScale(0);
    expect([share(0), share(NaN)]).toEqual([0, NaN]);
    expect(ticks.map((t) => t.label)).toEqual(['0']);
  });

  it('goes with shares in percent', () => {
    expect([0.8731, 1, -0.25, NaN].map(formatPercent)).toEqual(['87.3\u202F%', '100.0\u202F%', '−25.0\u202F%', '–']);
  });
});

describe('layouts', () => {
  it('draws bars up and down from zero', () => {
    expect(layoutBars([3, -1, 0, NaN], 40)).toEqual({ positive: 'M0.1 30V0H0.9V30Z', negative: 'M1.1 30V40H1.9V30Z', zero: 30 });
    expect(layoutBars([], 40)).toEqual({ positive: '', negative: '', zero: 0 });
    expect(extent([2, 5])).toEqual({ min: 0, max: 5 });
  });

  it('turns weights into ink', () => {
    expect([...heatPixels([0, 0.25, 1], [10, 20, 30], 1)]).toEqual([10, 20, 30, 0, 10, 20, 30, 128, 10, 20, 30, 255]);
  });

  it('labels as many tokens as fit', () => {
    expect(labelStep(20, 400, 13)).toBe(1);
    expect(labelStep(40, 400, 13)).toBe(2);
    expect(labelStep(256, 400, 13)).toBe(10);
  });
});

it('moves a cursor within its range', () => {
  expect(moveCursor('ArrowRight', 4, 5)).toBe(4);
  expect(moveCursor('ArrowLeft', 0, 5)).toBe(0);
  expect(moveCursor('End', 0, 5)).toBe(4);
  expect(moveCursor('Home', 3, 5)).toBe(0);
  expect(moveCursor('PageUp', 0, 50)).toBe(10);
  expect(moveCursor('x', 0, 5)).toBeUndefined();
});
