/** The part of the state that is about the second text. */
import type { CompareBy } from './comparing.ts';
import { tallyOf, type FeatureFacts, type FeatureReading, type FeaturesTask } from './featureFacts.ts';

export interface CompareFacts {
  /** The second text; null while there is none. Small and plain: it goes into links. */
  compare: { text: string } | null;
  compareBy: CompareBy;
  /** The last good answer for it. */
  compared: SecondReading | null;
  compareTask: FeaturesTask;
}

/** Read in one call: the text, or the start of a very long one. */
export type SecondReading = Omit<FeatureReading, 'explained' | 'known' | 'windows'>;

export const initialCompareFacts: CompareFacts = { compare: null, compareBy: 'max', compared: null, compareTask: { status: 'idle' } };

/** A feature's largest value on the counted tokens on screen: one scale for the strips of both texts. */
export function comparedTop(
  state: Pick<FeatureFacts, 'features' | 'skipSpecial'> & Pick<CompareFacts, 'compared'>,
  latent: number,
): number {
  const { features, compared, skipSpecial } = state;
  const texts = [features, compared?.dictionary.id === features?.dictionary.id ? compared : null];
  return Math.max(0, ...texts.map((text) => (text ? (tallyOf(text, skipSpecial).byLatent.get(latent)?.max ?? 0) : 0)));
}
