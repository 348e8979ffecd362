/** Plain data about dictionaries that core works with; all of it survives structured cloning. */

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
