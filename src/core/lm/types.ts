/**
 * The words that pass between a script, the page and the worker that holds the model.
 * Plain data only: everything here survives structured cloning.
 */

/** Row-major numbers with their shape; `data.length` is the product of `shape`. */
export type Array2 = { data: Float32Array; shape: number[] };

/** What to run on. `prepend_bos` (default false) puts `<|endoftext|>` in front of every row. */
export type Input = ({ text: string } | { ids: number[] } | { batch: number[][] }) & {
  prepend_bos?: boolean;
};

/** Where an edit acts: token positions, rows of a batch; everywhere when absent. */
export type Where = { positions?: number[]; rows?: number[] };

/** A change made to the activations of one hook while the model runs. */
export type HookEdit = Where &
  (
    | { hook: string; op: 'add'; vector: Float32Array }
    | { hook: string; op: 'scale'; factor: number }
    | { hook: string; op: 'set'; value: Array2 }
    | { hook: string; op: 'project_out'; direction: Float32Array; bias?: number }
  );

/** A change made through a dictionary's latent. */
export type LatentEdit = Where & {
  /** Id of a dictionary of the library. */
  dictionary: string;
  latent: number;
  op: 'ablate' | 'scale' | 'set' | 'add';
  value?: number;
};

export type Edit = HookEdit | LatentEdit;

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

export type HookInfo = {
  name: string;
  /** 'pos' stands for the number of tokens; a batch adds a leading axis. */
  shape: (number | 'pos')[];
  editable: boolean;
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
};

/** A model on the Hugging Face hub or a mirror of it. */
export type HubModel = {
  /** Owner and name: 'EleutherAI/pythia-70m-deduped'. */
  hub: string;
  /** Branch, tag or commit; default 'main'. Pythia has step0 … step143000. */
  revision?: string;
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

export type GenerateOptions = {
  /** How many new tokens at most; `<|endoftext|>` ends earlier. */
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

/** What to encode: an input of the model, or activations of the dictionary's hook [n, d_in] (no model needed). */
export type Source = Input | { acts: Array2 };

/** Active latents only, row by row, and what decoding them needs. */
export type Latents = {
  /** Row r holds entries rows[r] … rows[r + 1] of `latents` and `values`. [n + 1] */
  rows: Uint32Array;
  /** Rising within a row. */
  latents: Uint32Array;
  values: Float32Array;
  d_sae: number;
  /** Rows of each text of a batch, in order; one entry for a single text. */
  lengths: number[];
  /** Multiplies a row's reconstruction; absent: 1. [n] */
  scale?: Float32Array;
  /** Added to every dimension of a row's reconstruction; absent: 0. [n] */
  shift?: Float32Array;
};

export type DictionaryInfo = {
  id: string;
  /** For a person. */
  label: string;
  /** Model it was made on, as its file says; '' when it does not. */
  model: string;
  /** TransformerLens hook; '' when its file does not say. */
  hook: string;
  architecture: string;
  d_in: number;
  d_sae: number;
  source: 'built-in' | 'files';
  /** Bytes of the tensors as stored. */
  bytes: number;
  /** Where it was fetched from, for `dictionaries.fetch`; absent for files and for what an address lets one person read. */
  from?: PublishedSource;
  /** SHA-256 of its tensors, `sha256-` and 64 hex digits; '' where the page has no crypto.subtle (plain http from another machine). */
  hash: string;
  /** Whether its hook exists in the loaded model with the same width. */
  fits: boolean;
};

/** What to measure a dictionary on; without tokens, the text that ships with the page. */
export type EvaluateOptions = {
  /** Token ids: one stretch, or one list a document. */
  ids?: Uint16Array | number[][];
  text?: string;
  /** Name of a text to train on (`corpus.list()`), each document from an empty context. */
  corpus?: string;
  /** At most this many tokens, in contexts of the model's n_ctx; default 4,096. */
  tokens?: number;
};

/** Figures of a dictionary on some tokens, each of the whole set (formulas: src/core/sae/metrics.ts, splice.ts). */
export type Evaluation = {
  tokens: number;
  /** Mean number of active latents. */
  l0: number;
  /** Share of variance not explained: Σ‖x − x̂‖² / Σ‖x − mean x‖². */
  fvu: number;
  /** Mean over tokens and dimensions of (x − x̂)². */
  mse: number;
  /** Mean of ‖x̂‖ / ‖x‖; below 1 is shrinkage. */
  l2_ratio: number;
  /** Cross-entropy in nats: as it is, with the reconstruction in place, with zeros in place. NaN for a hook that cannot be edited. */
  ce_clean: number;
  ce_spliced: number;
  ce_zero: number;
  /** (ce_zero − ce_spliced) / (ce_zero − ce_clean). */
  ce_recovered: number;
  /** Mean KL(as it is ‖ with the reconstruction), nats. */
  kl: number;
  /** Latents that fire on more than 10 of the tokens, and on none. */
  alive: number;
  dead: number;
  /** Share of tokens on which each latent fires. [d_sae] */
  density: Float32Array;
};

/** All that the files of a dictionary say of it. */
export type DictionaryCard = {
  info: Omit<DictionaryInfo, 'fits'>;
  /** Why it does not fit the loaded model, as a sentence; '' when it fits or no model is open. */
  misfit: string;
  tensors: { name: string; dtype: string; shape: number[] }[];
  /** Settings as read from cfg.json: what the maths uses. */
  config: Record<string, string | number | boolean | null>;
  /** Training record as its files give it, flattened to one level; null when there is none. */
  record: Record<string, string | number | boolean> | null;
  /** Share of tokens on which each latent fires, as its sparsity.safetensors says. [d_sae] */
  density: Float32Array | null;
  /** What importing found that the figures do not show, as sentences: conventions of its library, what was folded. */
  notes: string[];
  /** What it can be exported as; `obstacle` is '' or the sentence that says why not. */
  exports: { format: ExportFormat; obstacle: string }[];
};

/** What a dictionary can be exported as: a folder of one of these libraries. */
export type ExportFormat = 'saelens' | 'dictionary_learning' | 'sparsify';

/** A dictionary among files, before its tensors are read. */
export type FoundDictionary = {
  name: string;
  /** The library that wrote it. */
  format: string;
  architecture: string;
  /** '' when unknown. */
  hook: string;
  d_in: number;
  d_sae: number;
  /** Of its tensors as stored. */
  bytes: number;
};

/**
 * Where published dictionaries are to be had: a folder of a repository of the hub (a zip in it counts as a folder; absent:
 * the whole repository), or an address: of a file, or of a page of the hub (`tree`, `blob`, `resolve`).
 */
export type PublishedSource = { hub: string; revision?: string; folder?: string } | { url: string };

/** A dictionary among the files at a source, by their names. */
export type PublishedItem = {
  /** Its folder, or its file where that is the dictionary by itself. */
  folder: string;
  /** The library that writes such files; 'zip': an archive that may hold several. */
  format: string;
  /** Of its files. */
  bytes: number;
  /** What names it alone, for `plan` and `fetch`. */
  source: PublishedSource;
};

/** What is to be had at a source, known before any weights are fetched. */
export type PublishedPlan = {
  /** Name of the host asked. */
  host: string;
  items: PublishedItem[];
  /** Where there is one item: what its headers say it is, in the order that `pick` counts; [] where they could not be read alone. */
  found: FoundDictionary[];
  /** Sentences of the report so far. */
  warnings: string[];
  /** Where there is one item: bytes that have arrived already. */
  here: number;
};

/** How often each latent of a dictionary fires. */
export type DictionaryDensities = {
  /** Share of tokens. [d_sae] */
  values: Float32Array;
  /** 'file': its sparsity.safetensors. 'measured': the last evaluation here. */
  source: 'file' | 'measured';
  /** Tokens it was counted on, where known. */
  tokens?: number;
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
