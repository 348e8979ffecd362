/** What the Explore screen knows, as small facts and immutable references. Changed only through the actions. */
import type { Array2 } from '../../api/model.ts';
import { DEFAULT_TEXT } from './samples.ts';
import type { Analysis } from './analysis.ts';
import { initialCompareFacts, type CompareFacts } from './compareFacts.ts';
import type { Workbench } from './edits.ts';
import { initialFeatureFacts, type FeatureFacts } from './featureFacts.ts';
import type { TokenSpan } from './spans.ts';

/** What came of the text in the box. `analysis` keeps the last good answer meanwhile. */
type Reading =
  { status: 'waiting' } | { status: 'empty' } | { status: 'running' } | { status: 'done' } | { status: 'failed'; message: string };

type ActivationsTask = { status: 'idle' } | { status: 'running' } | { status: 'done' } | { status: 'failed'; message: string };

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

export interface Output {
  name: 'plain' | 'edited' | 'latent' | 'direction';
  text: string;
  /** New tokens: their ids, and what each adds to the text. */
  tokens: readonly { id: number; text: string }[];
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
  /** Also the controls of the edits. */
  withControls: boolean;
}

export const COLOURS = ['surprise', 'entropy', 'rank', 'kl', 'feature', 'none'] as const;

export type ColourBy = (typeof COLOURS)[number];

export interface ExploreFacts extends FeatureFacts, CompareFacts {
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
  /** False when the text is too long for the address. */
  linkHasText: boolean;
  settings: GenerationSettings;
  generation: GenerationTask;
}

export const initialExploreFacts: ExploreFacts = {
  ...initialFeatureFacts,
  ...initialCompareFacts,
  text: DEFAULT_TEXT,
  reading: { status: 'waiting' },
  analysis: null,
  position: null,
  span: null,
  colourBy: 'feature',
  hook: '',
  activations: null,
  activationsTask: { status: 'idle' },
  bench: { edits: [], vectors: [], dropsError: false },
  linkHasText: true,
  settings: { tokens: 40, temperature: 0, topK: 40, seed: 1, withEdits: true, withControls: false },
  generation: { status: 'idle' },
};
