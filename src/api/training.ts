/** Training as scripts, page and workers see it. */
import type { DictionaryPlan, TrainConfig } from '../core/train/config.ts';
import type { CorpusInfo, RunEstimate, RunEvaluation, RunHistory, RunInfo } from '../core/train/runTypes.ts';
import type { DictionaryInfo } from './dictionaries.ts';

export type * from '../core/train/config.ts';
export type * from '../core/train/runTypes.ts';

/** A training run that goes on in this tab; `runs.list()` knows of the others. */
export interface Run {
  readonly id: string;
  /**
   * Settles when all is trained and the dictionaries are in the library, or when it was stopped (then with what was
   * kept). Rejects when it fails; its last checkpoint is kept and can be resumed.
   */
  readonly done: Promise<{ dictionaries: { id: string; config: DictionaryPlan; metrics: RunEvaluation | null }[] }>;
  /** The same object until something changes. */
  info(): RunInfo;
  /** Resolves when nothing runs any more; a checkpoint is kept, or `info().unkept` says that it was refused. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it. With `keep` its dictionaries join the library as they are; otherwise they are forgotten. Default: kept. */
  stop(o?: { keep: boolean }): Promise<void>;
}

export type RunOptionsOf = { onProgress?: (info: RunInfo) => void; signal?: AbortSignal };

/** Training of new dictionaries. One run at a time, in all tabs of this page together. */
export interface TrainingApi {
  /**
   * Starts a run on the model in use. Resolves once text is read and the first step is made.
   * `signal` stops it without keeping anything. @throws when another run goes on, in this tab or another
   */
  train(config: TrainConfig, o?: RunOptionsOf): Promise<Run>;
  runs: {
    /** Newest first; those of earlier visits and of other tabs too. */
    list(): Promise<RunInfo[]>;
    /** @throws when it does not go on in this tab */
    get(id: string): Promise<Run>;
    /** Goes on with an interrupted, paused or failed run from its last checkpoint. */
    resume(id: string, o?: RunOptionsOf): Promise<Run>;
    /** Forgets a run and its checkpoint; its dictionaries in the library stay. */
    remove(id: string): Promise<void>;
    /** Curves, measurements and densities of each of its dictionaries. */
    history(id: string): Promise<RunHistory>;
    /** What a run would take on this device, by making a few of its steps. */
    estimate(config: TrainConfig, o?: { signal?: AbortSignal }): Promise<RunEstimate>;
    /** The dictionary as it is now, opened for looking through until the page closes or the run ends. @returns with its id in `dictionaries` */
    preview(id: string, index?: number): Promise<DictionaryInfo>;
    /** Called when a run changed, at most twice a second. @returns how to stop */
    subscribe(listener: () => void): () => void;
  };
  /** Text to train on. */
  corpus: {
    /** Text, or a .txt, .md, .json, .jsonl, .csv or .tsv file, each also as .gz; kept between visits. `field`: of objects and tables. @throws with a sentence, and then nothing was added */
    add(
      name: string,
      data: File | string,
      o?: { field?: string; signal?: AbortSignal },
    ): Promise<{ corpus: CorpusInfo; warnings: string[] }>;
    list(): Promise<CorpusInfo[]>;
    remove(name: string): Promise<void>;
    /** Called when the list changed, here or in another tab. @returns how to stop */
    subscribe(listener: () => void): () => void;
  };
}
