/** Makes the store of the Circuits screen, one for each page: it follows the address, the model and the text in Explore. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { createLatest } from '../shared/latest.ts';
import type { SharedState } from '../shared/state.ts';
import { parsePlace, placeHash, type Place } from './address.ts';
import { createNaming } from './naming.ts';
import { PromptMeter } from './promptMeter.ts';
import {
  initialCircuitsFacts,
  type CircuitsActions,
  type CircuitsApi,
  type CircuitsState,
  type CircuitsStore,
  type PromptActions,
} from './state.ts';
import { growerActions } from './treeActions.ts';
import { dictionaryOf, TreeGrower } from './treeGrower.ts';

/** Longer texts are not looked through for the target. */
const LOOKED_THROUGH = 4000;

export function createCircuitsStore(api: CircuitsApi, page: StoreApi<SharedState>): CircuitsStore {
  const store = createStore<CircuitsState>(() => ({
    ...initialCircuitsFacts(page.getState().circuits),
    actions: null as unknown as CircuitsActions,
  }));
  const { getState: get, setState: set } = store;
  const naming = createNaming(api, store);
  let written = page.getState().circuits;
  const write = () => {
    written = placeHash(get().place);
    if (page.getState().circuits !== written) page.setState({ circuits: written });
  };
  const grower = new TreeGrower({ api, store, page, naming, changed: write });
  const meter = new PromptMeter({ api, store, page, naming });
  const watch = createWatch(api, store, page);
  let visible = false;
  const update = (isShown = visible) => {
    if (!isShown || !page.getState().model) return;
    watch();
    const { tree, tab } = get().place;
    if (tree.dictionary !== '' && !Number.isNaN(tree.latent)) void naming.learn([tree]).catch(() => undefined);
    if (tab === 'prompt') meter.read();
  };
  const moveTo = (place: Place) => {
    const was = get().place;
    set({ place });
    if (targetOf(place) !== targetOf(was)) grower.drop();
    update();
  };

  const forget = () => {
    naming.forget();
    grower.drop();
    meter.drop();
  };
  page.subscribe((now, was) => {
    if (now.model !== was.model) forget();
    if (now.circuits !== written) {
      written = now.circuits;
      moveTo(parsePlace(now.circuits));
    }
    if (now.model !== was.model || now.dictionaries !== was.dictionaries) update();
  });
  followIndices(api, store);

  const change = (patch: Partial<Place>) => {
    moveTo({ ...get().place, ...patch });
    write();
  };
  set({
    actions: {
      setVisible: (now) => update((visible = now)),
      ...screenActions(store, change, update),
      askTop: naming.askTop,
      ...growerActions(grower, store),
      ...promptActions(meter, store, change),
    },
  });
  return store;
}

type Change = (patch: Partial<Place>) => void;

function screenActions(
  { getState: get, setState: set }: CircuitsStore,
  change: Change,
  update: () => void,
): Pick<CircuitsActions, 'setExplore' | 'setTab' | 'setTree' | 'choose'> {
  return {
    setExplore(explore) {
      if (explore === get().explore) return;
      set({ explore });
      update();
    },
    setTab: (tab) => change({ tab }),
    setTree: (patch) => change({ tree: { ...get().place.tree, ...patch } }),
    choose: (chosen) => set({ chosen }),
  };
}

function promptActions(meter: PromptMeter, store: CircuitsStore, change: Change): PromptActions {
  return {
    setPrompt: (patch) => change({ prompt: { ...store.getState().place.prompt, ...patch } }),
    typeToken: (which, text) => meter.typeToken(which, text),
    measure: () => meter.measure(),
    stopCircuit: () => meter.stop(),
    setShown: (shown) => change({ shown }),
  };
}

function targetOf({ tree }: Place): string {
  return `${tree.latent} ${tree.dictionary}`;
}

/** Whether the target fires in the text: looked at again when either changes. */
function createWatch(api: CircuitsApi, store: CircuitsStore, page: StoreApi<SharedState>): () => void {
  const looking = createLatest();
  let looked = '';
  return () => {
    const { place, explore } = store.getState();
    const { dictionary, latent } = place.tree;
    const { model } = page.getState();
    const wanted = `${targetOf(place)} ${model?.hash} ${explore}`;
    if (looked === wanted) return;
    looking.cancel();
    store.setState({ fires: null });
    const isHere = dictionaryOf(page.getState(), dictionary)?.fits === true;
    // Not known yet: asked again when the dictionaries are listed.
    if (!isHere || Number.isNaN(latent)) return;
    looked = wanted;
    if (explore === '' || explore.length > LOOKED_THROUGH) return store.setState({ fires: false });
    void looking
      .run(() => api.encode({ text: explore }, dictionary))
      .then((answer) => {
        if (answer.status === 'stale') return;
        store.setState({ fires: answer.status === 'done' && answer.value.latents.includes(latent) });
      });
  };
}

/** Which indices are here, for contexts of the target. */
function followIndices({ index }: CircuitsApi, store: CircuitsStore): void {
  const refresh = () =>
    void index.list().then(
      (indices) => store.setState({ indices }),
      () => undefined,
    );
  index.subscribe(refresh);
  refresh();
}
