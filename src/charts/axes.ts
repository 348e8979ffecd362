/** Axes on d3-scale: where a value lies in pixels, and which values are marked, in the words of the screens. */
import { extent } from 'd3-array';
import { scaleLinear, scaleLog, type ScaleContinuousNumeric } from 'd3-scale';
import { formatCount, formatNumber } from './format.ts';

interface Tick {
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
type Range = readonly [from: number, to: number];

/** About this many marks, where nothing else is asked for. */
const TICKS = 4;
/** Marks nearer than the height of their labels touch. */
const APART_PX = 13;
/** Powers of ten are thinned to this many. */
const MOST_POWERS = 5;

/** @param format of the labels */
export function linearAxis(domain: Domain, range: Range, count = TICKS, format: (value: number) => string = tickLabel): Axis {
  const scale = scaleLinear(widened(domain), range);
  return axisOf(scale, scale.ticks(count), Number.isFinite, format);
}

/** Logarithmic; values that are not above 0 have no place. */
export function logAxis(domain: Domain, range: Range, format: (value: number) => string = tickLabel): Axis {
  const [low, high] = domain[0] < domain[1] ? domain : [domain[0] / 2, domain[0] * 2];
  const scale = scaleLog([low, high], range);
  return axisOf(scale, logTicks(scale), (value) => value > 0 && Number.isFinite(value), format);
}

/** A number for each of the bins 0 … n − 1, marked by `labels` where `every` so many of them fit. */
export function binAxis(labels: readonly string[], range: Range, every: number): Axis {
  const scale = scaleLinear([0, labels.length], range);
  const ticks = labels.flatMap((label, bin) => (bin % every === 0 ? [{ value: bin + 0.5, label }] : []));
  return { place: (value) => scale(value), value: (pixel) => scale.invert(pixel), ticks };
}

function axisOf(
  scale: ScaleContinuousNumeric<number, number>,
  values: readonly number[],
  hasPlace: (value: number) => boolean,
  format: (value: number) => string,
): Axis {
  return {
    place: (value) => (hasPlace(value) ? scale(value) : NaN),
    value: (pixel) => scale.invert(pixel),
    ticks: values.map((value) => ({ value, label: format(value) })),
  };
}

/** Those of d3's marks that it would label, none so near the next that they touch; within one power of ten those of a linear axis. */
function logTicks(scale: ScaleContinuousNumeric<number, number>): number[] {
  const label = scale.tickFormat(MOST_POWERS, '~g');
  const labelled = scale.ticks(MOST_POWERS).filter((value) => label(value) !== '');
  if (labelled.length < 3) return scaleLinear(scale.domain(), [0, 1]).ticks(3);
  const ticks = apart(labelled, scale);
  const every = Math.ceil(ticks.length / MOST_POWERS);
  return ticks.filter((_, i) => i % every === 0);
}

/** From the largest down, those that are far enough from the one above. */
function apart(values: readonly number[], place: (value: number) => number): number[] {
  const kept: number[] = [];
  for (const value of [...values].reverse())
    if (kept.length === 0 || Math.abs(place(kept[0]) - place(value)) >= APART_PX) kept.unshift(value);
  return kept;
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
  const counts = (v: number) => Number.isFinite(v) && (!positive || v > 0);
  const ends = Array.from(series, (values) => extent(Array.from(values), (v) => (counts(v) ? v : null))).flat();
  const [low, high] = extent(ends.filter((end) => end !== undefined));
  return low === undefined ? null : [low, high];
}
