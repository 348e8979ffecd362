/**
 * Keeps the features in step with text and dictionary, in a lane of its own. What fires comes first;
 * how much of the activation that explains follows, since it costs two more runs.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi, FileIn } from '../app/api.ts';
import type { Tokenized } from '../core/lm/types.ts';
import type { AppState } from './appState.ts';
import { chosenDictionary, type FeatureReading } from './featureFacts.ts';
import { defaultDictionary, explain, indexFeatures, type Explained } from './features.ts';
import { createLatest, sentenceOf } from './latest.ts';

export interface FeatureReader {
  refresh: () => void;
  /** Asks again which dictionaries there are, then reads. */
  modelChanged: () => void;
  importFiles: (files: FileIn[]) => Promise<void>;
}

export function createFeatureReader(
  api: FeaturescopeApi,
  store: StoreApi<AppState>,
  tokensOf: (text: string) => Promise<Tokenized>,
  /** Edits of features act or not by what is listed. */
  listed: () => void,
): FeatureReader {
  const lane = createLatest();
  const listing = createLatest();

  /** @param wanted chosen if it fits, else what was chosen, else the default */
  const list = async (wanted?: string) => {
    const outcome = await listing.run(() => api.dictionaries.list());
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      store.setState({ dictionaries: outcome, dictionary: '', features: null });
      listed();
      return;
    }
    const { model, dictionary } = store.getState();
    const fits = (id: string | undefined) => outcome.value.some((d) => d.fits && d.id === id);
    const chosen = [wanted, dictionary].find(fits) ?? (model ? defaultDictionary(outcome.value, model)?.id : undefined) ?? '';
    store.setState({ dictionaries: { status: 'done', list: outcome.value }, dictionary: chosen });
    listed();
    refresh();
  };

  const explainReading = async (reading: FeatureReading, signal: AbortSignal): Promise<Explained> => {
    const { id, hook, d_in } = reading.dictionary;
    const { acts } = await api.run({ text: reading.text }, { read: [hook], signal });
    signal.throwIfAborted();
    const x = { data: acts[hook].data, shape: [reading.ids.length, d_in] };
    return explain(x, await api.reconstruct({ acts: x }, id));
  };

  const read = async (signal: AbortSignal): Promise<FeatureReading | null> => {
    const state = store.getState();
    const { text } = state;
    const dictionary = chosenDictionary(state);
    if (!dictionary) return null;
    const { ids, tokens, spans } = await tokensOf(text);
    if (ids.length === 0 || ids.length > (state.model?.n_ctx ?? 0)) return null;
    signal.throwIfAborted();
    const index = indexFeatures(await api.encode({ text }, dictionary.id, { signal }));
    signal.throwIfAborted();
    const reading = { dictionary, text, ids, tokens, spans, index, explained: null };
    store.setState({ featuresTask: { status: 'done' }, features: reading });
    const explained = await explainReading(reading, signal).catch(() => null);
    return { ...reading, explained };
  };

  const refresh = () => void refreshNow();
  const refreshNow = async () => {
    const { model, dictionary, text } = store.getState();
    if (!model || dictionary === '' || text === '') {
      lane.cancel();
      store.setState({ features: null, featuresTask: { status: 'idle' }, pointed: null });
      return;
    }
    store.setState({ featuresTask: { status: 'running' } });
    const outcome = await lane.run(read);
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      // The last answer stays, unless it is another dictionary's than the one named above it.
      const { features } = store.getState();
      store.setState({ featuresTask: outcome, features: features?.dictionary.id === dictionary ? features : null });
    } else if (outcome.value) store.setState({ featuresTask: { status: 'done' }, features: outcome.value });
    else store.setState({ featuresTask: { status: 'idle' } });
  };

  return {
    refresh,
    modelChanged() {
      lane.cancel();
      store.setState({ dictionaries: { status: 'waiting' }, features: null, featuresTask: { status: 'idle' }, pointed: null });
      void list();
    },
    async importFiles(files) {
      store.setState({ importTask: { status: 'running' } });
      try {
        const { dictionaries, warnings } = await api.dictionaries.import(files);
        store.setState({ importTask: { status: 'done', warnings } });
        await list(dictionaries.find((d) => d.fits)?.id);
      } catch (error) {
        store.setState({ importTask: { status: 'failed', message: sentenceOf(error) } });
      }
    },
  };
}
