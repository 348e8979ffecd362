/** Labels of the dictionary on screen, in step with what is kept, here and in other tabs. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi, FileIn } from '../app/api.ts';
import type { AppState, Notice } from './appState.ts';
import { createLatest, sentenceOf } from './latest.ts';

export interface LabelFacts {
  /** Of one dictionary, by latent. */
  labels: { dictionary: string; byLatent: ReadonlyMap<number, string> };
}

export interface LabelActions {
  /** Saves the label of a feature of the dictionary on screen, or removes it ('' does); the notice takes it back. */
  label: (latent: number, text: string) => Promise<void>;
  importLabels: (file: FileIn) => Promise<void>;
  /** @param all of every dictionary, else of the one on screen; null when it failed, and the notice says why */
  exportLabels: (all: boolean) => Promise<Blob | null>;
}

export const NO_LABELS: ReadonlyMap<number, string> = new Map();

export const initialLabelFacts: LabelFacts = { labels: { dictionary: '', byLatent: NO_LABELS } };

/** Those of the chosen dictionary; none while another's are still on screen. */
export function labelsOf({ labels, dictionary }: LabelFacts & { dictionary: string }): ReadonlyMap<number, string> {
  return labels.dictionary === dictionary ? labels.byLatent : NO_LABELS;
}

/** "Feature 12 “ships”", for sentences. */
export function featureName(latent: number, label: string | undefined): string {
  return label ? `Feature ${latent} “${label}”` : `Feature ${latent}`;
}

/** Follows the chosen dictionary and every change of labels for as long as the page lives. */
export function createLabelKeeper(api: FeaturescopeApi, store: StoreApi<AppState>): LabelActions {
  const lane = createLatest();

  const refresh = async () => {
    const { dictionary } = store.getState();
    if (dictionary === '') return;
    const outcome = await lane.run(() => api.labels.list(dictionary));
    if (outcome.status === 'done') put(dictionary, new Map(outcome.value.map(({ latent, text }) => [latent, text])));
    // Without labels the screen works as ever; writing one will say what is wrong.
    else if (outcome.status === 'failed') put(dictionary, NO_LABELS);
  };
  const put = (dictionary: string, byLatent: ReadonlyMap<number, string>) => store.setState({ labels: { dictionary, byLatent } });
  const say = (text: string, undo: Notice['undo'] = null) => store.setState({ notice: { text, undo } });

  const save = async (dictionary: string, latent: number, text: string): Promise<boolean> => {
    try {
      await api.labels.set(dictionary, latent, text);
      return true;
    } catch (error) {
      say(`The label of feature ${latent} was not saved. ${sentenceOf(error)}`);
      return false;
    }
  };

  store.subscribe((now, was) => {
    if (now.dictionary !== was.dictionary) void refresh();
  });
  api.labels.subscribe(() => void refresh());

  return {
    async label(latent, text) {
      const { dictionary, labels } = store.getState();
      const before = labelsOf({ labels, dictionary }).get(latent) ?? '';
      const wanted = text.trim();
      if (dictionary === '' || wanted === before) return;
      if (!(await save(dictionary, latent, wanted))) return;
      const done = wanted === '' ? 'removed' : before === '' ? 'saved' : 'changed';
      const problem = wanted === '' ? null : api.labels.problem();
      say([`Label of feature ${latent} ${done}.`, problem ?? ''].join(' ').trim(), { run: () => void save(dictionary, latent, before) });
    },
    async importLabels(file) {
      try {
        const { added, changed, unchanged, warnings } = await api.labels.import(file);
        const counts = [
          [added, 'added'],
          [changed, 'changed'],
          [unchanged, 'already here'],
        ] as const;
        const said = counts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
        const words = said.length > 0 ? `Labels imported: ${said.join(', ')}.` : 'The file holds no labels that could be taken.';
        say([words, ...warnings].join(' '));
      } catch (error) {
        say(`No label was imported. ${sentenceOf(error)}`);
      }
    },
    async exportLabels(all) {
      try {
        return await api.labels.export(all ? undefined : store.getState().dictionary);
      } catch (error) {
        say(`The labels could not be exported. ${sentenceOf(error)}`);
        return null;
      }
    },
  };
}
