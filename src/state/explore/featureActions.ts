/** What a person can do with features. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Actions, AppState } from '../appState.ts';
import { createComparer, type CompareActions } from './comparer.ts';
import { ablationOf, togglePin } from './featureFacts.ts';
import { dictionaryName } from './features.ts';
import { createLabelKeeper, type LabelActions } from '../library/labels.ts';
import { followDensities } from '../library/densities.ts';
import { createLibrary, type LibraryActions } from '../library/library.ts';
import type { Ranking } from './ranking.ts';
import type { Reader } from './reader.ts';
import type { ReportActions } from '../library/reports.ts';

export interface FeatureActions extends LabelActions, CompareActions, LibraryActions, ReportActions {
  chooseDictionary: (id: string) => void;
  setRanking: (ranking: Ranking) => void;
  setSkipSpecial: (skipSpecial: boolean) => void;
  /** Pins a feature of the dictionary on screen, or unpins it. */
  pin: (latent: number) => void;
  point: (latent: number | null) => void;
  /** Lists the edit that ablates a feature at every position, or removes it. */
  ablate: (latent: number) => void;
}

export function featureActions(
  api: FeaturescopeApi,
  store: StoreApi<AppState>,
  reader: Reader,
  bench: Pick<Actions, 'addEdit' | 'removeEdit'>,
): FeatureActions {
  const chooseDictionary = (id: string) => {
    store.setState({ dictionary: id, pointed: null });
    reader.dictionaryChanged();
  };
  const refreshDensities = followDensities(api, store);
  const reports = laterReports(api, store, refreshDensities);
  return {
    chooseDictionary,
    ...reports,
    ...createLibrary(api, store, reader.libraryChanged, reports.lookAt),
    ...createLabelKeeper(api, store),
    ...createComparer(api, store),
    setRanking: (ranking) => store.setState({ ranking }),
    setSkipSpecial: (skipSpecial) => store.setState({ skipSpecial }),
    pin(latent) {
      const { features, pins, colourBy } = store.getState();
      if (!features) return;
      const next = togglePin(pins, features.dictionary.id, latent);
      // Pinning says "show me this one", so the strip turns to it; unpinning leaves the strip as it is.
      store.setState({ pins: next, colourBy: next.length > pins.length ? 'feature' : colourBy });
    },
    point(latent) {
      if (store.getState().pointed !== latent) store.setState({ pointed: latent });
    },
    ablate(latent) {
      const { features, bench: history } = store.getState();
      if (!features) return;
      const { dictionary } = features;
      const listed = ablationOf(history, dictionary.id, latent);
      if (listed) return bench.removeEdit(listed.id);
      const change = { op: 'ablate', dictionary: dictionary.id, latent, name: dictionaryName(dictionary) } as const;
      bench.addEdit({ hook: dictionary.hook, change, where: { kind: 'all' } });
    },
  };
}

/** Fetched when something is measured: the first paint does without it. */
function laterReports(api: FeaturescopeApi, store: StoreApi<AppState>, refreshDensities: () => Promise<void>): ReportActions {
  let reports: Promise<ReportActions | undefined> | undefined;
  const failed = () => {
    reports = undefined;
    const text = 'What measures dictionaries could not be fetched. Look whether the server can be reached, then reload the page.';
    store.setState({ notice: { text, undo: null } });
    return undefined;
  };
  const load = () =>
    (reports ??= import('../library/reports.ts').then(({ createReporter }) => createReporter(api, store, refreshDensities), failed));
  return {
    measure: async (id, tokens) => (await load())?.measure(id, tokens),
    stopMeasuring: (id) => void load().then((actions) => actions?.stopMeasuring(id)),
    lookAt: async (id) => (await load())?.lookAt(id),
  };
}
