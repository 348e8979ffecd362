import { createContext, use, type ReactNode } from 'react';
import { useStore, type StoreApi } from 'zustand';
import type { SharedState } from '../../state/shared/state.ts';

const StoreContext = createContext<StoreApi<SharedState> | null>(null);

export function StoreProvider({ store, children }: { store: StoreApi<SharedState>; children: ReactNode }) {
  return <StoreContext value={store}>{children}</StoreContext>;
}

function useStoreApi(): StoreApi<SharedState> {
  const store = use(StoreContext);
  if (!store) throw new Error('This component must stand inside StoreProvider.');
  return store;
}

/** Hooks of one slice. The page's store holds every slice; each reads the shared facts and its own. */
export function sliceHooks<State extends SharedState>() {
  const useSliceStore = () => useStoreApi() as StoreApi<State>;
  const useSlice = <T,>(selector: (state: State) => T): T => useStore(useSliceStore(), selector);
  const useSliceActions = (): State['actions'] => useSlice((s) => s.actions);
  return { useSliceStore, useSlice, useSliceActions };
}

/** What every slice may see and do, for components that know none. */
const hooks = sliceHooks<SharedState>();
export const usePageStore = hooks.useSliceStore;
export const useApp = hooks.useSlice;
export const useActions = hooks.useSliceActions;
