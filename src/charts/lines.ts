/** Curves as SVG paths, thinned to what a screen can show. */
import type { Axis } from './axes.ts';

export interface Curve {
  /** Rising. */
  xs: ArrayLike<number>;
  ys: ArrayLike<number>;
}

/**
 * Positions to draw of a long curve: of each stretch the first, lowest, highest and last, so that no peak is lost.
 * All of them when there are few.
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
  let path = '';
  let drawing = false;
  for (const i of thinCurve(ys, buckets)) {
    const px = x.place(xs[i]);
    const py = y.place(ys[i]);
    if (Number.isNaN(px) || Number.isNaN(py)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? 'L' : 'M'}${px.toFixed(1)},${py.toFixed(1)}`;
    drawing = true;
  }
  return path;
}

/** Position of the last x at or before `x`; −1 before the first. */
export function indexAt(xs: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (xs[mid] <= x) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

/** Position of the x next to `x`; −1 when there is none. */
export function nearest(xs: ArrayLike<number>, x: number): number {
  const before = indexAt(xs, x);
  if (before < 0) return xs.length > 0 ? 0 : -1;
  if (before + 1 >= xs.length) return before;
  return x - xs[before] <= xs[before + 1] - x ? before : before + 1;
}

/** Steps of a histogram's outline: each count as wide as its bin. */
export function stepPath(counts: readonly number[], x: (bin: number) => number, y: (count: number) => number): string {
  return counts
    .map((count, bin) => `${bin === 0 ? 'M' : 'L'}${x(bin).toFixed(1)},${y(count).toFixed(1)}H${x(bin + 1).toFixed(1)}`)
    .join('');
}
