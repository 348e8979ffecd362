/** Axes: where a value lies in pixels, and which values are marked. */
import { formatCount, formatNumber } from './format.ts';

export interface Tick {
  value: number;
  label: string;
}

export interface Axis {
  /** Pixel of a value; NaN for one that the axis cannot show. */
  place: (value: number) => number;
  /** Value of a pixel. */
  value: (pixel: number) => number;
  ticks: Tick[];
}

export type Domain = readonly [low: number, high: number];
export type Range = readonly [from: number, to: number];

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them. */
export function tickStep(low: number, high: number, count: number): number {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (rough / power >= 7.07 ? 10 : rough / power >= 3.16 ? 5 : rough / power >= 1.41 ? 2 : 1);
}

/** @param format of the labels */
export function linearAxis(domain: Domain, range: Range, count = 4, format: (value: number) => string = tickLabel): Axis {
  const [low, high] = widened(domain);
  const [from, to] = range;
  const step = tickStep(low, high, count);
  const ticks: Tick[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    // Integers times the step carry rounding errors that a label would show.
    const value = Number((i * step).toPrecision(12));
    ticks.push({ value, label: format(value) });
  }
  return {
    place: (value) => (Number.isFinite(value) ? from + ((value - low) / (high - low)) * (to - from) : NaN),
    value: (pixel) => low + ((pixel - from) / (to - from)) * (high - low),
    ticks,
  };
}

/** Logarithmic; values that are not above 0 have no place. */
export function logAxis(domain: Domain, range: Range, format: (value: number) => string = tickLabel): Axis {
  const [low, high] = domain[0] < domain[1] ? domain : [domain[0] / 2, domain[0] * 2];
  const inner = linearAxis([Math.log10(low), Math.log10(high)], range);
  return {
    place: (value) => (value > 0 ? inner.place(Math.log10(value)) : NaN),
    value: (pixel) => 10 ** inner.value(pixel),
    ticks: logTicks(low, high).map((value) => ({ value, label: format(value) })),
  };
}

/** Powers of ten; with fewer than three of them also their doubles and fivefolds; within one, a linear axis' ticks. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  for (const multiples of [[1], [1, 3], [1, 2, 5]]) {
    const ticks: number[] = [];
    for (let power = first; power <= last; power++) for (const m of multiples) ticks.push(Number(`${m}e${power}`));
    const inside = ticks.filter((value) => value >= low * 0.9999 && value <= high * 1.0001);
    if (inside.length >= 3) return thinned(inside);
  }
  return linearAxis([low, high], [0, 1], 3).ticks.map(({ value }) => value);
}

const MOST_TICKS = 5;

function thinned(ticks: number[]): number[] {
  const every = Math.ceil(ticks.length / MOST_TICKS);
  return ticks.filter((_, i) => i % every === 0);
}

/** A domain of one value still has a middle. */
function widened([low, high]: Domain): Domain {
  if (high > low) return [low, high];
  const by = Math.abs(low) * 0.1 || 1;
  return [low - by, low + by];
}

function tickLabel(value: number): string {
  if (Math.abs(value) >= 1e4) return formatCount(value).replace(/\.0+(?=\D|$)|(?<=\.\d)0+(?=\D|$)/, '');
  const text = formatNumber(value);
  // 0.100 says no more than 0.1.
  return text.includes('e') || !text.includes('.') ? text : text.replace(/\.?0+$/, '');
}

/** Smallest and largest of finite values, of those above 0 for a logarithm; null when there are none. */
export function domainOf(series: Iterable<ArrayLike<number>>, positive = false): Domain | null {
  let low = Infinity;
  let high = -Infinity;
  for (const values of series) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      if (!Number.isFinite(v) || (positive && v <= 0)) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return low <= high ? [low, high] : null;
}
