/** Which indices there are, and making one. */
import type { FeaturesApi } from '../../api/features.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import type { FeatureActions, FeatureStore } from './state.ts';

interface Indexing extends Pick<FeatureActions, 'buildIndex' | 'stopBuilding' | 'importIndex'> {
  /** Asks again. */
  refresh: () => void;
}

/** @param index absent: this copy of the page makes none */
export function createIndexing(index: FeaturesApi['index'] | undefined, store: FeatureStore): Indexing {
  let control: AbortController | null = null;
  let asking = 0;

  const refresh = async () => {
    if (!index) return store.setState({ indices: { status: 'absent' } });
    const mine = ++asking;
    try {
      const list = await index.list();
      if (mine === asking) store.setState({ indices: { status: 'done', list } });
    } catch (error) {
      if (mine === asking) store.setState({ indices: { status: 'failed', message: sentenceOf(error) } });
    }
  };
  index?.subscribe(() => void refresh());

  return {
    refresh: () => void refresh(),
    async buildIndex(dictionary, tokens) {
      if (!index || control) return;
      const mine = new AbortController();
      control = mine;
      const began = Date.now();
      store.setState({ build: { status: 'running', dictionary, done: 0, total: tokens, message: '', began } });
      try {
        await index.build([dictionary], {
          tokens,
          signal: mine.signal,
          onProgress: (now) => !mine.signal.aborted && store.setState({ build: { status: 'running', dictionary, ...now, began } }),
        });
        store.setState({ build: null });
      } catch (error) {
        const isStopped = mine.signal.aborted || isAbort(error);
        store.setState({ build: isStopped ? null : { status: 'failed', dictionary, message: sentenceOf(error) } });
      } finally {
        control = null;
        await refresh();
      }
    },
    async importIndex(file) {
      if (!index) return 'This copy of the page opens no indices.';
      try {
        const { dictionary, corpus, tokens } = await index.import(file);
        await refresh();
        return `Opened: ${dictionary}, ${tokens.toLocaleString('en')} tokens of ${corpus}.`;
      } catch (error) {
        return `${sentenceOf(error)} Nothing was changed.`;
      }
    },
    stopBuilding() {
      control?.abort();
      store.setState({ build: null });
    },
  };
}
