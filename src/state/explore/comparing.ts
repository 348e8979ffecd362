/** How features differ between two texts. */
import { toCsv } from '../shared/csv.ts';
import { full } from './featuresCsv.ts';
import type { FeatureRow } from './features.ts';
import { rarity, type Tally } from './ranking.ts';
import type { Densities } from '../shared/dictionaries.ts';

/** Numbers that do not grow with the length of a text, so that two texts can be told apart by them. */
export type CompareBy = 'max' | 'mean' | 'rare' | 'share';

export interface ComparedFeature {
  latent: number;
  first: number;
  second: number;
  /** first − second */
  difference: number;
}

export const COMPARE_FORMULAS: Record<CompareBy, string> = {
  max: 'maximum in the first − maximum in the second',
  mean: 'sum ÷ tokens in the first − sum ÷ tokens in the second',
  rare: '(maximum in the first − maximum in the second) × ln(1 / density)',
  share: 'tokens on which it fires ÷ tokens, in the first − in the second',
};

/** Every feature that fires on either text, the largest difference first whatever its sign, equal ones by number. */
export function compareFeatures(first: Tally, second: Tally, by: CompareBy, densities: Densities | null): ComparedFeature[] {
  const latents = new Set([...first.byLatent.keys(), ...second.byLatent.keys()]);
  const compared = Array.from(latents, (latent): ComparedFeature => {
    const [a, b] = [first.byLatent.get(latent), second.byLatent.get(latent)];
    const weight = by === 'rare' ? rarity(commonDensity(latent, [first, second], densities), densities) : 1;
    const [here, there] = [weight * measure(by, a, first), weight * measure(by, b, second)];
    return { latent, first: here, second: there, difference: here - there };
  });
  return compared.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference) || a.latent - b.latent);
}

function measure(by: CompareBy, row: FeatureRow | undefined, { tokens }: Tally): number {
  if (!row) return 0;
  if (by === 'mean') return row.sum / tokens;
  return by === 'share' ? row.count / tokens : row.max;
}

/** One density for both texts, or their difference would be one of weights. */
function commonDensity(latent: number, texts: readonly Tally[], densities: Densities | null): number {
  if (densities) return densities.values[latent];
  const count = texts.reduce((n, text) => n + (text.byLatent.get(latent)?.count ?? 0), 0);
  return count / texts.reduce((n, text) => n + text.tokens, 0);
}

export function comparedCsv(compared: readonly ComparedFeature[], by: CompareBy, labels: ReadonlyMap<number, string>): string {
  const head = ['feature', 'label', `${by}_first`, `${by}_second`, 'difference'];
  return toCsv([
    head,
    ...compared.map(({ latent, first, second, difference }) => [
      latent,
      labels.get(latent) ?? '',
      full(first),
      full(second),
      full(difference),
    ]),
  ]);
}
