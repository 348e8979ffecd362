/** What can be seen of a training run: figures and states, plain data. */
import type { Evaluation } from '../sae/types.ts';
import type { RunPlan, TrainConfig } from './config.ts';

/** Figures of one dictionary at one step, of that step's batch unless said. */
export interface RunPoint {
  /** Steps made. */
  step: number;
  /** Rows trained on so far. */
  tokens: number;
  loss: number;
  /** As the loss has it (src/core/train/types.ts). */
  reconstruction: number;
  sparsity: number;
  auxiliary: number;
  /** Mean active latents a row. */
  l0: number;
  /** Σ‖x − x̂‖² / Σ‖x − mean x‖² over the batch; NaN when its rows do not vary, as one row alone. */
  fvu: number;
  /** Latents silent for `dead_after` rows. */
  dead: number;
  lr: number;
}

/** Measured on held-out text; formulas: src/core/sae/metrics.ts, splice.ts. Perplexity is exp(ce_spliced). */
export type RunEvaluation = { step: number; tokens: number } & Omit<Evaluation, 'density' | 'tokens'> & { measured_tokens: number };

/** One dictionary's curves. */
export interface DictionaryHistory {
  points: RunPoint[];
  evaluations: RunEvaluation[];
  /** Share of rows each latent fired on over the last counted stretch; null before the first is full. [d_sae] */
  density: Float32Array | null;
  /** Rows of that stretch. */
  densityRows: number;
  /** Rows trained on when the counting of the stretch now running began. */
  densityFrom: number;
}

export type RunHistory = DictionaryHistory[];

/**
 * starting: text and model are read. running: here. elsewhere: in another tab. paused: by a person, or because of
 * what `message` says; resumable. interrupted: the tab went away; resumable. finished, stopped: dictionaries kept are
 * in the library. failed: `message` says why; its last checkpoint is kept.
 */
export type RunState = 'starting' | 'running' | 'elsewhere' | 'paused' | 'interrupted' | 'finished' | 'stopped' | 'failed';

export interface RunInfo {
  id: string;
  name: string;
  state: RunState;
  /** Why it paused or failed, or what to know of it (a resume that is not exact); a sentence. */
  message?: string;
  /** As it was asked for. */
  config: TrainConfig;
  /** Once model and corpus are known. */
  plan: RunPlan | null;
  step: number;
  /** Seconds of work, pauses left out. */
  seconds: number;
  /** Rows a second over the last stretch, harvest included; 0 before anything is known. */
  tokensPerSecond: number;
  /** Bytes of trainers and activation buffer. */
  bytes: number;
  /** What computes: 'wasm-relaxed', …; '' before it began. */
  kernels: string;
  threads: number;
  /** Milliseconds since 1970. */
  created: number;
  updated: number;
  /** In the plan's order: last figures, last measurement, and id in the library once it is there. */
  dictionaries: { last: RunPoint | null; evaluation: RunEvaluation | null; id: string | null }[];
  /** Times it went on after an interruption, and whether each went on with the same kernels. */
  resumes: number;
  exact: boolean;
  /** Set while more of it is in this page's memory than is kept: there is no room ('full'), or nothing is stored at all ('denied'). */
  unkept?: 'full' | 'denied';
}

/** What a run would take here. */
export interface RunEstimate {
  tokensPerSecond: number;
  seconds: number;
  /** Trainers and activation buffer. */
  bytes: number;
}

/** A corpus for training. */
export interface CorpusInfo {
  name: string;
  source: 'built-in' | 'added';
  /** Bytes of text in UTF-8; 0 when not fetched yet. */
  bytes: number;
  /** 0 when not known yet. */
  documents: number;
}
