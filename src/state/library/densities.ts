/** How often the features of the chosen dictionary fire: asked at each choice, for another model, and when they were counted anew. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { SharedFacts } from '../shared/state.ts';
import { createLatest } from '../shared/latest.ts';

/** @returns asks again */
export function followDensities(api: FeaturescopeApi, store: StoreApi<SharedFacts>): () => Promise<void> {
  const lane = createLatest();
  const refresh = async () => {
    const { dictionary } = store.getState();
    lane.cancel();
    if (dictionary === '') return;
    const outcome = await lane.run(() => api.dictionaries.densities(dictionary));
    // Without an answer rarity is counted on the text, and the list says so.
    if (outcome.status === 'done') store.setState({ densities: outcome.value && { ...outcome.value, dictionary } });
  };
  store.subscribe(({ dictionary, model }, was) => {
    if (dictionary === was.dictionary && model === was.model) return;
    // Counted on the model before.
    if (model !== was.model && was.densities?.source === 'measured') store.setState({ densities: null });
    void refresh();
  });
  return refresh;
}
