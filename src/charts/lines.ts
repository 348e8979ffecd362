/** Curves as SVG paths (d3-shape), thinned to what a screen can show, and places on them (d3-array). */
import { bisectLeft, bisectRight, bisector } from 'd3-array';
import { area, curveStepAfter, line } from 'd3-shape';
import type { Axis, Domain } from './axes.ts';

export interface Curve {
  /** Rising. */
  xs: ArrayLike<number>;
  ys: ArrayLike<number>;
}

const DASHES = ['none', '5 3', '1.5 3'];

/** Where the colours are used up, lines differ by their dashes. */
export function dashOf(dash: number): string {
  return DASHES[dash % DASHES.length];
}

/** A tenth of a pixel. */
const DIGITS = 1;

/** What of a curve is seen between two x: the points between them and one beyond each, so that lines go on to the edge. */
export function between<C extends Curve>(curve: C, [low, high]: Domain): C {
  const { xs, ys } = curve;
  const from = Math.max(0, bisectLeft(xs, low) - 1);
  const to = Math.min(xs.length, bisectRight(xs, high) + 1);
  if (from === 0 && to === xs.length) return curve;
  const part = (values: ArrayLike<number>) => Array.prototype.slice.call(values, from, to) as number[];
  return { ...curve, xs: part(xs), ys: part(ys) };
}

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

/** What lies under the outline, down to 0. */
export function stepArea(counts: readonly number[], x: (bin: number) => number, y: (count: number) => number): string {
  const shape = area<number>()
    .curve(curveStepAfter)
    .x((_, bin) => x(bin))
    .y0(y(0))
    .y1((count) => y(count))
    .digits(DIGITS);
  return shape([...counts, ...counts.slice(-1)]) ?? '';
}
