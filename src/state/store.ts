/** The one store of the page, made from the api it talks to so that tests can pass a fake. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { Startup } from './startup.ts';
import { namedText } from '../core/lm/glyphs.ts';
import { factsFromAddress, followAddress } from './addressBar.ts';
import type { Actions, AppState, Facts } from './appState.ts';
import type { EditItem, Workbench } from './explore/edits.ts';
import { featureActions } from './explore/featureActions.ts';
import { initialFeatureFacts } from './explore/featureFacts.ts';
import { createGenerator } from './explore/generator.ts';
import { sentenceOf } from './latest.ts';
import { createModelLoader } from './library/modelLoader.ts';
import { createReader, type Reader } from './explore/reader.ts';
import { recorded, undoActions } from './explore/recorder.ts';
import { factsFromSettings, keepSettings } from './settings.ts';
import { NO_STEPS } from './explore/timeline.ts';
import { DEFAULT_TEXT, startOf, type Sample } from './explore/samples.ts';
import { insideText, sameSpan } from './explore/spans.ts';
import { excerptAround } from './explore/sourceText.ts';
import { tokenNames } from './explore/tokenNames.ts';

export type AppStore = StoreApi<AppState>;

export const initialFacts: Facts = {
  ...initialFeatureFacts,
  boot: { status: 'loading', progress: null },
  model: null,
  models: [],
  device: null,
  load: { status: 'idle' },
  text: DEFAULT_TEXT,
  reading: { status: 'waiting' },
  analysis: null,
  position: null,
  span: null,
  colourBy: 'feature',
  hook: '',
  activations: null,
  activationsTask: { status: 'idle' },
  bench: { edits: [], vectors: [] },
  timeline: NO_STEPS,
  wanted: null,
  wantedModel: null,
  linkHasText: true,
  settings: { tokens: 40, temperature: 0, topK: 40, seed: 1, withEdits: true },
  generation: { status: 'idle' },
  notice: null,
  theme: 'auto',
  view: 'explore',
  droppedTexts: [],
};

/** Makes the store and begins to wait for the model. What the address says goes before what was used last. */
export function createAppStore(api: FeaturescopeApi, startup: Startup, facts: Partial<Facts> = {}): AppStore {
  const remembered = factsFromSettings(api.settings);
  const linked = startup.address ? factsFromAddress(startup.address) : {};
  const start: Facts = { ...initialFacts, ...remembered, ...linked, ...facts };
  const store = createStore<AppState>(() => ({ ...start, actions: null as unknown as Actions }));
  const reader = createReader(api, store);
  const loader = createModelLoader(api, startup, store, () => reader.modelChanged());
  const generator = createGenerator(api, store);
  const bench = benchActions(store, reader);
  const actions = recorded(store, {
    retryBoot: loader.retryBoot,
    loadModel: loader.load,
    cancelLoad: loader.cancel,
    dismissLoad: () => store.setState({ load: { status: 'idle' } }),
    ...readingActions(store, reader),
    ...bench,
    ...featureActions(api, store, reader, bench),
    openSample: (sample, place) => openSample(store, startup, sample, place ?? 'first'),
    dismissWanted: () => store.setState({ wanted: null, wantedModel: null }),
    setSettings: (patch) => store.setState((s) => ({ settings: { ...s.settings, ...patch } })),
    generate: generator.generate,
    stopGenerating: generator.stop,
    setNotice: (notice) => store.setState({ notice }),
    setTheme: (theme) => store.setState({ theme }),
    show: (view) => store.setState({ view }),
    dropTexts: (droppedTexts) => store.setState({ droppedTexts, ...(droppedTexts.length > 0 && { view: 'train' }) }),
  });
  store.setState({ actions: { ...actions, ...undoActions(store, reader) } });
  keepSettings(store, api.settings);
  if (startup.address) followAddress(store, reader, startup.address);
  void loader.boot();
  return store;
}

async function openSample(store: AppStore, startup: Startup, { text, file }: Sample, place: 'first' | 'second'): Promise<void> {
  const current = () => (place === 'first' ? store.getState().text : store.getState().compare?.text);
  const was = current();
  const say = (words: string, undo: 'edits' | null) => store.setState({ notice: { text: words, undo } });
  try {
    const sample = file ? startOf((await startup.readText?.(file.path)) ?? '', file.characters) : text;
    if (sample === '') throw new Error('This sample does not come with this copy of the page.');
    // Whatever was typed while it was fetched is worth more.
    if (current() !== was) return;
    const { replaceText, setCompare } = store.getState().actions;
    if (place === 'second') return setCompare(sample);
    replaceText(sample);
    // The same text is no step, and nothing to undo.
    say('The text was replaced by a sample.', sample === was ? null : 'edits');
  } catch (error) {
    say(`The sample could not be opened. ${sentenceOf(error)} Your text is as it was.`, null);
  }
}

type ReadingActions = Pick<Actions, 'setText' | 'replaceText' | 'selectPosition' | 'look' | 'setSpan' | 'setColourBy' | 'setHook'>;

function readingActions(store: AppStore, reader: Reader): ReadingActions {
  const setText = (text: string) => {
    if (text === store.getState().text) return;
    store.setState({ text });
    reader.textChanged();
  };
  return {
    setText,
    replaceText: setText,
    selectPosition(position) {
      const last = (store.getState().analysis?.before.ids.length ?? 0) - 1;
      store.setState({ position: position >= last ? null : Math.max(0, position) });
      reader.positionChanged();
    },
    look: reader.look,
    setSpan(span) {
      const next = insideText(store.getState(), span);
      if (!sameSpan(next, store.getState().span)) store.setState({ span: next });
    },
    setColourBy: (colourBy) => store.setState({ colourBy }),
    setHook(hook) {
      store.setState({ hook });
      reader.hookChanged();
    },
  };
}

type BenchActions = Pick<Actions, 'keepVector' | 'removeVector' | 'addEdit' | 'changeEdit' | 'removeEdit' | 'clearEdits'>;

function benchActions(store: AppStore, reader: Reader): BenchActions {
  const change = (make: (bench: Workbench) => Workbench) => {
    const was = store.getState().bench;
    const now = make(was);
    store.setState({ bench: now });
    if (now.edits !== was.edits || (now.edits.length > 0 && now.vectors !== was.vectors)) reader.editsChanged();
  };
  // The id of a removed vector is not given again: an edit that names it would act with the numbers of another.
  let kept = 0;
  return {
    keepVector(values, position) {
      const { activations, hook } = store.getState();
      const at = position - (activations?.start ?? 0);
      const span = activations?.spans[at];
      const excerpt = activations && span ? excerptAround(activations.text, span) : '';
      const vector = {
        id: ++kept,
        values,
        hook: activations?.hook ?? hook,
        position,
        token: activations && span ? namedText(tokenNames(activations)[at]) : '',
        excerpt,
      };
      change((b) => ({ ...b, vectors: [...b.vectors, vector] }));
    },
    removeVector: (id) => change((b) => ({ ...b, vectors: b.vectors.filter((v) => v.id !== id) })),
    addEdit: (edit) => change((b) => ({ ...b, edits: [...b.edits, { ...edit, id: nextId(b.edits), on: true }] })),
    changeEdit: (id, patch) => change((b) => ({ ...b, edits: b.edits.map((e) => (e.id === id ? { ...e, ...patch } : e)) })),
    removeEdit(id) {
      change((b) => ({ ...b, edits: b.edits.filter((e) => e.id !== id) }));
      store.setState({ notice: { text: 'Edit removed.', undo: 'edits' } });
    },
    clearEdits() {
      change((b) => ({ ...b, edits: [] }));
      store.setState({ notice: { text: 'All edits removed.', undo: 'edits' } });
    },
  };
}

function nextId(items: readonly EditItem[]): number {
  return 1 + items.reduce((max, item) => Math.max(max, item.id), 0);
}
