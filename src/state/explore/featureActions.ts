/** What a person can do with features. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { createComparer } from './comparer.ts';
import { ablationOf, togglePin } from './featureFacts.ts';
import { dictionaryName } from './features.ts';
import type { Reader } from './reader.ts';
import type { BenchActions, ExploreState, FeatureActions } from './state.ts';

export function createFeatureActions(
  api: FeaturescopeApi,
  store: StoreApi<ExploreState>,
  reader: Pick<Reader, 'dictionaryChanged'>,
  bench: Pick<BenchActions, 'addEdit' | 'removeEdit'>,
): FeatureActions {
  return {
    chooseDictionary(id) {
      store.setState({ dictionary: id, pointed: null });
      reader.dictionaryChanged();
    },
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
