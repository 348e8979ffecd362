/** The feature list as comma-separated values, every digit written. */
import { toCsv } from '../shared/csv.ts';
import { featureValue } from './features.ts';
import { densityOf, rareValue, spanValue, type RankedFeature, type Tally } from './ranking.ts';
import type { Densities } from '../shared/dictionaries.ts';

interface CsvFacts {
  counted: Tally;
  ranked: readonly RankedFeature[];
  /** Of the tokens, as written on screen. */
  names: readonly string[];
  labels: ReadonlyMap<number, string>;
  position: number;
  span: readonly [number, number] | null;
  densities: Densities | null;
}

export function featuresCsv({ counted, ranked, names, labels, position, span, densities }: CsvFacts): string {
  const head = [
    'feature',
    'label',
    'maximum',
    'sum',
    'tokens',
    'peak_position',
    'peak_token',
    `value_at_position_${position}`,
    ...(span ? [`maximum_at_positions_${span[0]}_to_${span[1] - 1}`] : []),
    densities ? 'density' : 'density_on_this_text',
    'rarity_weighted',
  ];
  const lines = ranked.map(({ row }) => {
    const { latent, max, sum, count, peak } = row;
    return [
      latent,
      labels.get(latent) ?? '',
      full(max),
      full(sum),
      count,
      ...(count > 0 ? [peak, names[peak] ?? ''] : ['', '']),
      full(featureValue(counted.index, latent, position)),
      ...(span ? [full(spanValue(counted, latent, span))] : []),
      full(densityOf(counted, row, densities)),
      full(rareValue(counted, row, densities)),
    ];
  });
  return toCsv([head, ...lines]);
}

/** The shortest decimal that reads back as the same float32. */
export function full(value: number): number {
  return Number(value.toPrecision(9));
}
