/** The form, and what on the screen is chosen. */
import type { ModelInfo } from '../../api/model.ts';
import { sentenceOf } from '../shared/latest.ts';
import { failuresOf, type TrainingActions, type TrainingStore } from './state.ts';
import { formOf, formOfJson } from './formJson.ts';

type FormActions = Pick<
  TrainingActions,
  'setForm' | 'pasteForm' | 'takeSettingsOf' | 'watch' | 'mute' | 'setCursor' | 'setCharts' | 'dismissFailure'
>;

export function createFormActions(store: TrainingStore, model: () => ModelInfo | null): FormActions {
  const { getState: get, setState: set } = store;
  const { fail, clear } = failuresOf(store);
  return {
    setForm: (form) => set({ form }),
    pasteForm(json) {
      const open = model();
      if (!open) throw new Error('No model is open yet.');
      set({ form: formOfJson(json, open) });
    },
    takeSettingsOf(run) {
      const open = model();
      if (!open) return;
      try {
        set({ form: formOf(run.config, open) });
      } catch (error) {
        fail(run.id, sentenceOf(error));
      }
    },
    watch(id) {
      if (get().watched !== id) set({ watched: id, muted: [], cursor: null });
    },
    mute: (index) => set(({ muted }) => ({ muted: muted.includes(index) ? muted.filter((i) => i !== index) : [...muted, index] })),
    setCursor(cursor) {
      if (get().cursor !== cursor) set({ cursor });
    },
    setCharts: (patch) => set((s) => ({ charts: { ...s.charts, ...patch } })),
    dismissFailure: clear,
  };
}
