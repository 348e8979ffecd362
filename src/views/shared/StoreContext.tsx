import { createContext, use, type ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Actions, AppState } from '../../state/appState.ts';
import type { AppStore } from '../../state/store.ts';

const StoreContext = createContext<AppStore | null>(null);

export function StoreProvider({ store, children }: { store: AppStore; children: ReactNode }) {
  return <StoreContext value={store}>{children}</StoreContext>;
}

export function useAppStore(): AppStore {
  const store = use(StoreContext);
  if (!store) throw new Error('This component must stand inside StoreProvider.');
  return store;
}

export function useApp<T>(selector: (state: AppState) => T): T {
  return useStore(useAppStore(), selector);
}

export function useActions(): Actions {
  return useApp((s) => s.actions);
}
