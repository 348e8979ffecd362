/** What the page knows, as small facts and immutable references. Changed only through the actions. */
import type { Array2, DeviceInfo, FileIn, HubModel, LoadProgress, ModelInfo, RandomModel } from '../api/model.ts';
import type { Analysis } from './explore/analysis.ts';
import type { LinkedDictionary } from './link.ts';
import type { Sample } from './explore/samples.ts';
import type { Timeline } from './explore/timeline.ts';
import type { EditItem, KeptVector, Workbench } from './explore/edits.ts';
import type { FeatureActions } from './explore/featureActions.ts';
import type { FeatureFacts } from './explore/featureFacts.ts';

export type Boot = { status: 'loading'; progress: LoadProgress | null } | { status: 'ready' } | { status: 'failed'; message: string };

/** What came of the text in the box. `analysis` keeps the last good answer meanwhile. */
export type Reading =
  { status: 'waiting' } | { status: 'empty' } | { status: 'running' } | { status: 'done' } | { status: 'failed'; message: string };

export type ActivationsTask = { status: 'idle' } | { status: 'running' } | { status: 'done' } | { status: 'failed'; message: string };

export interface Activations {
  hook: string;
  text: string;
  /** Position of the first token below: of a long text, one window is read. */
  start: number;
  tokens: string[];
  spans: [number, number][];
  values: Array2;
  edited: boolean;
}

export type LoadTask =
  | { status: 'idle' }
  | { status: 'loading'; name: string; progress: LoadProgress | null }
  /** `again`: what another try goes on with. */
  | { status: 'failed'; name: string; message: string; kept: string | null; again?: ToOpen };

/** A model as `models.load` takes it. */
export type ToOpen = string | FileIn[] | HubModel | RandomModel;

export interface Output {
  name: 'plain' | 'edited';
  text: string;
  finished: boolean;
}

export type GenerationTask =
  | { status: 'idle' }
  | { status: 'running' | 'done' | 'stopped'; prompt: string; outputs: Output[] }
  | { status: 'failed'; prompt: string; outputs: Output[]; message: string };

export interface GenerationSettings {
  tokens: number;
  temperature: number;
  topK: number;
  seed: number;
  withEdits: boolean;
}

/** Tokens `from` to `to`, the last left out. */
export type TokenSpan = readonly [from: number, to: number];

export const COLOURS = ['surprise', 'entropy', 'rank', 'kl', 'feature', 'none'] as const;

export type ColourBy = (typeof COLOURS)[number];
export type Theme = 'auto' | 'light' | 'dark';

/** The two screens of the page. */
export const VIEWS = ['explore', 'train'] as const;
export type View = (typeof VIEWS)[number];

/** A passing message, and what takes back what it tells of. */
export type Notice = { text: string; undo: 'edits' | { textBefore: string; textAfter: string } | { run: () => void } | null };

export interface Facts extends FeatureFacts {
  boot: Boot;
  model: ModelInfo | null;
  models: ModelInfo[];
  device: DeviceInfo | null;
  load: LoadTask;
  text: string;
  reading: Reading;
  analysis: Analysis | null;
  /** Chosen token position; null follows the last token. */
  position: number | null;
  /** Tokens brushed in the strip. */
  span: TokenSpan | null;
  colourBy: ColourBy;
  hook: string;
  activations: Activations | null;
  activationsTask: ActivationsTask;
  bench: Workbench;
  timeline: Timeline;
  /** A dictionary that a link names and that is not here. */
  wanted: LinkedDictionary | null;
  /** A model that a link names and that is not open. */
  wantedModel: { id: string; hash: string } | null;
  /** False when the text is too long for the address. */
  linkHasText: boolean;
  settings: GenerationSettings;
  generation: GenerationTask;
  notice: Notice | null;
  theme: Theme;
  view: View;
  /** Texts that were dropped on the page and wait for the training screen. */
  droppedTexts: readonly File[];
}

export interface Actions extends FeatureActions {
  /** Opens the model of the start again after it failed. */
  retryBoot: () => void;
  loadModel: (source: ToOpen, name: string) => Promise<void>;
  cancelLoad: () => void;
  dismissLoad: () => void;
  setText: (text: string) => void;
  /** As setText, and a step of undo. */
  replaceText: (text: string) => void;
  /** Replaces the text, or the second one, by a sample, fetched first where it is a file of the page. */
  openSample: (sample: Sample, place?: 'first' | 'second') => Promise<void>;
  dismissWanted: () => void;
  selectPosition: (position: number) => void;
  /** Tokens now on screen: of a long text they are read first. */
  look: (span: TokenSpan) => void;
  /** An empty span is none. */
  setSpan: (span: TokenSpan | null) => void;
  setColourBy: (colourBy: ColourBy) => void;
  setHook: (hook: string) => void;
  keepVector: (values: Float32Array, position: number) => void;
  removeVector: (id: number) => void;
  addEdit: (edit: Omit<EditItem, 'id' | 'on'>) => void;
  /** @param key a run of changes with one key is one step of undo */
  changeEdit: (id: number, patch: Partial<Omit<EditItem, 'id'>>, key?: string) => void;
  removeEdit: (id: number) => void;
  clearEdits: () => void;
  undo: () => void;
  redo: () => void;
  setSettings: (patch: Partial<GenerationSettings>) => void;
  generate: () => Promise<void>;
  stopGenerating: () => void;
  setNotice: (notice: Notice | null) => void;
  setTheme: (theme: Theme) => void;
  show: (view: View) => void;
  /** Opens the training screen with texts to train on; none: they were taken. */
  dropTexts: (files: readonly File[]) => void;
}

export type AppState = Facts & { actions: Actions };

export type { Analysis, EditItem, KeptVector, LoadProgress };
