/** What experiments on features give: plain data that survives structured cloning. */

/** A token of a corpus with what is around it, read from an empty context at the beginning of its window. */
export type Context = {
  /** Place of the document in its corpus, counted from 0. */
  document: number;
  /** Place of the token in its document. */
  position: number;
  /** Tokens shown; `ids[at]` is the one meant. */
  ids: number[];
  at: number;
  /** Values of the latent on `ids`. */
  values: number[];
  /** What the context is ranked by: the latent's value there; of a near miss, its pre-activation. */
  value: number;
};

/** Counts in bins: bin i reaches from edges[i], included, to edges[i + 1], excluded. */
export type Histogram = { edges: number[]; counts: number[] };

/** A token that a latent fires on. */
export type FiringToken = { id: number; count: number; sum: number; max: number };

/** Counts of one token, or of all others (null), in bins. */
export type TokenCounts = { id: number | null; counts: number[] };

/** A share of the firing values, by rank, and where it lies. */
export type Band = { from: number; to: number; share: [number, number]; contexts: Context[] };

/** When one latent fires in a corpus. A latent fires where its value is not 0. */
export type FeatureRecord = {
  /** Tokens of the corpus that were read. */
  tokens: number;
  /** Share of them on which it fires. */
  density: number;
  /** Largest value; 0 for one that never fires. */
  maximum: number;
  /** Mean and variance (over n) of the values where it fires; 0 for one that never fires. */
  mean: number;
  variance: number;
  /** 50 equal bins from 0 (from below 0 for signed latents) to just above the maximum. */
  histogram: Histogram;
  /** 8 bins a decade of |value|, edges as powers of ten. */
  log_histogram: Histogram;
  /** Tokens it fires on, by sum, at most 200. */
  firing: FiringToken[];
  /** Different tokens it fires on, and whether all of them were counted. */
  firing_tokens: number;
  firing_exact: boolean;
  /** The 9 commonest tokens and all others in 10 equal bins, whose edges are every fifth of `histogram`. */
  by_bin: TokenCounts[];
  /** Firings counted in `by_bin`: all, or the sample that the index keeps. */
  by_bin_firings: number;
  top: Context[];
  bands: Band[];
  /** Drawn at random from where it fires. */
  random: Context[];
  /** Highest pre-activations that stayed off: half on tokens that it fires on elsewhere, half on others, where there are. */
  near: Context[];
  /** Contexts left out of `top`, among the highest values kept, since the same tokens stand there already. */
  repeats: number;
  /** Firings by place in the window read: place 0, 1, 2-3, 4-7, 8-15, … */
  places: number[];
  tags: FeatureTag[];
};

/** What the numbers of a record say of it; `tagsOf` has the rules. */
export type FeatureTag = 'dead' | 'dense' | 'single-token' | 'first-token' | 'positional' | 'opening' | 'closing';

/** What a latent without a label can be called, and what says so. */
export type FeatureName = {
  /** 'repeat': the token and the one before it stood there in this order a little earlier. */
  kind: 'token' | 'class' | 'place' | 'repeat';
  /** Letters of the token, or words: 'digits after “$”'. */
  words: string;
  /** Of its activation (token, class), of its firings (place), or of contexts of every strength (repeat). */
  share: number;
};

/** An index that is here, or being made. */
export type IndexInfo = {
  /** Id of the dictionary. */
  dictionary: string;
  corpus: string;
  /** Tokens read, and to be read; the same when it is made. */
  tokens: number;
  total: number;
  bytes: number;
  /** ms since 1970. */
  made: number;
  source: 'built-in' | 'made' | 'file';
};

/** Counts of next tokens by how much a change moved their log-probability; the last bin has its upper edge too. Empty: no edges. */
export type Stack = { edges: number[]; series: TokenCounts[] };

/** What taking a latent out, or a control in its place, does to the prediction of the true next token. */
export type EffectFigures = {
  /** Mean of Δ = log p(true next | clean) − log p(true next | ablated) over positions with a next token, nats. */
  mean_delta: number;
  /** Mean KL(clean ‖ ablated), nats. */
  kl: number;
  /** Positions where Δ is above the threshold, and below minus it (by |Δ|), by their true next token. */
  up: Stack;
  down: Stack;
  /** Δ of each position in the order of `Effects.next`, of which `stackOf` makes stacks above another threshold. [positions] */
  deltas?: Float32Array;
};

export type Effects = EffectFigures & {
  /** Positions with a next token. */
  positions: number;
  /** Mean cross-entropies, nats. */
  loss_clean: number;
  loss_ablated: number;
  /** The true next token of each position, text after text. [positions] */
  next?: Uint32Array;
  /** Size of Δ that `up` and `down` count above, nats. */
  threshold?: number;
  /** What the controls were drawn with. */
  seed?: number;
  controls: ({ kind: 'latent' | 'direction'; latent?: number } & EffectFigures)[];
  /**
   * Where the text was given; one entry a text, of a text longer than n_ctx one a stretch. `value`: the latent's. The last
   * position has a `kl` but no `delta`, since no next token is known.
   */
  per_position?: { delta: number[]; kl: number[]; value: number[] }[];
};

/** What a person says a feature fires on; all parts that are given must hold. */
export type Rule = {
  /** Ids of tokens. */
  tokens?: number[];
  /**
   * Regular expressions (flag u): on the token, on the 200 characters before it, on the word that it is part of: letters,
   * marks and digits, with apostrophes and hyphens inside; '' for a token that has none.
   */
  token?: string;
  before?: string;
  word?: string;
};

/** How well a rule tells where a latent fires above a threshold. */
export type RuleFigures = {
  precision: number;
  recall: number;
  f1: number;
  /** Of f1, 95 %, over windows of n_ctx tokens of the documents. */
  interval: [number, number];
  /** Tokens where the rule matches and the latent fires, where only the rule does, and where only the latent does. */
  counts?: { hits: number; false_positives: number; misses: number };
  /** By the latent's value, highest first, at most 20 each. */
  false_positives: Context[];
  misses: Context[];
};
