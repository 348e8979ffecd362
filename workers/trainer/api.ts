/** What crosses between the page and the trainer worker. */
import type { ModelInfo } from '../../src/api/model.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';
import type { CorpusInfo, RunEstimate, RunHistory, RunInfo } from '../../src/core/train/runTypes.ts';
import type { FileIn, ModelSource } from '../lens/api.ts';

export type { FileIn, ModelSource };

/** A model to train on: what the page says of it, and where it is to be had. */
export interface TrainModel {
  info: Pick<ModelInfo, 'id' | 'hash' | 'source'>;
  source: ModelSource;
}

export interface BeginJob {
  id: string;
  /** Of a new run; absent: the run is kept, here or in the store, and goes on. */
  config?: TrainConfig;
  /** Absent: not had; a run that is still in memory goes on without. */
  model?: TrainModel;
}

/** How a run ended; `ids` are those of its dictionaries in the library, null for what is not there. */
export interface RunEnd {
  state: 'finished' | 'stopped' | 'paused';
  ids: (string | null)[];
  message?: string;
}

export interface TrainerMethods {
  open(settings: { device: 'webgpu' | 'wasm'; base: string }): void;
  addCorpus(name: string, file: FileIn, options: { field?: string }): { corpus: CorpusInfo; warnings: string[] };
  estimate(config: TrainConfig, model: TrainModel): RunEstimate;
  /** Reads text and model and makes the first step; or takes up a run that is paused here. */
  begin(job: BeginJob): RunInfo;
  /** Trains until all is done, `halt` is called, or something is in the way. @returns where it stands; `state` says why it ended */
  go(id: string): RunInfo;
  /** Asks `go` to end; 'paused' keeps a checkpoint, 'stopped' leaves all as it is for `files`. */
  halt(id: string, state: 'paused' | 'stopped'): void;
  /** A dictionary as it is now, as the files of a SAELens folder. */
  files(id: string, index: number): FileIn[];
  /**
   * The dictionaries are in the library: writes it down and gives everything back. A paused end makes a checkpoint; when
   * that is refused (`unkept`) nothing is given back. A run that is not held any more can only be 'stopped'.
   */
  conclude(id: string, end: RunEnd): RunInfo;
  /** Gives a run back, after a begin under way, and forgets that it was. */
  forget(id: string): void;
  /** @throws when the run is not held here */
  history(id: string): RunHistory;
}

/** What a method reports while it runs. */
export interface TrainerProgress {
  begin: RunInfo;
  go: RunInfo;
}
