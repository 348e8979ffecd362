import { createContext, use, type ReactNode } from 'react';
import { useStore } from 'zustand';
import type { StoreApi } from 'zustand/vanilla';
import { createFeatureStore } from '../../state/feature/feature.ts';
import type { FeatureActions, FeatureApi, FeatureState, FeatureStore } from '../../state/feature/state.ts';
import type { SharedState } from '../../state/shared/state.ts';
import { usePageStore } from '../shared/StoreContext.tsx';

/** One store for each page, so that going to Explore and back loses nothing. */
const stores = new WeakMap<StoreApi<SharedState>, FeatureStore>();

function storeOf(api: FeatureApi, page: StoreApi<SharedState>): FeatureStore {
  const known = stores.get(page);
  if (known) return known;
  const made = createFeatureStore(api, page);
  stores.set(page, made);
  return made;
}

/** Exported for tests, which bring a store of their own. */
export const FeatureContext = createContext<FeatureStore | null>(null);

export function FeatureProvider({ api, children }: { api: FeatureApi; children: ReactNode }) {
  const page = usePageStore();
  return <FeatureContext value={storeOf(api, page)}>{children}</FeatureContext>;
}

export function useFeature<T>(selector: (state: FeatureState) => T): T {
  const store = use(FeatureContext);
  if (!store) throw new Error('This component must stand inside FeatureProvider.');
  return useStore(store, selector);
}

export function useFeatureActions(): FeatureActions {
  return useFeature((s) => s.actions);
}
