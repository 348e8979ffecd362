/** Makes the store of the training screen, one for each page, so that going to Explore and back loses nothing. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { TrainingApi } from '../../api/training.ts';
import type { ModelInfo } from '../../api/model.ts';
import type { SharedState } from '../shared/state.ts';
import { createCorpusActions } from './corpusActions.ts';
import { followCurves, followList } from './follow.ts';
import { createFormActions } from './formActions.ts';
import { createRunActions } from './runActions.ts';
import { initialTrainingFacts, type TrainingActions, type TrainingState, type TrainingStore } from './state.ts';
import { createEstimator } from './trainingEstimates.ts';
import { emptyForm } from './trainingForm.ts';

export function createTrainingStore(api: TrainingApi, page: StoreApi<SharedState>): TrainingStore {
  const store = createStore<TrainingState>(() => ({ ...initialTrainingFacts, actions: null as unknown as TrainingActions }));
  const { getState: get, setState: set } = store;
  const shown = { now: false };
  const model = () => page.getState().model;
  const curves = followCurves(api, store, shown);
  const estimator = createEstimator(api, store, model, () => shown.now);
  const runs = followList(api.runs, (list) => {
    set({ runs: list });
    curves.update();
    estimator.update();
  });
  const corpora = followList(api.corpus, (list) => {
    set({ corpora: list });
    estimator.update();
  });
  const modelChanged = (now: ModelInfo | null) => {
    if (now && !get().form) set({ form: emptyForm(now) });
    estimator.update();
  };
  page.subscribe((now, was) => now.model !== was.model && modelChanged(now.model));
  store.subscribe((now, was) => {
    if (now.form !== was.form) estimator.update();
    if (now.watched !== was.watched) curves.update();
  });
  const { exploreDictionary } = page.getState().actions;
  set({
    actions: {
      setShown(now) {
        shown.now = now;
        curves.update();
        estimator.update();
      },
      ...createFormActions(store, model),
      ...createRunActions(api, store, { model, exploreDictionary, stopEstimating: estimator.stop, runsChanged: runs.refresh }),
      ...createCorpusActions(api, store, corpora.refresh),
    },
  });
  modelChanged(model());
  return store;
}
