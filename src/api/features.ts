/** What features are, do and cause, as scripts, page and workers see it. Plain data but for the interfaces of functions. */
import type { BaselineOptions } from '../core/baselines/options.ts';
import type { Effects, FeatureName, FeatureRecord, FeatureTag, IndexInfo, Rule, RuleFigures } from '../core/interp/types.ts';
import type { DictionaryInfo } from './dictionaries.ts';

export type * from '../core/interp/types.ts';

export type { BaselineOptions } from '../core/baselines/options.ts';

export interface BaselinesApi {
  /** Makes it on the model in use and puts it into the library. */
  make(
    options: BaselineOptions,
    o?: { onProgress?: (progress: { done: number; total: number; message: string }) => void; signal?: AbortSignal },
  ): Promise<DictionaryInfo>;
}

/** Figures of all latents of a dictionary, for lists and searches. */
export type IndexSummary = {
  dictionary: string;
  corpus: string;
  tokens: number;
  /** Fewer contexts are kept: it came with the page. */
  short: boolean;
  /** Each [d_sae]. */
  density: Float32Array;
  maximum: Float32Array;
  /** The token it fires on most, by sum, and its share; −1 for a latent that never fires. */
  token: Int32Array;
  share: Float32Array;
  /** Entropy in bits of its activation over tokens. */
  entropy: Float32Array;
  tags: FeatureTag[][];
};

export interface IndexApi {
  /**
   * Reads a corpus through the model in use, once for all of these dictionaries, and keeps what fires their features.
   * A build that was stopped goes on where it stopped. Default: 100,000 tokens of the text that ships.
   */
  build(
    dictionaries: string | string[],
    o?: {
      corpus?: string;
      tokens?: number;
      onProgress?: (progress: { done: number; total: number; message: string }) => void;
      signal?: AbortSignal;
    },
  ): Promise<IndexInfo[]>;
  /** Those that are here or come with the page, for the model in use; unfinished ones too. */
  list(): Promise<IndexInfo[]>;
  remove(dictionary: string, corpus: string): Promise<void>;
  /** @throws when there is no index of it */
  feature(dictionary: string, latent: number, o?: { corpus?: string }): Promise<FeatureRecord>;
  /** null where there is no index. */
  summary(dictionary: string, o?: { corpus?: string }): Promise<IndexSummary | null>;
  /** What its latents can be called until a person labels them; those of which nothing says enough are left out. Empty without an index. */
  names(dictionary: string, o?: { corpus?: string }): Promise<(FeatureName & { latent: number })[]>;
  /** Opens an index that `npm run index` made elsewhere. */
  import(file: File): Promise<IndexInfo>;
  /** Called when an index came, went, or grew. @returns how to stop */
  subscribe(listener: () => void): () => void;
}

/** What to measure on. `ids`: texts as token ids, each of at most n_ctx. */
export type EffectsOn = { corpus?: string; tokens?: number } | { text: string } | { ids: number[][] };

export type EffectsOptions = {
  /** Size of Δ that the stacks count above, nats; default 0.1. */
  threshold?: number;
  /** Decides the controls: which other latent, and which direction; default 0. */
  seed?: number;
};

/** What a latent writes to the logits and reads from the embedding, without any text. */
export type LatentWeights = {
  /**
   * ((dec − mean dec) · ln_final.weight) · W_U, without LayerNorm's scale: highest and lowest tokens, and all in 50 bins.
   * dec of mlp.hook_post goes through W_out first, of attn.hook_z through W_O. `obstacle`: why there are none, as a sentence.
   */
  writes: { top: TokenWeight[]; bottom: TokenWeight[]; histogram: { edges: number[]; counts: number[] }; obstacle?: string };
  /** Embedding · enc of each token, in raw units: which tokens drive it by themselves. `obstacle`: as of `writes`. */
  reads: { top: TokenWeight[]; bottom: TokenWeight[]; obstacle?: string };
};
export type TokenWeight = { id: number; value: number };

/** Latents that are near another one. */
export type Neighbours = {
  /** Highest cosines of decoder rows. */
  cosine: { latent: number; value: number }[];
  /** Together on tokens: Jaccard = both / either, and Pearson correlation of values. Absent without tokens to count on. */
  together?: { latent: number; jaccard: number; correlation: number }[];
  /** Best match in another dictionary by cosine of decoder rows, and that one's best match back. */
  elsewhere?: { dictionary: string; latent: number; value: number; back: number }[];
  /**
   * The latent of each other dictionary of the same hook whose values over the tokens correlate most with this one's (Pearson; of
   * signed directions by size), and the cosine of their decoder rows. Absent without others, or without tokens to count on.
   */
  alike?: { dictionary: string; latent: number; correlation: number; cosine: number }[];
};

type Options = { onProgress?: (progress: { done: number; total: number }) => void; signal?: AbortSignal };

export interface FeaturesApi {
  baselines: BaselinesApi;
  index: IndexApi;
  /**
   * Takes a latent out at all positions, and two controls in its place; what changes in the predictions. Default: the first
   * 20,000 tokens of the text that ships.
   */
  effects(dictionary: string, latent: number, on?: EffectsOn, o?: EffectsOptions & Options): Promise<Effects>;
  weights(dictionary: string, latent: number, o?: { k?: number; signal?: AbortSignal }): Promise<LatentWeights>;
  neighbours(
    dictionary: string,
    latent: number,
    o?: { k?: number; elsewhere?: string[]; corpus?: string; tokens?: number } & Options,
  ): Promise<Neighbours>;
  /**
   * How well a rule tells where a latent fires above a threshold (default 0). Default: on the first 20,000 tokens of the text
   * that ships. `seed` decides what the interval is drawn from.
   */
  rule(
    dictionary: string,
    latent: number,
    rule: Rule,
    o?: { corpus?: string; tokens?: number; threshold?: number; seed?: number } & Options,
  ): Promise<RuleFigures>;
  /**
   * Chosen features for those who are not here: one page with its pictures in it that needs no script, or a zip of
   * Neuronpedia's bulk files. Needs an index.
   */
  report(dictionary: string, latents: readonly number[], o?: { format?: 'html' | 'neuronpedia'; corpus?: string } & Options): Promise<Blob>;
}
