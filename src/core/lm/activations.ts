/** The MLP nonlinearities, as GPT-NeoX computes them: the twin of the Gelu and Relu nodes of a block graph. */
import type { Activation } from './config.ts';

/**
 * erf by Abramowitz and Stegun's series 7.1.5 near 0 and the continued fraction 7.1.14 for erfc beyond
 * 2.5; both to about 1e-15, far below the fp32 it is rounded to.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  const value = a < 2.5 ? erfSeries(a) : 1 - erfcFraction(a);
  return x < 0 ? -value : value;
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfcFraction(x: number): number {
  let f = x;
  for (let n = 60; n >= 1; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
}

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** One value through the model's nonlinearity, float64 inside. */
export function activate(kind: Activation, x: number): number {
  if (kind === 'relu') return Math.max(0, x);
  if (kind === 'gelu') return 0.5 * x * (1 + erf(x / Math.SQRT2));
  return 0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
}

/** @returns a new array of the same length */
export function activateAll(kind: Activation, pre: Float32Array): Float32Array {
  return Float32Array.from(pre, (x) => activate(kind, x));
}
