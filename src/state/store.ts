/** The one store of the page, composed from slices, made from the api it talks to so that tests can pass a fake. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { factsFromAddress, followAddress } from './addressBar.ts';
import { createExploreSlice } from './explore/slice.ts';
import { initialExploreSlice, type ExploreActions, type ExploreSliceFacts } from './explore/state.ts';
import { createModelLoader } from './library/modelLoader.ts';
import { createLibrarySlice } from './library/slice.ts';
import { initialLibraryFacts, type LibraryActions, type LibraryFacts } from './library/state.ts';
import { factsFromSettings, keepSettings } from './settings.ts';
import { createPageActions } from './shared/page.ts';
import { initialSharedFacts, type SharedActions, type SharedFacts } from './shared/state.ts';
import type { Startup } from './shared/startup.ts';

export type Facts = SharedFacts & ExploreSliceFacts & LibraryFacts;
type Actions = SharedActions & ExploreActions & LibraryActions;
export type AppState = Facts & { actions: Actions };
export type AppStore = StoreApi<AppState>;

const initialFacts: Facts = { ...initialSharedFacts, ...initialExploreSlice, ...initialLibraryFacts };

/** Makes the store and begins to wait for the model. What the address says goes before what was used last. */
export function createAppStore(api: FeaturescopeApi, startup: Startup, facts: Partial<Facts> = {}): AppStore {
  const remembered = factsFromSettings(api.settings);
  const linked = startup.address ? factsFromAddress(startup.address) : {};
  const start: Facts = { ...initialFacts, ...remembered, ...linked, ...facts };
  const store = createStore<AppState>(() => ({ ...start, actions: null as unknown as Actions }));
  const explore = createExploreSlice(api, store, startup);
  const loader = createModelLoader(api, startup, store, {
    put: (patch, first) => store.setState({ ...patch, ...explore.factsForModel(patch.model, first) }),
    modelChanged: explore.modelChanged,
  });
  const library = createLibrarySlice(api, store, explore);
  store.setState({
    actions: {
      ...createPageActions(store.setState),
      retryBoot: loader.retryBoot,
      loadModel: loader.load,
      cancelLoad: loader.cancel,
      dismissLoad: () => store.setState({ load: { status: 'idle' } }),
      dismissWanted: () => store.setState({ wanted: null, wantedModel: null }),
      ...library.actions,
      ...explore.actions,
    },
  });
  keepSettings(store, api.settings);
  if (startup.address) followAddress(store, explore, startup.address);
  void loader.boot();
  return store;
}
