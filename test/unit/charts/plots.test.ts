import { describe, expect, it } from 'vitest';
import { domainOf, linearAxis, logAxis } from '../../../src/charts/axes.ts';
import { between, dashOf, indexAt, linePath, nearest, stepArea, stepPath, thinCurve } from '../../../src/charts/lines.ts';

describe('a linear axis', () => {
  it('places its ends at the ends and takes pixels back to values', () => {
    const axis = linearAxis([0, 50], [10, 110]);
    expect([0, 25, 50].map(axis.place)).toEqual([10, 60, 110]);
    expect(axis.value(60)).toBeCloseTo(25);
    expect(axis.place(NaN)).toBeNaN();
  });

  it.each([
    { domain: [0, 1], labels: ['0', '0.2', '0.4', '0.6', '0.8', '1'] },
    { domain: [0, 1_000_000], labels: ['0', '200 k', '400 k', '600 k', '800 k', '1 M'] },
    { domain: [0.303, 0.311], labels: ['0.304', '0.306', '0.308', '0.31'] },
  ] as const)('marks round values of $domain', ({ domain, labels }) => {
    expect(linearAxis(domain, [0, 100]).ticks.map((tick) => tick.label)).toEqual(labels);
  });

  it('gives a single value a middle', () => {
    expect(linearAxis([3, 3], [0, 100]).place(3)).toBeCloseTo(50);
  });
});

describe('a logarithmic axis', () => {
  it('has equal steps for equal factors, and no place for what is not above 0', () => {
    const axis = logAxis([1, 100], [0, 200]);
    expect([1, 10, 100].map(axis.place)).toEqual([0, 100, 200]);
    expect(axis.value(100)).toBeCloseTo(10);
    expect([0, -1].map(axis.place)).toEqual([NaN, NaN]);
  });

  it('marks at least two values of any range, all inside it', () => {
    for (const [low, high] of [
      [0.3, 0.31],
      [12, 40],
      [1e-6, 1e6],
      [5, 5],
    ] as const) {
      const { ticks } = logAxis([low, high], [0, 100]);
      expect(ticks.length, `${low} to ${high}`).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(8);
    }
  });
});

it('leaves out marks of a logarithmic axis whose labels would touch', () => {
  const labels = (pixels: number) => logAxis([6, 35], [pixels, 0]).ticks.map((tick) => tick.label);
  expect(labels(400)).toEqual(['6', '7', '10', '20', '30']);
  expect(labels(122)).toEqual(['7', '10', '20', '30']);
});

describe('a curve', () => {
  it('keeps every peak when it is thinned', () => {
    const ys = Float64Array.from({ length: 10_000 }, (_, i) => (i === 7777 ? 99 : i === 1234 ? -5 : Math.sin(i)));
    const kept = thinCurve(ys, 100);
    expect(kept.length).toBeLessThanOrEqual(400);
    expect(kept).toContain(7777);
    expect(kept).toContain(1234);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(9999);
    expect(kept.every((at, i) => i === 0 || at > kept[i - 1])).toBe(true);
  });

  it('is broken where a value has no place', () => {
    const x = linearAxis([0, 3], [0, 30]);
    const path = linePath({ xs: [0, 1, 2, 3], ys: [1, NaN, 1, 2] }, x, linearAxis([0, 2], [20, 0]), 100);
    expect(path).toBe('M0,10ZM20,10L30,0');
  });

  it('is found at, before and next to a place', () => {
    expect([-1, 0, 4, 5, 99].map((x) => indexAt([0, 5, 10], x))).toEqual([-1, 0, 0, 1, 2]);
    expect([-1, 2, 3, 99].map((x) => nearest([0, 5, 10], x))).toEqual([0, 0, 1, 2]);
    expect(nearest([], 1)).toBe(-1);
  });

  it('is cut to a stretch with one point beyond each end, so that it reaches them', () => {
    const curve = { name: 'a', xs: Float64Array.of(0, 10, 20, 30, 40), ys: [5, 4, 3, 2, 1] };
    expect(between(curve, [15, 25])).toEqual({ name: 'a', xs: [10, 20, 30], ys: [4, 3, 2] });
    expect(between(curve, [12, 18])).toEqual({ name: 'a', xs: [10, 20], ys: [4, 3] });
    expect(between(curve, [10, 20])).toEqual({ name: 'a', xs: [0, 10, 20, 30], ys: [5, 4, 3, 2] });
    expect(between(curve, [0, 40])).toBe(curve);
    // A run that has not come so far.
    expect(between(curve, [50, 60])).toEqual({ name: 'a', xs: [40], ys: [1] });
  });

  it('differs by its dash when the colours are used up', () => {
    expect([0, 1, 2, 3].map(dashOf)).toEqual(['none', '5 3', '1.5 3', 'none']);
  });

  it('of counts has what lies under it', () => {
    expect(
      stepArea(
        [1, 3],
        (bin) => bin * 10,
        (count) => 30 - count,
      ),
    ).toBe('M0,29L10,29L10,27L20,27L20,27L20,30L20,30L10,30L10,30L0,30Z');
  });

  it('of counts is as wide as the bins', () => {
    expect(
      stepPath(
        [1, 3],
        (bin) => bin * 10,
        (count) => -count,
      ),
    ).toBe('M0,-1L10,-1L10,-3L20,-3L20,-3');
  });

  it('says its range, of finite values only', () => {
    expect(
      domainOf([
        [3, NaN],
        [-1, Infinity],
      ]),
    ).toEqual([-1, 3]);
    expect(domainOf([[0, 2, 4]], true)).toEqual([2, 4]);
    expect(domainOf([[], [NaN]])).toBeNull();
  });
});
