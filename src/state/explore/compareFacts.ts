/** The part of the state that is about the second text. */
import type { CompareBy } from './comparing.ts';
import type { FeatureReading, FeaturesTask } from './featureFacts.ts';

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
