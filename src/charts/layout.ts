/** Shapes computed by value; React draws them. In the first paint, so of d3 only its smallest parts are used. */
import { extent as rangeOf, tickStep } from 'd3-array';

interface BarLayout {
  /** SVG paths in a box `count` wide and `height` high. */
  positive: string;
  negative: string;
  /** y of zero. */
  zero: number;
}

/** One bar per value, a fifth of a unit apart when there is room. Non-finite values draw nothing. */
export function layoutBars(values: ArrayLike<number>, height: number): BarLayout {
  const { min, max } = extent(values);
  const range = max - min || 1;
  const zero = (max / range) * height;
  const gap = values.length <= 400 ? 0.1 : 0;
  let positive = '';
  let negative = '';
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!Number.isFinite(v) || v === 0) continue;
    const y = ((max - v) / range) * height;
    const bar = `M${i + gap} ${round(zero)}V${round(y)}H${round(i + 1 - gap)}V${round(zero)}Z`;
    if (v > 0) positive += bar;
    else negative += bar;
  }
  return { positive, negative, zero: round(zero) };
}

/** Range of the finite values, zero always inside. */
export function extent(values: ArrayLike<number>): { min: number; max: number } {
  const [min = 0, max = 0] = rangeOf(Array.from(values), (v) => (Number.isFinite(v) ? v : null));
  return { min: Math.min(0, min), max: Math.max(0, max) };
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}

/** One grey level per cell of an n × n pattern: alpha of the ink colour, 0 to 255, row-major RGBA. */
export function heatPixels(values: ArrayLike<number>, ink: readonly [number, number, number], top: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  for (let i = 0; i < values.length; i++) {
    pixels.set(ink, i * 4);
    // Square root: most attention weights are small, and they should still be seen.
    pixels[i * 4 + 3] = 255 * Math.sqrt(Math.max(0, values[i]) / top);
  }
  return pixels;
}

/** Every how many tokens an axis label of `minPixels` fits on `pixels`: 1, 2, 5, 10, … */
export function labelStep(count: number, pixels: number, minPixels: number): number {
  let fit = Math.max(1, Math.floor(pixels / minPixels));
  // d3 rounds to the nearest round step, which may be too narrow by a little.
  while (fit > 1 && Math.max(1, tickStep(0, count, fit)) * (pixels / count) < minPixels) fit--;
  return Math.max(1, tickStep(0, count, fit));
}
