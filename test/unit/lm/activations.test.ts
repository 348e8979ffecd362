import { expect, test } from 'vitest';
import { activate, activateAll, erf } from '../../../src/core/lm/activations.ts';

/** From Python's math.erf, good to the last bit or two. */
const ERF = [
  [1e-10, 1.1283791670955126e-10],
  [0.01, 0.011283415555849616],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.4999, 0.9995928300996666],
  [2.5, 0.999593047982555],
  [2.6, 0.9997639655834707],
  [3, 0.9999779095030014],
  [3.5, 0.9999992569016276],
  [4, 0.9999999845827421],
  [5, 0.9999999999984626],
  [5.9, 0.9999999999999999],
  [6.1, 1],
];

test('erf is right to 1e-12 on both sides of the change of formula, and odd', () => {
  for (const [x, value] of ERF) {
    expect(Math.abs(erf(x) - value), `erf(${x})`).toBeLessThanOrEqual(1e-12);
    expect(erf(-x)).toBe(-erf(x));
  }
  expect(erf(0)).toBe(0);
  expect(erf(Infinity)).toBe(1);
  expect(erf(NaN)).toBeNaN();
});

test('erf is relatively right near 0, where its series has one term', () => {
  expect(erf(1e-10) / 1.1283791670955126e-10).toBeCloseTo(1, 14);
  expect(erf(1e-300)).toBeGreaterThan(0);
});

/** x, x·Φ(x) and the tanh form, from Python. */
const GELU = [
  [-3, -0.00404969409489031, -0.0036373920817729943],
  [-1, -0.15865525393145707, -0.15880800939172324],
  [-0.5, -0.15426876936299344, -0.15428599017485606],
  [0.25, 0.14967658142073093, 0.149675350701685],
  [1, 0.8413447460685429, 0.8411919906082768],
  [2.5, 2.4844758366855597, 2.484915733910001],
];

test('gelu and its tanh form are two functions, each right to 1e-12', () => {
  for (const [x, exact, tanh] of GELU) {
    expect(Math.abs(activate('gelu', x) - exact)).toBeLessThan(1e-12);
    expect(Math.abs(activate('gelu_tanh', x) - tanh)).toBeLessThan(1e-12);
  }
});

test('far from 0 every activation is 0 or x', () => {
  for (const kind of ['gelu', 'gelu_tanh', 'relu'] as const) {
    expect(Math.abs(activate(kind, -40))).toBe(0);
    expect(activate(kind, 40)).toBe(40);
    expect(Math.abs(activate(kind, 0))).toBe(0);
  }
  expect(activate('relu', -0.5)).toBe(0);
  expect(activate('relu', 0.5)).toBe(0.5);
});

test('a whole array is activated into a new one, rounded once to fp32', () => {
  const pre = Float32Array.of(-1, 0.25, 2.5);
  const post = activateAll('gelu', pre);
  expect(post).toEqual(Float32Array.of(-0.15865525393145707, 0.14967658142073093, 2.4844758366855597));
  expect(pre).toEqual(Float32Array.of(-1, 0.25, 2.5));
});
