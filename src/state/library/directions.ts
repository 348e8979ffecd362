/** Makes other directions of a hook into dictionaries, one at a time. */
import type { StoreApi } from 'zustand/vanilla';
import type { BaselineOptions } from '../../api/features.ts';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import type { DirectionsActions, DirectionsTask, LibraryState } from './state.ts';

interface DirectionsNeeds {
  /** Asks again which dictionaries there are; `wanted` is chosen if it fits. */
  refresh: (wanted?: string) => Promise<void>;
}

export function createDirections(api: FeaturescopeApi, store: StoreApi<LibraryState>, { refresh }: DirectionsNeeds): DirectionsActions {
  let running: AbortController | null = null;
  const make = async (options: BaselineOptions) => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const put = (directionsTask: DirectionsTask) => {
      if (running === mine) store.setState({ directionsTask });
    };
    put({ status: 'running', done: 0, total: 0, message: 'Opening the model once more.' });
    let last = '';
    try {
      const { id, label } = await api.baselines.make(options, {
        signal: mine.signal,
        onProgress: (progress) => {
          last = progress.message;
          put({ status: 'running', ...progress });
        },
      });
      const { record, notes } = await api.dictionaries.card(id);
      const unfinished = record?.converged === false ? [`It had not converged after ${String(record.iterations)} iterations.`] : [];
      const unkept = last.includes('could not be kept') ? [last] : [];
      put({ status: 'done', words: [`${label} is here.`, ...unfinished, ...unkept, ...notes].join(' '), id });
      await refresh();
    } catch (error) {
      put(mine.signal.aborted || isAbort(error) ? { status: 'idle' } : { status: 'failed', message: sentenceOf(error) });
    } finally {
      if (running === mine) running = null;
    }
  };
  return {
    makeDirections: make,
    cancelDirections() {
      running?.abort();
      running = null;
      store.setState({ directionsTask: { status: 'idle' } });
    },
    textNames: async () => (await api.corpus.list()).map(({ name }) => name),
  };
}
