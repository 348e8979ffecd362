/** The slice of the training screen: the form, the runs, the curves on screen, and what a person can do there. */
import type { StoreApi } from 'zustand/vanilla';
import type { CorpusInfo, RunEstimate, RunHistory, RunInfo } from '../../api/training.ts';
import { lifeOf, type RunLife } from '../../core/train/runLife.ts';
import type { TrainingForm } from './trainingForm.ts';

export type Listing<T> = { status: 'loading' } | { status: 'done'; list: readonly T[] } | { status: 'failed'; message: string };

export type EstimateState =
  { status: 'waiting' } | { status: 'running' } | { status: 'done'; estimate: RunEstimate } | { status: 'failed'; message: string };

type CurvesState =
  | { status: 'none' }
  | { status: 'loading'; id: string }
  | { status: 'done'; id: string; history: RunHistory }
  | { status: 'failed'; id: string; message: string };

/** Which way the charts go. */
interface ChartChoices {
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

export const initialTrainingFacts: TrainingFacts = {
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

export function runOf(runs: Listing<RunInfo>, id: string): RunInfo | undefined {
  return runs.status === 'done' ? runs.list.find((run) => run.id === id) : undefined;
}

/** The phase of a run as this tab sees it: what the list says, and what was asked of it here and is not done yet. */
export function lifeIn({ busy, here }: Pick<TrainingFacts, 'busy' | 'here'>, run: RunInfo): RunLife {
  const life = lifeOf(run, here.includes(run.id));
  if (busy[run.id] === 'pausing' && life.phase === 'running') return { phase: 'pausing' };
  return busy[run.id] === 'resuming' ? { phase: 'starting' } : life;
}

/** Says what went wrong with a run, the form or a text, and takes it back. */
export function failuresOf({ setState: set }: TrainingStore) {
  return {
    fail: (key: string, message: string) => set((s) => ({ failures: { ...s.failures, [key]: message } })),
    clear: (key: string) => set((s) => ({ failures: without(s.failures, key) })),
  };
}

export function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
