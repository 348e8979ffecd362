/** Makes the Explore slice: its actions, and what it does when model, library or address change. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { ModelInfo } from '../../api/model.ts';
import { defaultHook, findHook } from '../shared/hooks.ts';
import { PART_MISSING } from '../shared/page.ts';
import type { Startup } from '../shared/startup.ts';
import { createBenchActions } from './benchActions.ts';
import { createFeatureActions } from './featureActions.ts';
import type { Generator } from './generator.ts';
import { createIndexNames } from './indexNames.ts';
import { createReader, type Reader } from './reader.ts';
import { createReadingActions, openSample } from './readingActions.ts';
import { recorded, undoActions } from './recorder.ts';
import type { ExploreActions, ExploreSliceFacts, ExploreState } from './state.ts';

export interface ExploreSlice extends Pick<Reader, 'linkOpened' | 'modelChanged' | 'libraryChanged'> {
  actions: ExploreActions;
  /** What of it changes in the same moment as the model. @param first whether it is the first model of the page */
  factsForModel: (model: ModelInfo, first: boolean) => Partial<ExploreSliceFacts>;
  /** Settles when nothing a person waits for is being read. */
  untilRead: () => Promise<void>;
}

export function createExploreSlice(api: FeaturescopeApi, store: StoreApi<ExploreState>, startup: Pick<Startup, 'readText'>): ExploreSlice {
  const reader = createReader(api, store);
  createIndexNames(api, store);
  const generator = laterGenerator(api, store);
  const bench = createBenchActions(store, reader);
  const actions = recorded(store, {
    ...createReadingActions(store, reader),
    ...bench,
    ...createFeatureActions(api, store, reader, bench),
    openSample: (sample, place) => openSample(store, startup, sample, place ?? 'first'),
    setSettings: (patch) => store.setState((s) => ({ settings: { ...s.settings, ...patch } })),
    generate: generator.generate,
    stopGenerating: generator.stop,
  });
  return {
    actions: { ...actions, ...undoActions(store, reader) },
    linkOpened: reader.linkOpened,
    modelChanged: reader.modelChanged,
    libraryChanged: reader.libraryChanged,
    factsForModel: (model, first) => factsForModel(store.getState(), model, first),
    untilRead: () => untilRead(store),
  };
}

/** Fetched when a text is first continued: the first paint does without it. */
function laterGenerator(api: FeaturescopeApi, store: StoreApi<ExploreState>): Pick<ExploreActions, 'generate'> & { stop: () => void } {
  let fetched: Promise<Generator> | undefined;
  const get = () => (fetched ??= import('./generator.ts').then((m) => m.createGenerator(api, store)));
  return {
    async generate() {
      const generator = await get().catch(() => (fetched = undefined));
      if (generator) return generator.generate();
      const { text: prompt } = store.getState();
      store.setState({ generation: { status: 'failed', prompt, outputs: [], message: PART_MISSING } });
    },
    stop: () => void fetched?.then(({ stop }) => stop()),
  };
}

function factsForModel({ hook, position, span }: ExploreState, model: ModelInfo, first: boolean): Partial<ExploreSliceFacts> {
  return {
    hook: findHook(model, hook) ? hook : defaultHook(model),
    analysis: null,
    activations: null,
    // At the start these come from a link.
    position: first ? position : null,
    span: first ? span : null,
  };
}

function untilRead(store: StoreApi<ExploreState>): Promise<void> {
  const isRead = ({ featuresTask, reading }: ExploreState) => featuresTask.status !== 'running' && reading.status !== 'running';
  return new Promise((resolve) => {
    if (isRead(store.getState())) return resolve();
    const unsubscribe = store.subscribe((state) => {
      if (!isRead(state)) return;
      unsubscribe();
      resolve();
    });
  });
}
