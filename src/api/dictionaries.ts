/** Dictionaries as scripts, page and workers see them. Plain data but for the interfaces of functions. */
import type { PublishedRelease } from '../core/catalogue.ts';
import type { Array2 } from '../core/lm/types.ts';
import type { WindowExplained } from '../core/sae/explained.ts';
import type { Evaluation, ExportFormat, FoundDictionary, PublishedSource } from '../core/sae/types.ts';
import type { CallOptions, FileIn, Input, LoadOptions, LoadProgress } from './model.ts';

export type { PublishedClaims, PublishedDictionary, PublishedRelease } from '../core/catalogue.ts';
export type { WindowExplained } from '../core/sae/explained.ts';
export type { Evaluation, ExportFormat, FoundDictionary, PublishedSource } from '../core/sae/types.ts';

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

/** Latents, and how much of the activations they explain; null where the reconstruction cannot be had. */
export type Features = Latents & { explained: WindowExplained | null };

export type FeaturesOptions = {
  /** Rows at the beginning of one text that only give context: nothing of them comes back. Default 0. */
  skip?: number;
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
  /** Ids of dictionaries that shipped before in its place, with other features. Links of older pages name them. */
  formerly?: string[];
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

/** The library: what is here, what comes in, what goes out. */
export interface DictionariesApi {
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
}

/** What dictionaries make of text. */
export interface EncodingApi {
  /** Active latents of every token; text of any length, in windows (each token with most left context). */
  encode(source: Source, dictionary: string, options?: CallOptions): Promise<Latents>;
  /** What `encode` gives, and how much of the activations that explains, in one call. */
  features(source: Source, dictionary: string, options?: FeaturesOptions & CallOptions): Promise<Features>;
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
}
