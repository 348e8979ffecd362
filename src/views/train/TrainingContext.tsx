import { createContext, use, type ReactNode } from 'react';
import { useStore } from 'zustand';
import type { TrainingApi } from '../../api/training.ts';
import type { StoreApi } from 'zustand/vanilla';
import type { SharedState } from '../../state/shared/state.ts';
import type { TrainingActions, TrainingState, TrainingStore } from '../../state/train/state.ts';
import { createTrainingStore } from '../../state/train/training.ts';
import { usePageStore } from '../shared/StoreContext.tsx';

/** One store for each page, whichever of its parts is drawn first. */
const stores = new WeakMap<StoreApi<SharedState>, TrainingStore>();

function storeOf(api: TrainingApi, app: StoreApi<SharedState>): TrainingStore {
  const known = stores.get(app);
  if (known) return known;
  const made = createTrainingStore(api, app);
  stores.set(app, made);
  return made;
}

/** Exported for tests, which bring a store of their own. */
export const TrainingContext = createContext<TrainingStore | null>(null);

export function TrainingProvider({ api, children }: { api: TrainingApi; children: ReactNode }) {
  const app = usePageStore();
  return <TrainingContext value={storeOf(api, app)}>{children}</TrainingContext>;
}

function useTrainingStore(): TrainingStore {
  const store = use(TrainingContext);
  if (!store) throw new Error('This component must stand inside TrainingProvider.');
  return store;
}

export function useTraining<T>(selector: (state: TrainingState) => T): T {
  return useStore(useTrainingStore(), selector);
}

export function useTrainingActions(): TrainingActions {
  return useTraining((s) => s.actions);
}
