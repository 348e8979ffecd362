/** Curves as SVG paths (d3-shape), thinned to what a screen can show, and places on them (d3-array). */
import { bisectRight, bisector } from 'd3-array';
import { curveStepAfter, line } from 'd3-shape';
import type { Axis } from './axes.ts';

export interface Curve {
  /** Rising. */
  xs: ArrayLike<number>;
  ys: ArrayLike<number>;
}

/** A tenth of a pixel. */
const DIGITS = 1;

/**
 * Positions to draw of a long curve: of each stretch the first, lowest, highest and last, so that no peak is lost.
 * All of them when there are few. d3 has no thinning of its own.
 */
export function thinCurve(ys: ArrayLike<number>, buckets: number): number[] {
  const n = ys.length;
  if (n <= 4 * buckets) return Array.from({ length: n }, (_, i) => i);
  const kept: number[] = [];
  for (let b = 0; b < buckets; b++) {
    const start = Math.floor((b * n) / buckets);
    const end = Math.floor(((b + 1) * n) / buckets);
    let low = start;
    let high = start;
    for (let i = start; i < end; i++) {
      if (ys[i] < ys[low]) low = i;
      if (ys[i] > ys[high]) high = i;
    }
    kept.push(...new Set([start, Math.min(low, high), Math.max(low, high), end - 1]));
  }
  return kept;
}

/** A line through the points; broken where a value has no place. */
export function linePath({ xs, ys }: Curve, x: Axis, y: Axis, buckets: number): string {
  const path = line<number>()
    .defined((i) => !Number.isNaN(x.place(xs[i])) && !Number.isNaN(y.place(ys[i])))
    .x((i) => x.place(xs[i]))
    .y((i) => y.place(ys[i]))
    .digits(DIGITS);
  return path(thinCurve(ys, buckets)) ?? '';
}

/** Position of the last x at or before `x`; −1 before the first. */
export function indexAt(xs: ArrayLike<number>, x: number): number {
  return bisectRight(xs, x) - 1;
}

const byValue = bisector((value: number) => value);

/** Position of the x next to `x`; −1 when there is none. */
export function nearest(xs: ArrayLike<number>, x: number): number {
  return xs.length > 0 ? byValue.center(xs, x) : -1;
}

/** Steps of a histogram's outline: each count as wide as its bin. */
export function stepPath(counts: readonly number[], x: (bin: number) => number, y: (count: number) => number): string {
  const path = line<number>()
    .curve(curveStepAfter)
    .x((_, bin) => x(bin))
    .y((count) => y(count))
    .digits(DIGITS);
  return path([...counts, ...counts.slice(-1)]) ?? '';
}
