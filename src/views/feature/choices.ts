import type { DictionaryInfo } from '../../api/dictionaries.ts';
/** How the feature page shows what it shows. */
import type { ContextLength, GroupName } from '../../state/feature/contexts.ts';

export interface Choices {
  /** Of the histogram: 50 bins, or 10 divided by token. */
  bars: 'bins' | 'tokens';
  log: boolean;
  length: ContextLength;
  /** Lines break where the text breaks them. */
  breaks: boolean;
  /** What a full colour stands for. */
  scale: 'feature' | 'row';
  /** Which group of contexts is shown where there is room for one. */
  group: GroupName;
}

export const FIRST_CHOICES: Choices = { bars: 'tokens', log: false, length: 'short', breaks: false, scale: 'feature', group: 'top' };

export type Choose = (patch: Partial<Choices>) => void;

export interface OpenedContext {
  text: string;
  /** Which of its tokens is meant. */
  position: number;
  dictionary: string;
  latent: number;
}

export type OpenContext = (context: OpenedContext) => void;

/** An edit of a feature that the person's text is to be read with. */
export interface FeatureEdit {
  kind: 'ablate' | 'steer';
  dictionary: DictionaryInfo;
  latent: number;
  /** Its maximum, and where; null while nobody knows when it fires. */
  maximum: { value: number; of: string } | null;
}

export type EditFeature = (edit: FeatureEdit) => void;
