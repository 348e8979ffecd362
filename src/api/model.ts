/**
 * The model as scripts, page and workers see it: what goes in, what comes out, how models are opened.
 * Plain data only: everything here but the interfaces of functions survives structured cloning.
 */
import type { Array2, Edit, HookInfo, HubModel } from '../core/lm/types.ts';

export type { Array2, Edit, HookEdit, HookInfo, HubModel, LatentEdit, Where } from '../core/lm/types.ts';

/** What to run on. `prepend_bos` (default false) puts `<|endoftext|>` in front of every row. */
export type Input = ({ text: string } | { ids: number[] } | { batch: number[][] }) & {
  prepend_bos?: boolean;
};

/** Which positions reach the unembedding: none, each row's last real token, all, or these. */
export type LogitRows = 'none' | 'last' | 'all' | number[];

export type RunOptions = {
  /** Hook names whose values (after edits) come back in `acts`. */
  read?: string[];
  edits?: Edit[];
  /** Default 'none'. */
  logits?: LogitRows;
  /** Start at `blocks.{layer}.hook_resid_pre` with these values instead of at the embedding. */
  from?: { layer: number; resid: Array2 };
};

export type RunResult = {
  acts: Record<string, Array2>;
  logits?: Array2;
  /** Real tokens in each row. */
  lengths: number[];
};

export type ModelInfo = {
  id: string;
  n_layers: number;
  d_model: number;
  n_heads: number;
  d_head: number;
  d_mlp: number;
  /** Rows of the unembedding; may exceed the tokenizer's vocabulary (see `n_tokens`). */
  d_vocab: number;
  /** Entries the tokenizer has; ids from here up are padding of the matrix, never shown. */
  n_tokens: number;
  /** Longest input in tokens. */
  n_ctx: number;
  hooks: HookInfo[];
  /** Bytes of the parameters in fp32. */
  bytes: number;
  /** SHA-256 (hex) of the parameters as loaded; 'listed' entries that are not loaded have ''. */
  hash: string;
  /** Where it came from: with the page, from files, or from the hub. */
  source: 'built-in' | 'files' | 'hub';
  parameters: number;
  /** Why it will not be here at the next visit, as a sentence; absent: it will, or was never meant to. */
  notKept?: string;
  /** That its files name no token that ends a text, as a sentence; absent: they do. */
  noEndOfText?: string;
};

/** What opening a model of the hub takes, known before it is fetched. */
export type HubPlan = Required<HubModel> & {
  /** Its id once it is open. */
  id: string;
  /** Address of the hub or mirror. */
  host: string;
  files: { path: string; bytes: number }[];
  /** Of all files. */
  bytes: number;
  /** Bytes that have arrived already. */
  here: number;
};

/** A model of the hub that this browser keeps, or the beginning of one. */
export type KeptModel = Required<HubModel> & {
  id: string;
  host: string;
  bytes: number;
  here: number;
  /** All of it is here: it opens without a network. */
  whole: boolean;
};

/** A host this page asked something of since it was opened. */
export type AskedHost = {
  /** 'https://huggingface.co' */
  host: string;
  requests: number;
  /** Bytes that arrived. */
  bytes: number;
  /** When it was asked last, ms since 1970. */
  last: number;
};

export type Tokenized = { ids: number[]; tokens: string[]; spans: [number, number][] };

/** Ids as the text that they spell. */
export type Detokenized = Tokenized & { text: string };

export type GenerateOptions = {
  /** How many new tokens at most; a token that ends a text, as the model's files name it, ends earlier. */
  tokens: number;
  edits?: Edit[];
  /** 0 (default) is greedy. */
  temperature?: number;
  /** Sample among the k most likely; 0 or absent means all. */
  top_k?: number;
  seed?: number;
};

export type Generated = { ids: number[]; text: string };

/** What edits changed about the next-token predictions, each probability exact. */
export type Comparison = {
  /** KL(unedited ‖ edited) in nats for each position. [n] */
  kl: Float32Array;
  /** Probability without the edits of each entry of `topIds`. [n, k] */
  topProbsBefore: Float32Array;
  /** Most likely next tokens without the edits, best first. [n, k] */
  idsBefore: Uint32Array;
  /** Their probabilities without and with the edits. [n, k] */
  probsBefore: Float32Array;
  probsAfter: Float32Array;
};

/** Next-token statistics of every position of one text, small enough to cross a worker boundary. */
export type Predictions = Tokenized & {
  /** −ln p(token i | tokens before), nats; NaN for the first token. [n] */
  surprise: Float32Array;
  /** Entropy of the next-token distribution after token i, nats. [n] */
  entropy: Float32Array;
  /** 0-based rank of token i among the predictions made before it; −1 for the first. [n] */
  rank: Int32Array;
  k: number;
  /** Most likely next tokens after each position, best first. [n, k] */
  topIds: Uint32Array;
  /** Their probabilities. [n, k] */
  topProbs: Float32Array;
  /** What those ids look like, as `tokens`. */
  topTokens: Record<number, string>;
  /** Present when edits were given; everything above is then with the edits. */
  comparison?: Comparison;
};

export type LoadProgress = {
  /** What is happening, for a person. */
  stage: 'fetching' | 'reading' | 'building' | 'done';
  /** Bytes done and to do of this stage; total 0 when unknown. */
  loaded: number;
  total: number;
  /** While fetching from the hub: bytes a second over the last seconds. */
  rate?: number;
  /** What is waited for, as a sentence. */
  note?: string;
};

/** What the engine holds: for finding leaks. The first three return to their resting count when nothing runs. */
export type Live = {
  sessions: number;
  /** Tensors of the model on the device. */
  buffers: number;
  calls: number;
  /** What encodes and decodes dictionaries. */
  kernels: 'webgpu' | 'wasm-relaxed' | 'wasm-simd' | 'typescript';
  /** Bytes kept for dictionaries in use, beside their own tensors. */
  keptBytes: number;
};

export type DeviceInfo = {
  kind: 'webgpu' | 'wasm';
  threads: number;
  /** For a person: "Apple M2 (WebGPU)", "CPU, 2 threads". */
  description: string;
  /** Why this device and not the other. */
  reason: string;
};

/** A file a person dropped or a script made. `path` may hold folders (`onnx/model.onnx`). */
export type FileIn = File | { path: string; data: Blob | Uint8Array };

/** A file as it crosses to a worker: Blobs are handed over by reference. */
export type PlainFile = { path: string; data: Blob };

/** Of the hub at `host`; `keptOnly`: from this browser, without asking anybody. */
export type HubSource = Required<HubModel> & { host: string; keptOnly?: boolean };

/** Where a worker has a model from. `random`: seed of random weights in place of its own. */
export type ModelSource = ({ id: string } | { files: PlainFile[] } | HubSource) & { random?: number };

/** A model for a worker that opens its own: what the page says of it, and where it is to be had. */
export type WantedModel = { info: Pick<ModelInfo, 'id' | 'hash' | 'source'>; source: ModelSource };

/** The model in use with weights drawn at random from this seed (LayerNorm stays); null: with its own again. */
export type RandomModel = { random: number | null };

export type LoadOptions = { onProgress?: (progress: LoadProgress) => void; signal?: AbortSignal };
export type CallOptions = { signal?: AbortSignal };

/** Which models there are, and which one is in use. */
export interface ModelsApi {
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
}

/** Asking the model in use. Every method that rejects does so with an Error whose message is a sentence for a person. */
export interface InferenceApi {
  /** @throws before `ready` */
  device(): DeviceInfo;
  live(): Promise<Live>;
  /** Spans are character ranges in `text.normalize('NFC')`. */
  tokenize(text: string): Promise<Tokenized>;
  /** What each row of ids spells, with the string of each token and its place in that. */
  detokenize(rows: number[][]): Promise<Detokenized[]>;
  run(input: Input, options?: RunOptions & CallOptions): Promise<RunResult>;
  /** Next-token statistics of one text (not a batch), computed where the model is. `k` defaults to 10. */
  predict(input: Input, options?: { k?: number; edits?: Edit[] } & CallOptions): Promise<Predictions>;
  /** `onToken` gets each new id with the whole continuation so far, since one token may be half a character. */
  generate(
    input: Input,
    options: GenerateOptions & CallOptions & { onToken?: (id: number, textSoFar: string) => void },
  ): Promise<Generated>;
}
