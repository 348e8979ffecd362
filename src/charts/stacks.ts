/** Bars made of parts, by value. */
import { bisectRight } from 'd3-array';
import type { Axis, Domain } from './axes.ts';

/** Where one part of a bar lies, in pixels. */
interface StackPart {
  bin: number;
  /** Which of the series. */
  part: number;
  left: number;
  width: number;
  top: number;
  height: number;
}

/** Wider bars have a gap between them. */
const GAP_FROM_PX = 4;

/**
 * The first series at the bottom. A bar is as high as the axis has its total; its parts divide that height by their
 * shares, on a logarithmic axis too.
 * @param counts of each series, in bins between `edges`
 * @param foot what the axis begins with
 */
export function stackParts(edges: readonly number[], counts: readonly (readonly number[])[], x: Axis, y: Axis, foot: number): StackPart[] {
  const bottom = y.place(foot);
  return totals(counts).flatMap((total, bin) => {
    if (total === 0) return [];
    const from = x.place(edges[bin]);
    const width = x.place(edges[bin + 1]) - from;
    const gap = width >= GAP_FROM_PX ? 1 : 0;
    const height = bottom - y.place(total);
    let below = 0;
    return counts.flatMap((series, part) => {
      if (series[bin] === 0) return [];
      const top = bottom - (height * (below + series[bin])) / total;
      const shape = { bin, part, left: from, width: width - gap, top, height: (height * series[bin]) / total };
      below += series[bin];
      return [shape];
    });
  });
}

/** Of all series, bin by bin. */
export function totals(counts: readonly (readonly number[])[]): number[] {
  return (counts[0] ?? []).map((_, bin) => counts.reduce((sum, series) => sum + series[bin], 0));
}

/** The bin that holds a value; one of the ends for a value beyond them. */
export function binAt(edges: readonly number[], value: number): number {
  return Math.max(0, Math.min(edges.length - 2, bisectRight(edges, value) - 1));
}

/** The stretch widened to whole bins; null for all of them. */
export function wholeBins(edges: readonly number[], [from, to]: Domain): Domain | null {
  const low = edges[binAt(edges, from)];
  const end = binAt(edges, to);
  // An end on an edge is the end of the bin before.
  const high = to === edges[end] && end > 0 && to > low ? to : edges[end + 1];
  return low === edges[0] && high === edges[edges.length - 1] ? null : [low, high];
}

/** Colours of a stack: six, three of them again lighter, and grey for what is left. */
export function stackColour(part: number, isRest: boolean): { 'data-line': number | 'rest'; 'data-light'?: '' } {
  if (isRest) return { 'data-line': 'rest' };
  return part < 6 ? { 'data-line': part } : { 'data-line': part % 6, 'data-light': '' };
}
