/** What a person can do with features. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { createComparer } from './comparer.ts';
import { latentEdit, latentEditOf, togglePin, unitOf } from './featureFacts.ts';
import { steering, type LatentOp } from './latentChange.ts';
import type { Reader } from './reader.ts';
import type { BenchActions, ExploreState, FeatureActions } from './state.ts';

export function createFeatureActions(
  api: FeaturescopeApi,
  store: StoreApi<ExploreState>,
  reader: Pick<Reader, 'dictionaryChanged'>,
  bench: Pick<BenchActions, 'addEdit' | 'removeEdit'>,
): FeatureActions {
  /** Lists the edit at every position, or removes it. */
  const toggle = (latent: number, opOf: (state: ExploreState, dictionary: string) => LatentOp) => {
    const state = store.getState();
    if (!state.features) return;
    const { dictionary } = state.features;
    const op = opOf(state, dictionary.id);
    const listed = latentEditOf(state.bench, dictionary.id, latent, op.op);
    if (listed) return bench.removeEdit(listed.id);
    bench.addEdit(latentEdit(dictionary, latent, op));
  };
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
    ablate: (latent) => toggle(latent, () => ({ op: 'ablate' })),
    steer: (latent) => toggle(latent, (state, dictionary) => steering(unitOf(state, { dictionary, latent }))),
  };
}
