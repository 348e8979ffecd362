/** Makes the store of the feature page, one for each page: it follows which feature is looked at, and asks for what is shown of it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import { createTokenNames, type TokenNames } from '../shared/tokenNames.ts';
import type { SharedState } from '../shared/state.ts';
import { Asking } from './asking.ts';
import { createCalled } from './called.ts';
import { createCases, type Cases } from './cases.ts';
import { createIndexing } from './indexing.ts';
import { createLists } from './lists.ts';
import { findPlace, initialFeatureFacts, type FeatureActions, type FeatureApi, type FeatureState, type FeatureStore } from './state.ts';
import { tryRule } from './rules.ts';

export function createFeatureStore(api: FeatureApi, page: StoreApi<SharedState>): FeatureStore {
  const store = createStore<FeatureState>(() => ({ ...initialFeatureFacts, actions: null as unknown as FeatureActions }));
  const { getState: get, setState: set } = store;
  const cases = createCases(store);
  const names = namesOf(api, store);
  const indexing = createIndexing(api.index, store);
  const call = createCalled(api, store);
  const askLists = createLists(api, store, names.learn, call);
  let shown = false;

  const place = (): FeaturePlace | null => {
    const { view, feature } = page.getState();
    return shown && view === 'feature' && feature && findPlace(page.getState(), feature).status === 'found' ? feature : null;
  };
  const asking = new Asking({ api, store, page, cases, names, place, call });

  page.subscribe((now, was) => {
    if (now.model !== was.model) {
      cases.clear();
      names.forget();
      set({ summary: null, indices: { status: 'waiting' } });
      indexing.refresh();
    }
    const isOther = now.feature !== was.feature || now.view !== was.view;
    if (isOther || now.dictionaries !== was.dictionaries || now.model !== was.model) asking.update();
  });
  store.subscribe((now, was) => {
    if (now.indices !== was.indices || now.corpus !== was.corpus || (was.build !== null && now.build === null)) asking.update();
    else if (now.build !== was.build) asking.grew();
  });
  api.labels.subscribe(() => asking.labelsChanged());

  set({
    actions: {
      setShown(now) {
        shown = now;
        asking.update();
      },
      setText(text) {
        if (text === get().text) return;
        set({ text });
        cases.forget('inText');
        cases.forget('textEffects');
        asking.update();
      },
      ...placeActions(page, asking),
      chooseCorpus: (corpus) => set({ corpus }),
      askLists: (dictionary, corpus) => void askLists(dictionary, corpus).catch(() => undefined),
      buildIndex: indexing.buildIndex,
      stopBuilding: indexing.stopBuilding,
      importIndex: indexing.importIndex,
      makeReport: reportAction(api, page),
      testRule: (...asked) => tryRule(api, ...asked),
      ...longActions(asking),
      ...partActions(cases, asking, place),
    },
  });
  indexing.refresh();
  return store;
}

function namesOf(api: FeatureApi, store: FeatureStore): TokenNames {
  return createTokenNames(
    api,
    () => store.getState().names,
    (names) => store.setState({ names }),
  );
}

/** Features as files; why not is told in a notice. */
function reportAction(api: Pick<FeatureApi, 'report'>, page: StoreApi<SharedState>): FeatureActions['makeReport'] {
  return async (...asked) => {
    try {
      return (await api.report?.(...asked)) ?? null;
    } catch (error) {
      if (!isAbort(error)) page.getState().actions.setNotice({ text: sentenceOf(error), undo: null });
      return null;
    }
  };
}

/** What takes long, and is done when a person asks for it. */
function longActions(asking: Asking): Pick<FeatureActions, 'measureEffects' | 'countTogether' | 'lookBeside' | 'measureBeside'> {
  return {
    measureEffects: (tokens) => asking.measureEffects(tokens),
    countTogether: (tokens) => asking.countTogether(tokens),
    lookBeside: (kinds) => asking.lookBeside(kinds),
    measureBeside: () => asking.measureBeside(),
  };
}

/** For one part of the feature that is looked at. */
function partActions(cases: Cases, asking: Asking, place: () => FeaturePlace | null): Pick<FeatureActions, 'stop' | 'retry'> {
  return {
    stop(part) {
      const at = place();
      if (at) cases.stop(at, part);
    },
    retry(part) {
      const at = place();
      if (!at) return;
      cases.put(at, part, { status: 'waiting' });
      asking.update();
    },
  };
}

/** From feature to feature. */
function placeActions(page: StoreApi<SharedState>, asking: Asking): Pick<FeatureActions, 'step' | 'random'> {
  const { openFeature } = page.getState().actions;
  return {
    step(by) {
      const { feature } = page.getState();
      if (!feature) return;
      const found = findPlace(page.getState(), feature);
      if (!('dictionary' in found) || !found.dictionary) return;
      const latent = Number.isNaN(feature.latent) ? 0 : Math.max(0, Math.min(found.dictionary.d_sae - 1, feature.latent + by));
      if (latent !== feature.latent) openFeature({ dictionary: feature.dictionary, latent, from: feature.from ?? feature });
    },
    random: (dictionary) => void asking.random(dictionary).then((latent) => latent !== null && openFeature({ dictionary, latent })),
  };
}
