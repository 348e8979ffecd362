/** What is kept in this browser: how much it is, and deleting it. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { sentenceOf } from '../shared/latest.ts';
import type { Notice } from '../shared/page.ts';
import type { LibraryState, StorageActions } from './state.ts';

export function createStorageActions(api: FeaturescopeApi, store: StoreApi<LibraryState>): StorageActions {
  const notify = (text: string, undo: Notice['undo'] = null) => store.setState({ notice: { text, undo } });

  const restore = async (id: string, label: string) => {
    try {
      await api.dictionaries.restore(id);
      notify(`${label} is back.`);
    } catch (error) {
      notify(`${label} could not be brought back. ${sentenceOf(error)}`);
    }
  };
  const removeDictionary = async (id: string) => {
    const { dictionaries } = store.getState();
    const label = (dictionaries.status === 'done' && dictionaries.list.find((d) => d.id === id)?.label) || id;
    try {
      await api.dictionaries.remove(id);
    } catch (error) {
      notify(`${label} was not removed. ${sentenceOf(error)}`);
      return;
    }
    notify(`${label} removed. Its labels are kept.`, { run: () => void restore(id, label) });
  };

  return {
    removeDictionary,
    storageUse: () => api.storage.usage(),
    persistStorage: () => api.storage.persist(),
    async removeStored({ kind, id, label }) {
      if (kind === 'dictionary') return removeDictionary(id);
      // Labels can come back from the file they would be exported as.
      const kept = kind === 'labels' ? await api.labels.export().catch(() => null) : null;
      try {
        await api.storage.remove(kind, id);
        const back = async () => void (await api.labels.import({ path: 'labels.json', data: kept! }));
        notify(`${label} deleted.`, kept ? { run: () => void back() } : null);
      } catch (error) {
        notify(`${label} could not be deleted. ${sentenceOf(error)}`);
      }
    },
    watchStorage(listener) {
      const stops = [api.dictionaries.subscribe(listener), api.labels.subscribe(listener), api.settings.subscribe(listener)];
      return () => stops.forEach((stop) => stop());
    },
  };
}
