import { createContext, use, type ReactNode } from 'react';
import { useStore } from 'zustand';
import type { StoreApi } from 'zustand/vanilla';
import { createCircuitsStore } from '../../state/circuits/circuits.ts';
import type { CircuitsActions, CircuitsApi, CircuitsState, CircuitsStore } from '../../state/circuits/state.ts';
import type { SharedState } from '../../state/shared/state.ts';
import { usePageStore } from '../shared/StoreContext.tsx';

/** One store for each page, so that going to another screen and back loses nothing. */
const stores = new WeakMap<StoreApi<SharedState>, CircuitsStore>();

function storeOf(api: CircuitsApi, page: StoreApi<SharedState>): CircuitsStore {
  const known = stores.get(page);
  if (known) return known;
  const made = createCircuitsStore(api, page);
  stores.set(page, made);
  return made;
}

/** Exported for tests, which bring a store of their own. */
export const CircuitsContext = createContext<CircuitsStore | null>(null);

export function CircuitsProvider({ api, children }: { api: CircuitsApi; children: ReactNode }) {
  const page = usePageStore();
  return <CircuitsContext value={storeOf(api, page)}>{children}</CircuitsContext>;
}

export function useCircuits<T>(selector: (state: CircuitsState) => T): T {
  const store = use(CircuitsContext);
  if (!store) throw new Error('This component must stand inside CircuitsProvider.');
  return useStore(store, selector);
}

export function useCircuitsActions(): CircuitsActions {
  return useCircuits((s) => s.actions);
}
