/** Bars computed by value; React draws them. In the first paint, which would get all that is used of d3-array for one loop. */

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
  let min = 0;
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  return { min, max };
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}
