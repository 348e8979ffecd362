/**
 * Keeps predictions, activations and features in step with text, edits, hook, dictionary and model. A lane
 * each, so that a slow read of activations never holds back predictions; in each only the newest question counts.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi, FileIn } from '../app/api.ts';
import type { Predictions, Tokenized } from '../core/lm/types.ts';
import type { Activations, Analysis, AppState } from './appState.ts';
import { createFeatureReader } from './featureReader.ts';
import { createLatest } from './latest.ts';
import { activeEdits } from './selectors.ts';
import { keptSpan } from './spans.ts';

/** Long enough to join the keystrokes of one word, short enough to feel live. */
export const TYPING_PAUSE_MS = 70;
/** As many predictions as the screen can show. */
export const PREDICTIONS_K = 50;

export interface Reader {
  textChanged: () => void;
  editsChanged: () => void;
  hookChanged: () => void;
  dictionaryChanged: () => void;
  importDictionaries: (files: FileIn[]) => Promise<void>;
  modelChanged: () => void;
}

type Answer = { status: 'empty' } | { status: 'tooLong'; tokens: number; allowed: number } | { status: 'done'; analysis: Analysis };

export function createReader(api: FeaturescopeApi, store: StoreApi<AppState>): Reader {
  const predictions = createLatest();
  const activations = createLatest();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tokenized: { text: string; answer: Promise<Tokenized> } | null = null;
  let plain: { text: string; answer: Predictions } | null = null;

  const tokensOf = (text: string): Promise<Tokenized> => {
    if (tokenized?.text !== text) {
      const answer = api.tokenize(text);
      tokenized = { text, answer };
      answer.catch(() => {
        if (tokenized?.answer === answer) tokenized = null;
      });
    }
    return tokenized.answer;
  };

  const features = createFeatureReader(api, store, tokensOf, () => {
    if (store.getState().bench.present.edits.some((e) => e.change.op === 'ablate')) refresh();
  });

  const readPredictions = async (text: string, signal: AbortSignal): Promise<Answer> => {
    const { ids } = await tokensOf(text);
    const state = store.getState();
    const allowed = state.model?.n_ctx ?? 0;
    if (ids.length === 0) return { status: 'empty' };
    if (ids.length > allowed) return { status: 'tooLong', tokens: ids.length, allowed };
    const edits = activeEdits(state, ids.length);
    const before = plain?.text === text ? plain.answer : await api.predict({ text }, { k: PREDICTIONS_K, signal });
    signal.throwIfAborted();
    plain = { text, answer: before };
    const after = edits.length > 0 ? await api.predict({ text }, { k: PREDICTIONS_K, edits, signal }) : null;
    return { status: 'done', analysis: { text, before, after } };
  };

  const readActivations = async (text: string, hook: string, signal: AbortSignal): Promise<Activations | null> => {
    const { ids, tokens, spans } = await tokensOf(text);
    const state = store.getState();
    if (ids.length === 0 || ids.length > (state.model?.n_ctx ?? 0)) return null;
    const edits = activeEdits(state, ids.length);
    const { acts } = await api.run({ text }, { read: [hook], edits, signal });
    return { hook, text, tokens, spans, values: acts[hook], edited: edits.length > 0 };
  };

  const adopt = (analysis: Analysis) => {
    const was = store.getState();
    const span = keptSpan(was.span, was.analysis?.before.ids ?? [], analysis.before.ids);
    store.setState({ reading: { status: 'done' }, analysis, span });
  };

  const refreshPredictions = async () => {
    const { text, model } = store.getState();
    if (!model) return;
    store.setState({ reading: { status: 'running' } });
    const outcome = await predictions.run((signal) => readPredictions(text, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') store.setState({ reading: outcome });
    else if (outcome.value.status === 'done') adopt(outcome.value.analysis);
    else if (outcome.value.status === 'empty') store.setState({ reading: outcome.value, analysis: null, span: null });
    else store.setState({ reading: outcome.value });
  };

  const refreshActivations = async () => {
    const { text, model, hook } = store.getState();
    if (!model || hook === '') return;
    store.setState({ activationsTask: { status: 'running' } });
    const outcome = await activations.run((signal) => readActivations(text, hook, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') store.setState({ activationsTask: outcome });
    else if (outcome.value) store.setState({ activationsTask: { status: 'done' }, activations: outcome.value });
    else store.setState({ activationsTask: { status: 'idle' } });
  };

  const refresh = () => {
    clearTimeout(timer);
    timer = undefined;
    void refreshPredictions();
    void refreshActivations();
  };

  return {
    textChanged() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        refresh();
        features.refresh();
      }, TYPING_PAUSE_MS);
    },
    editsChanged() {
      // A text not read yet is about to be, here: its features with it.
      const pending = timer !== undefined;
      refresh();
      if (pending) features.refresh();
    },
    hookChanged: () => void refreshActivations(),
    dictionaryChanged: features.refresh,
    importDictionaries: features.importFiles,
    modelChanged() {
      tokenized = null;
      plain = null;
      refresh();
      features.modelChanged();
    },
  };
}
