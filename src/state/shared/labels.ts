/** Facts about the labels of the chosen dictionary. */
import type { LabelEvidence } from '../../api/labels.ts';
import type { FileIn } from '../../api/model.ts';

export interface LabelFacts {
  /** Of one dictionary, by latent. */
  labels: { dictionary: string; byLatent: ReadonlyMap<number, string> };
}

export interface LabelActions {
  /** Saves the label of a dictionary's feature, or removes it ('' does), with what stands behind it; the notice takes it back. */
  label: (dictionary: string, latent: number, text: string, evidence?: LabelEvidence | null) => Promise<void>;
  importLabels: (file: FileIn) => Promise<void>;
  /** @param all of every dictionary, else of the chosen one; null when it failed, and the notice says why */
  exportLabels: (all: boolean) => Promise<Blob | null>;
}

export const NO_LABELS: ReadonlyMap<number, string> = new Map();

export const initialLabelFacts: LabelFacts = { labels: { dictionary: '', byLatent: NO_LABELS } };

/** Those of a dictionary; none where others are at hand. */
export function labelsFor({ labels }: LabelFacts, dictionary: string): ReadonlyMap<number, string> {
  return labels.dictionary === dictionary ? labels.byLatent : NO_LABELS;
}

/** "Feature 12 “ships”", for sentences. */
export function featureName(latent: number, label: string | undefined): string {
  return label ? `Feature ${latent} “${label}”` : `Feature ${latent}`;
}
