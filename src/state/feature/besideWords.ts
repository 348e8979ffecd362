/** The feature and the directions beside it, in rows. */
import type { Effects } from '../../api/features.ts';
import { formatNumber } from '../../charts/format.ts';
import { toCsv } from '../shared/csv.ts';
import { seriesName } from './files.ts';
import type { Beside } from './state.ts';
import { countOf } from './words.ts';

const HEADS = ['what', 'dictionary', 'feature', 'correlation', 'cosine', 'density', 'maximum', 'commonest token', 'share', 'entropy'];
const EFFECT_HEADS = ['mean delta', 'KL', 'helped', 'harmed'];

interface BesideTable {
  columns: string[];
  rows: string[][];
}

/** @param effects of the feature and of each direction; empty where they were not measured */
export function besideTable({ own, columns }: Beside, effects: readonly Effects[], names: ReadonlyMap<number, string>): BesideTable {
  const all = [{ ...own, kind: 'feature', correlation: NaN, cosine: NaN }, ...columns];
  return {
    columns: [...HEADS, ...(effects.length > 0 ? EFFECT_HEADS : [])],
    rows: all.map(({ kind, dictionary, latent, correlation, cosine, firing: { record }, token }, i) => [
      kind,
      dictionary,
      String(latent),
      ...[correlation, cosine].map((value) => (Number.isNaN(value) ? '' : formatNumber(value))),
      formatNumber(record.density),
      formatNumber(record.maximum),
      token ? seriesName(names, token) : '',
      token ? formatNumber(token.share) : '',
      token ? formatNumber(token.entropy) : '',
      ...(effects[i] ? figuresOf(effects[i]) : []),
    ]),
  };
}

function figuresOf({ mean_delta, kl, up, down }: Effects): string[] {
  return [formatNumber(mean_delta), formatNumber(kl), String(countOf(up.series)), String(countOf(down.series))];
}

export function besideCsv({ columns, rows }: BesideTable): string {
  return toCsv([columns, ...rows]);
}
