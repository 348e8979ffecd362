/**
 * The store of the training screen: the form, the runs, the curves looked at. Made from the api and the page's store;
 * one for each page, so that going to Explore and back loses nothing.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { CorpusInfo, Run, RunEstimate, RunHistory, RunInfo, TrainingApi } from '../../api/training.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { ModelInfo } from '../../api/model.ts';
import type { SharedState } from '../shared/state.ts';
import { createEstimator } from './trainingEstimates.ts';
import { formOf, formOfJson } from './formJson.ts';
import { configNow, emptyForm, type TrainingForm } from './trainingForm.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';

export type Listing<T> = { status: 'loading' } | { status: 'done'; list: readonly T[] } | { status: 'failed'; message: string };

export type EstimateState =
  { status: 'waiting' } | { status: 'running' } | { status: 'done'; estimate: RunEstimate } | { status: 'failed'; message: string };

export type CurvesState =
  | { status: 'none' }
  | { status: 'loading'; id: string }
  | { status: 'done'; id: string; history: RunHistory }
  | { status: 'failed'; id: string; message: string };

/** Which way the charts go. */
export interface ChartChoices {
  /** Losses, L0 and FVU on a logarithmic axis. */
  log: boolean;
}

export interface TrainingFacts {
  /** null until a model is open. */
  form: TrainingForm | null;
  runs: Listing<RunInfo>;
  corpora: Listing<CorpusInfo>;
  /** By the JSON of the settings. */
  estimates: Readonly<Record<string, EstimateState>>;
  /** Id of the run whose curves are shown; null follows the newest. */
  watched: string | null;
  curves: CurvesState;
  /** Dictionaries of the run watched that are not drawn, by position. */
  muted: readonly number[];
  /** Tokens trained on that the charts point at; null follows the last. */
  cursor: number | null;
  charts: ChartChoices;
  /** What is being started, paused, stopped, …, by run id; 'new' is the start. */
  busy: Readonly<Record<string, 'starting' | 'pausing' | 'resuming' | 'stopping' | 'removing' | 'opening'>>;
  /** Runs that this tab holds: paused, they can still be looked into, and measuring would put them aside. */
  here: readonly string[];
  /** What went wrong last with the run of that id ('new', 'corpus' too), as a sentence. */
  failures: Readonly<Record<string, string>>;
  /** What to know of texts added last. */
  corpusWarnings: readonly string[];
  addingText: boolean;
}

export interface TrainingActions {
  /** Whether anybody looks: what costs is done only then. */
  setShown: (shown: boolean) => void;
  setForm: (form: TrainingForm) => void;
  /** @throws Error with a sentence */
  pasteForm: (json: string) => void;
  takeSettingsOf: (run: RunInfo) => void;
  start: () => Promise<void>;
  pause: (id: string) => Promise<void>;
  resume: (id: string) => Promise<void>;
  stop: (id: string, keep: boolean) => Promise<void>;
  remove: (id: string) => Promise<void>;
  watch: (id: string) => void;
  mute: (index: number) => void;
  setCursor: (tokens: number | null) => void;
  setCharts: (patch: Partial<ChartChoices>) => void;
  /** Opens a dictionary as it is now and goes to Explore with it. */
  preview: (id: string, index: number) => Promise<void>;
  addText: (name: string, data: File | string) => Promise<boolean>;
  removeText: (name: string) => Promise<void>;
  dismissFailure: (key: string) => void;
}

export type TrainingState = TrainingFacts & { actions: TrainingActions };
export type TrainingStore = StoreApi<TrainingState>;

/** The part of the interface used here. */
export type TrainingSource = TrainingApi;

const HISTORY_EVERY_MS = 500;

const initial: TrainingFacts = {
  form: null,
  runs: { status: 'loading' },
  corpora: { status: 'loading' },
  estimates: {},
  watched: null,
  curves: { status: 'none' },
  muted: [],
  cursor: null,
  charts: { log: true },
  busy: {},
  here: [],
  failures: {},
  corpusWarnings: [],
  addingText: false,
};

/** The run that goes on in this tab. */
export function runHere(runs: Listing<RunInfo>): RunInfo | undefined {
  return runs.status === 'done' ? runs.list.find(({ state }) => state === 'running' || state === 'starting') : undefined;
}

/** The run whose curves are shown. */
export function watchedRun({ runs, watched }: Pick<TrainingFacts, 'runs' | 'watched'>): RunInfo | undefined {
  if (runs.status !== 'done') return undefined;
  return runs.list.find(({ id }) => id === watched) ?? runHere(runs) ?? runs.list[0];
}

export function createTrainingStore(api: TrainingSource, app: StoreApi<SharedState>): TrainingStore {
  const store = createStore<TrainingState>(() => ({ ...initial, actions: null as unknown as TrainingActions }));
  const { getState: get, setState: set } = store;
  const shown = { now: false };
  const curves = followCurves(api, store, shown);
  const estimator = createEstimator(
    api,
    store,
    () => app.getState().model,
    () => shown.now,
  );
  const runs = followList(
    () => api.runs.list(),
    (list) => {
      set({ runs: list });
      curves.look();
      estimator.look();
    },
  );
  const corpora = followList(
    () => api.corpus.list(),
    (list) => {
      set({ corpora: list });
      estimator.look();
    },
  );
  api.runs.subscribe(runs.refresh);
  api.corpus.subscribe(corpora.refresh);
  runs.refresh();
  corpora.refresh();
  const adopt = (model: ModelInfo | null) => {
    if (model && !get().form) set({ form: emptyForm(model) });
    estimator.look();
  };
  app.subscribe((now, was) => now.model !== was.model && adopt(now.model));
  store.subscribe((now, was) => {
    if (now.form !== was.form) estimator.look();
    if (now.watched !== was.watched) curves.look();
  });

  const fail = (key: string, message: string) => set((s) => ({ failures: { ...s.failures, [key]: message } }));
  const clear = (key: string) => set((s) => ({ failures: without(s.failures, key) }));
  /** Does one thing to a run, says meanwhile what, and says what went wrong. */
  const doing = async (key: string, what: TrainingFacts['busy'][string], work: () => Promise<void>) => {
    if (get().busy[key]) return;
    clear(key);
    set((s) => ({ busy: { ...s.busy, [key]: what } }));
    try {
      await work();
    } catch (error) {
      // Given up by a person, who needs no telling.
      if (!isAbort(error)) fail(key, sentenceOf(error));
    } finally {
      set((s) => ({ busy: without(s.busy, key) }));
      runs.refresh();
    }
  };

  /** Looks at a run that goes on here, until it ends or is put aside. */
  const hold = ({ id, done }: Run) => {
    set((s) => ({ watched: id, here: [...s.here, id] }));
    const letGo = () => {
      set((s) => ({ here: s.here.filter((other) => other !== id) }));
      runs.refresh();
    };
    // The list of runs says why one failed; the promise would only say it again to nobody.
    done.then(letGo, letGo);
  };

  const actions: TrainingActions = {
    setShown(now) {
      shown.now = now;
      curves.look();
      estimator.look();
    },
    setForm: (form) => set({ form }),
    pasteForm(json) {
      const { model } = app.getState();
      if (!model) throw new Error('No model is open yet.');
      set({ form: formOfJson(json, model) });
    },
    takeSettingsOf(run) {
      const { model } = app.getState();
      if (!model) return;
      try {
        set({ form: formOf(run.config, model) });
      } catch (error) {
        fail(run.id, sentenceOf(error));
      }
    },
    start: () =>
      doing('new', 'starting', async () => {
        const config = configNow(get(), app.getState().model);
        if (!config) throw new Error('Some settings are wrong; see the notes beside them.');
        await estimator.stop();
        // Whatever begins is what is looked at.
        set({ watched: null, muted: [], cursor: null });
        const run = await api.train(config);
        hold(run);
      }),
    pause: (id) => doing(id, 'pausing', async () => (await api.runs.get(id)).pause()),
    resume: (id) =>
      doing(id, 'resuming', async () => {
        await estimator.stop();
        hold(await api.runs.resume(id));
      }),
    stop: (id, keep) =>
      doing(id, 'stopping', async () => {
        const waits = runOf(get().runs, id)?.state === 'paused' && !get().here.includes(id);
        // One that waits since an earlier visit is nowhere: without its dictionaries, stopping it is forgetting it.
        if (waits && !keep) return api.runs.remove(id);
        await (await (waits ? api.runs.resume(id) : api.runs.get(id))).stop({ keep });
      }),
    remove: (id) => doing(id, 'removing', () => api.runs.remove(id)),
    watch(id) {
      if (get().watched !== id) set({ watched: id, muted: [], cursor: null });
    },
    mute: (index) => set(({ muted }) => ({ muted: muted.includes(index) ? muted.filter((i) => i !== index) : [...muted, index] })),
    setCursor(cursor) {
      if (get().cursor !== cursor) set({ cursor });
    },
    setCharts: (patch) => set((s) => ({ charts: { ...s.charts, ...patch } })),
    preview: (id, index) =>
      doing(id, 'opening', async () => {
        const dictionary: DictionaryInfo = await api.runs.preview(id, index);
        await app.getState().actions.exploreDictionary(dictionary.id);
      }),
    async addText(name, data) {
      clear('corpus');
      set({ addingText: true, corpusWarnings: [] });
      try {
        const { corpus, warnings } = await api.corpus.add(name, data);
        const { form } = get();
        set({ corpusWarnings: warnings });
        // What was just added is what is meant.
        if (form && !form.corpus.includes(corpus.name)) set({ form: { ...form, corpus: [...form.corpus, corpus.name] } });
        return true;
      } catch (error) {
        fail('corpus', sentenceOf(error));
        return false;
      } finally {
        set({ addingText: false });
        corpora.refresh();
      }
    },
    async removeText(name) {
      clear('corpus');
      try {
        await api.corpus.remove(name);
        const { form } = get();
        if (form) set({ form: { ...form, corpus: form.corpus.filter((other) => other !== name) } });
      } catch (error) {
        fail('corpus', sentenceOf(error));
      }
      corpora.refresh();
    },
    dismissFailure: clear,
  };
  set({ actions });
  adopt(app.getState().model);
  return store;
}

function runOf(runs: Listing<RunInfo>, id: string): RunInfo | undefined {
  return runs.status === 'done' ? runs.list.find((run) => run.id === id) : undefined;
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** Asks for a list again whenever it changed, one question at a time. */
function followList<T>(ask: () => Promise<T[]>, put: (list: Listing<T>) => void): { refresh: () => void } {
  let asking = false;
  let again = false;
  const refresh = () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    ask()
      .then(
        (list) => put({ status: 'done', list }),
        (error: unknown) => put({ status: 'failed', message: sentenceOf(error) }),
      )
      .finally(() => {
        asking = false;
        if (!again) return;
        again = false;
        refresh();
      });
  };
  return { refresh };
}

/** Keeps the curves of the run watched in step with it, at most twice a second and only while they are looked at. */
function followCurves(api: TrainingSource, store: TrainingStore, shown: { now: boolean }): { look: () => void } {
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  let have = '';

  const look = () => {
    if (!shown.now || asking || timer !== undefined) return;
    const run = watchedRun(store.getState());
    if (!run) {
      have = '';
      if (store.getState().curves.status !== 'none') store.setState({ curves: { status: 'none' } });
      return;
    }
    const want = `${run.id} ${run.step} ${run.state} ${run.dictionaries.map((d) => d.evaluation?.step ?? 0).join()}`;
    if (want === have) return;
    const other = !('id' in store.getState().curves) || (store.getState().curves as { id: string }).id !== run.id;
    if (other) store.setState({ curves: { status: 'loading', id: run.id } });
    const wait = other ? 0 : Math.max(0, last + HISTORY_EVERY_MS - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      void ask(run.id, want);
    }, wait);
  };

  const ask = async (id: string, want: string) => {
    asking = true;
    last = Date.now();
    try {
      const history = await api.runs.history(id);
      if (watchedRun(store.getState())?.id === id) store.setState({ curves: { status: 'done', id, history } });
      have = want;
    } catch (error) {
      if (watchedRun(store.getState())?.id === id) store.setState({ curves: { status: 'failed', id, message: sentenceOf(error) } });
      have = want;
    } finally {
      asking = false;
      look();
    }
  };
  return { look };
}
