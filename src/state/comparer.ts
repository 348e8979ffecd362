/** Keeps the features of the second text in step with it, the dictionary and the model. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../app/api.ts';
import type { AppState } from './appState.ts';
import type { CompareBy } from './comparing.ts';
import type { SecondReading } from './compareFacts.ts';
import { chosenDictionary } from './featureFacts.ts';
import { indexFeatures } from './features.ts';
import { createLatest } from './latest.ts';

export interface CompareActions {
  /** null closes the comparison. */
  setCompare: (text: string | null) => void;
  setCompareBy: (by: CompareBy) => void;
}

/** Joins the keystrokes of one word. */
const PAUSE_MS = 120;

export function createComparer(api: FeaturescopeApi, store: StoreApi<AppState>): CompareActions {
  const lane = createLatest();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const read = async (text: string, signal: AbortSignal): Promise<SecondReading | null> => {
    const dictionary = chosenDictionary(store.getState());
    if (!dictionary) return null;
    const { ids, tokens, spans } = await api.tokenize(text);
    signal.throwIfAborted();
    if (ids.length === 0) return null;
    const index = indexFeatures(await api.encode({ text }, dictionary.id, { signal }));
    return { dictionary, text, ids, tokens, spans, index };
  };

  const refresh = async () => {
    const { compare, model, dictionary } = store.getState();
    if (!compare || compare.text === '' || !model || dictionary === '') {
      lane.cancel();
      store.setState({ compared: null, compareTask: { status: 'idle' } });
      return;
    }
    store.setState({ compareTask: { status: 'running' } });
    const outcome = await lane.run((signal) => read(compare.text, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      const { compared } = store.getState();
      // The last answer stays, unless it is another dictionary's than the one named above it.
      store.setState({ compareTask: outcome, compared: compared?.dictionary.id === dictionary ? compared : null });
    } else store.setState({ compareTask: { status: 'done' }, compared: outcome.value });
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), PAUSE_MS);
  };
  store.subscribe((now, was) => {
    const other = now.model?.hash !== was.model?.hash || now.dictionary !== was.dictionary;
    if (now.compare !== was.compare || (now.compare && other)) soon();
  });
  if (store.getState().compare) soon();

  return {
    setCompare: (text) => store.setState({ compare: text === null ? null : { text } }),
    setCompareBy: (compareBy) => store.setState({ compareBy }),
  };
}
