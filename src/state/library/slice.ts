/** Makes the library slice. It follows the library, here and in other tabs, for as long as the page lives. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { sentenceOf } from '../shared/latest.ts';
import type { DictionaryActions } from '../shared/dictionaries.ts';
import type { LabelActions } from '../shared/labels.ts';
import { followDensities } from './densities.ts';
import { createDirections } from './directions.ts';
import { createImporter } from './importer.ts';
import { createLabelKeeper } from './labels.ts';
import type { Reporter, ReporterNeeds } from './reports.ts';
import type { LibraryActions, LibraryState } from './state.ts';
import { createStorageActions } from './storage.ts';

/** What the library needs of the rest of the page. */
interface LibraryNeeds extends Pick<ReporterNeeds, 'untilRead'> {
  /** Asks again which dictionaries there are; `wanted` is chosen if it fits. */
  libraryChanged: (wanted?: string) => Promise<void>;
}

type OwnActions = LibraryActions & LabelActions & Omit<DictionaryActions, 'chooseDictionary' | 'dismissWanted'>;

export function createLibrarySlice(
  api: FeaturescopeApi,
  store: StoreApi<LibraryState>,
  { libraryChanged, untilRead }: LibraryNeeds,
): { actions: OwnActions } {
  const refresh = async (wanted?: string) => {
    const { model, dictionaries } = store.getState();
    // The first list comes with the model.
    if (model && dictionaries.status !== 'waiting') await libraryChanged(wanted);
  };
  api.dictionaries.subscribe(() => void refresh());
  const reporter = laterReporter(api, store, { untilRead, densitiesChanged: followDensities(api, store) });
  const actions: OwnActions = {
    measure: reporter.measure,
    stopMeasuring: reporter.stopMeasuring,
    ...createImporter(api, store, { refresh, opened: (id) => void reporter.measureFirst(id) }),
    ...createDirections(api, store, { refresh }),
    ...createStorageActions(api, store),
    ...createLabelKeeper(api, store),
    exploreDictionary: (id) => exploreDictionary(store, refresh, id),
    dictionaryCard: (id) => api.dictionaries.card(id),
    async exportDictionary(id, format) {
      try {
        return await api.dictionaries.export(id, format);
      } catch (error) {
        store.setState({ notice: { text: `${id} could not be exported. ${sentenceOf(error)}`, undo: null } });
        return null;
      }
    },
  };
  return { actions };
}

async function exploreDictionary(store: StoreApi<LibraryState>, refresh: (wanted: string) => Promise<void>, id: string): Promise<void> {
  const notify = (text: string) => store.setState({ notice: { text, undo: null } });
  await refresh(id);
  const { dictionaries, dictionary } = store.getState();
  store.setState({ view: 'explore', dialog: null });
  if (dictionary === id) return;
  const found = dictionaries.status === 'done' ? dictionaries.list.find((d) => d.id === id) : undefined;
  if (!found) return notify('That dictionary is not here any more: it was removed from the library.');
  notify(`${found.label || id} does not fit the model that is open, so it was not chosen. Open its model first.`);
}

/** Fetched when something is measured: the first paint does without it. */
function laterReporter(api: FeaturescopeApi, store: StoreApi<LibraryState>, needs: ReporterNeeds): Reporter {
  let reporter: Promise<Reporter | undefined> | undefined;
  const failed = () => {
    reporter = undefined;
    const text = 'What measures dictionaries could not be fetched. Look whether the server can be reached, then reload the page.';
    store.setState({ notice: { text, undo: null } });
    return undefined;
  };
  const load = () => (reporter ??= import('./reports.ts').then(({ createReporter }) => createReporter(api, store, needs), failed));
  return {
    measure: async (id, tokens) => (await load())?.measure(id, tokens),
    stopMeasuring: (id) => void load().then((actions) => actions?.stopMeasuring(id)),
    measureFirst: async (id) => (await load())?.measureFirst(id),
  };
}
