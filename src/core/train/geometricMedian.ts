/** The point with the smallest sum of distances to the rows, by Weiszfeld's iteration. */
import { addScaled } from './vectors.ts';
import type { Numbers } from './types.ts';

const MAX_ITERATIONS = 100;
const TOLERANCE = 1e-6;
const SMALLEST_DISTANCE = 1e-10;

/**
 * @param x [rows, width], at least one row
 * @returns [width]
 */
export function geometricMedian(x: Numbers, width: number): Float64Array {
  const rows = x.length / width;
  let guess = new Float64Array(width);
  for (let r = 0; r < rows; r++) addScaled(guess, 0, x, r * width, 1 / rows, width);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const next = new Float64Array(width);
    let total = 0;
    for (let r = 0; r < rows; r++) {
      const weight = 1 / Math.max(distance(x, r * width, guess, width), SMALLEST_DISTANCE);
      addScaled(next, 0, x, r * width, weight, width);
      total += weight;
    }
    for (let i = 0; i < width; i++) next[i] /= total;
    const moved = distance(next, 0, guess, width);
    guess = next;
    if (moved <= TOLERANCE * Math.max(1, Math.hypot(...next))) break;
  }
  return guess;
}

function distance(a: Numbers, at: number, b: Numbers, width: number): number {
  let square = 0;
  for (let i = 0; i < width; i++) square += (a[at + i] - b[i]) ** 2;
  return Math.sqrt(square);
}
