import type { TokenCounts } from '../../api/features.ts';
import type { StackSeries } from '../../charts/StackedHistogram.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { seriesName } from '../../state/feature/files.ts';

/** Counts by token as a chart draws them, those that are nowhere left out. */
export function stackSeries(series: readonly TokenCounts[], names: ReadonlyMap<number, string>): StackSeries[] {
  return series
    .filter(({ counts }) => counts.some((n) => n > 0))
    .map((one) => ({
      name: seriesName(names, one),
      counts: one.counts,
      isRest: one.id === null,
      ...(one.id !== null && { face: <TokenSample name={{ text: names.get(one.id) ?? `[${one.id}]`, part: 1, of: 1 }} /> }),
    }));
}
