/** A heat map's ink and labels, computed by value. */
import { tickStep } from 'd3-array';

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
