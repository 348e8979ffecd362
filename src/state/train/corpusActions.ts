/** Texts that a person adds to train on. */
import type { TrainingApi } from '../../api/training.ts';
import { sentenceOf } from '../shared/latest.ts';
import { failuresOf, type TrainingActions, type TrainingStore } from './state.ts';

export function createCorpusActions(
  api: Pick<TrainingApi, 'corpus'>,
  store: TrainingStore,
  corporaChanged: () => void,
): Pick<TrainingActions, 'addText' | 'removeText'> {
  const { getState: get, setState: set } = store;
  const { fail, clear } = failuresOf(store);
  return {
    async addText(name, data) {
      clear('corpus');
      set({ addingText: true, corpusWarnings: [] });
      try {
        const { corpus, warnings } = await api.corpus.add(name, data);
        const { form } = get();
        set({ corpusWarnings: warnings });
        // What was just added is what is meant.
        if (form && !form.corpus.includes(corpus.name)) set({ form: { ...form, corpus: [...form.corpus, corpus.name] } });
        return true;
      } catch (error) {
        fail('corpus', sentenceOf(error));
        return false;
      } finally {
        set({ addingText: false });
        corporaChanged();
      }
    },
    async removeText(name) {
      clear('corpus');
      try {
        await api.corpus.remove(name);
        const { form } = get();
        if (form) set({ form: { ...form, corpus: form.corpus.filter((other) => other !== name) } });
      } catch (error) {
        fail('corpus', sentenceOf(error));
      }
      corporaChanged();
    },
  };
}
