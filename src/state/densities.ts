/** How often the features of the chosen dictionary fire, asked once for each choice. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../app/api.ts';
import type { AppState } from './appState.ts';
import { createLatest } from './latest.ts';

export function followDensities(api: FeaturescopeApi, store: StoreApi<AppState>): void {
  const lane = createLatest();
  store.subscribe(({ dictionary }, was) => {
    if (dictionary === was.dictionary) return;
    lane.cancel();
    if (dictionary !== '') void ask(dictionary);
  });
  const ask = async (dictionary: string) => {
    const outcome = await lane.run(() => api.dictionaries.densities(dictionary));
    // Without an answer rarity is counted on the text, and the list says so.
    if (outcome.status === 'done') store.setState({ densities: outcome.value && { ...outcome.value, dictionary } });
  };
}
