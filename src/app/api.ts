/**
 * The scripting interface: everything the screens can do, callable from the console as
 * `window.featurescope`. The screens use these same functions. Documented in README.
 */
import type { SettingName, Settings } from '../cache/settings.ts';
import type { OfflineStatus } from '../cache/offline/client.ts';
import type { Label } from '../core/formats/labels.ts';
import type { DictionaryPlan, TrainConfig } from '../core/train/config.ts';
import type { CorpusInfo, RunEstimate, RunEvaluation, RunHistory, RunInfo } from '../core/train/runTypes.ts';
import type { PublishedRelease } from '../core/catalogue.ts';
import type {
  Array2,
  AskedHost,
  DeviceInfo,
  DictionaryCard,
  DictionaryDensities,
  DictionaryInfo,
  Edit,
  EvaluateOptions,
  Evaluation,
  ExportFormat,
  FoundDictionary,
  GenerateOptions,
  Generated,
  HubModel,
  HubPlan,
  Input,
  KeptModel,
  Latents,
  Live,
  LoadProgress,
  ModelInfo,
  Predictions,
  PublishedPlan,
  PublishedSource,
  RunOptions,
  RunResult,
  Source,
  Tokenized,
} from '../core/lm/types.ts';

export type * from '../core/lm/types.ts';
export type * from '../core/train/config.ts';
export type * from '../core/train/runTypes.ts';
export type { PublishedClaims, PublishedDictionary, PublishedRelease } from '../core/catalogue.ts';
export type { Label, OfflineStatus, SettingName, Settings };

/** A file a person dropped or a script made. `path` may hold folders (`onnx/model.onnx`). */
export type FileIn = File | { path: string; data: Blob | Uint8Array };

/** The model in use with weights drawn at random from this seed (LayerNorm stays); null: with its own again. */
export type RandomModel = { random: number | null };

export type LoadOptions = { onProgress?: (progress: LoadProgress) => void; signal?: AbortSignal };
export type CallOptions = { signal?: AbortSignal };

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
    /** Text, or a .txt, .md, .jsonl or .csv file, each also as .gz; kept between visits. `field`: of .jsonl and .csv. @throws with a sentence, and then nothing was added */
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

/** Every method that rejects does so with an Error whose message is a sentence for a person. */
export interface FeaturescopeApi extends TrainingApi {
  /** Version of the page, as in package.json. */
  readonly version: string;
  /** Settles when the model named by the address bar, else the default, answers run(); asked again later, when any model does. */
  readonly ready: Promise<void>;
  /** @throws before `ready` */
  device(): DeviceInfo;
  models: {
    /** Models that ship with the page, those of the hub that this browser keeps, and the one in use. */
    list(): Promise<ModelInfo[]>;
    /**
     * Replaces the current model when the new one is whole; a refused one leaves it as it was. One of the hub is fetched
     * once and kept; what has arrived of a stopped or failed one is kept too, and the next call goes on there. An id is
     * one of `list()`, or `owner/name` or `owner/name@revision` of the hub.
     * @param options.keptOnly nothing is fetched from a hub: refused when this browser does not keep the model
     */
    load(model: string | FileIn[] | HubModel | RandomModel, options?: LoadOptions & { keptOnly?: boolean }): Promise<ModelInfo>;
    /** @throws before `ready` */
    current(): ModelInfo;
    /** What opening a model of the hub takes: its files and their sizes. Fetches no weights. */
    plan(model: HubModel, options?: CallOptions): Promise<HubPlan>;
    /** Models of the hub in this browser, also those that came in part. `storage.remove('model', id)` deletes one. */
    kept(): Promise<KeptModel[]>;
    /** Called when another model is in use, or `list()` may have changed, here or in another tab. @returns how to stop */
    subscribe(listener: () => void): () => void;
  };
  /** Every host asked since the page was opened; workers that are not counted ask this page's own server only. */
  requests(): Promise<AskedHost[]>;
  live(): Promise<Live>;
  /** Spans are character ranges in `text.normalize('NFC')`. */
  tokenize(text: string): Promise<Tokenized>;
  run(input: Input, options?: RunOptions & CallOptions): Promise<RunResult>;
  /** Next-token statistics of one text (not a batch), computed where the model is. `k` defaults to 10. */
  predict(input: Input, options?: { k?: number; edits?: Edit[] } & CallOptions): Promise<Predictions>;
  /** `onToken` gets each new id with the whole continuation so far, since one token may be half a character. */
  generate(
    input: Input,
    options: GenerateOptions & CallOptions & { onToken?: (id: number, textSoFar: string) => void },
  ): Promise<Generated>;
  /** Active latents of every token; text of any length, in windows (each token with most left context). */
  encode(source: Source, dictionary: string, options?: CallOptions): Promise<Latents>;
  /** Reconstruction [n, d_out] in raw units; `x` [n, d_in] only for skip transcoders. */
  decode(dictionary: string, latents: Latents, options?: { x?: Array2 }): Promise<Array2>;
  /** `decode(encode(…))` without the latents crossing over. [n, d_out] */
  reconstruct(source: Source, dictionary: string, options?: CallOptions): Promise<Array2>;
  /**
   * Measures a dictionary on given tokens, else on the first 4,096 of the Moby Dick that ships with the page, in
   * contexts of the model's n_ctx. Other calls are answered meanwhile.
   */
  evaluate(
    dictionary: string,
    options?: EvaluateOptions & { signal?: AbortSignal; onProgress?: (progress: { done: number; total: number }) => void },
  ): Promise<Evaluation>;
  dictionaries: {
    /** Those that fit the loaded model first. */
    list(): Promise<DictionaryInfo[]>;
    /** What `import` would open of these files, in the order that its `pick` counts; no tensor is read. */
    inspect(files: FileIn[]): Promise<{ found: FoundDictionary[]; warnings: string[] }>;
    /**
     * Opens dictionaries of SAELens, dictionary_learning, sparsify, OpenAI, sparse_coding, 1L-Sparse-Autoencoder and in Gemma
     * Scope's layout, and keeps them for the next visit (a warning says when that cannot be). `pick` chooses among several.
     */
    import(
      files: FileIn[],
      options?: { pick?: number[]; onProgress?: (progress: LoadProgress) => void; signal?: AbortSignal },
    ): Promise<{ dictionaries: DictionaryInfo[]; warnings: string[] }>;
    /** Releases that others have published for Pythia, as their makers describe them; asks nobody. */
    catalogue(): Promise<readonly PublishedRelease[]>;
    /**
     * What is to be had at a place of the hub or an address: dictionaries and their sizes, and where there is one, what its
     * headers say. Fetches no weights; refuses what cannot be right.
     */
    plan(source: PublishedSource, options?: CallOptions): Promise<PublishedPlan>;
    /**
     * Fetches the one dictionary at a source and opens it as `import` does. What has arrived of a stopped or failed one is
     * kept, and the next call goes on there. `pick` chooses among several in one file.
     */
    fetch: (
      source: PublishedSource,
      options?: LoadOptions & { pick?: number[] },
    ) => Promise<{ dictionaries: DictionaryInfo[]; warnings: string[] }>;
    /**
     * A zip with a folder of that library. Its tensors are byte for byte what came in, unless something had to be put into
     * them that the library cannot say. Rejects with the reason where it cannot hold the dictionary (`card(id).exports`).
     */
    export(id: string, format: ExportFormat): Promise<Blob>;
    /** Forgets an imported dictionary. */
    remove(id: string): Promise<void>;
    /** Brings back the one that was removed last, as it was. @throws UsageError when another was removed since, or the page was loaded anew */
    restore(id: string): Promise<void>;
    /** Encoder column, decoder row and encoder bias of one latent. */
    vectors(id: string, latent: number): Promise<{ enc: Float32Array; dec: Float32Array; b_enc: number }>;
    /** All that its files say: shapes, settings, training record, densities. */
    card(id: string): Promise<DictionaryCard>;
    /** How often each latent fires; null when nobody has counted. */
    densities(id: string): Promise<DictionaryDensities | null>;
    /** Called when the library was changed, here or in another tab. @returns how to stop */
    subscribe(listener: () => void): () => void;
  };
  /** What a person calls latents; kept between visits, by the hash of the dictionary's tensors. */
  labels: {
    /** All, or those of one dictionary (by its id), by rising latent. */
    list(dictionary?: string): Promise<Label[]>;
    /** At most 500 characters on one line; '' removes the label. */
    set(dictionary: string, latent: number, text: string): Promise<void>;
    /** JSON of all, or of one dictionary's. */
    export(dictionary?: string): Promise<Blob>;
    /** The newer of two labels wins; what was left out, and labels of dictionaries not here, are named in the warnings. */
    import(file: FileIn): Promise<{ added: number; changed: number; unchanged: number; warnings: string[] }>;
    /** Why labels do not outlast the page, as a sentence; null while they do. */
    problem(): string | null;
    /** Called when labels were changed, here or in another tab. @returns how to stop */
    subscribe(listener: () => void): () => void;
  };
  /** Small choices kept between visits. */
  settings: {
    /** undefined: never set. */
    get<K extends SettingName>(name: K): Settings[K] | undefined;
    /** undefined forgets it. */
    set<K extends SettingName>(name: K, value: Settings[K] | undefined): void;
    /** Called when a setting was changed, here or in another tab. @returns how to stop */
    subscribe: (listener: () => void) => () => void;
  };
  storage: {
    usage(): Promise<StorageUse>;
    /** Asks the browser to keep what is stored even when room gets scarce. @returns whether it will */
    persist(): Promise<boolean>;
    /** Deletes one item of `usage().items`. */
    remove(kind: StoredKind, id: string): Promise<void>;
  };
  /** The page kept by this browser, so that it opens without a network. */
  offline: {
    /** The same object until something changes. */
    status: () => OfflineStatus;
    /** Called when the status changed. @returns how to stop */
    subscribe: (listener: () => void) => () => void;
    /** Fetches what is missing now instead of when the page is quiet. @throws Error with a sentence */
    keep: () => Promise<void>;
    /** Starts the new build that waits; reloads every tab of the page. */
    update: () => void;
  };
}

export type StoredKind = 'dictionary' | 'download' | 'model' | 'run' | 'corpus' | 'labels' | 'offline' | 'settings';

export interface StorageUse {
  /** Bytes of everything this site keeps, as the browser estimates; null when it does not say. */
  used: number | null;
  quota: number | null;
  /** Whether the browser promised not to evict it; null when it does not say. */
  persisted: boolean | null;
  /** Whether anything can be kept at all. */
  available: boolean;
  /** What cannot be kept and why, in sentences. */
  problem?: string;
  items: { kind: StoredKind; id: string; label: string; bytes: number }[];
}

declare global {
  interface Window {
    featurescope: FeaturescopeApi;
  }
}

export type { Array2 };
