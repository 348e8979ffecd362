/** What causes what, as scripts, page and workers see it: which earlier latents make one fire, and which carry a prediction. */
import type { Input } from './model.ts';

/** What happens to a parent: set to 0, to its mean over the corpus, to its value in another context; or all others of its dictionary are set to 0. */
export type CausalMode = 'zero' | 'mean' | 'resample' | 'restore';

/**
 * Where a target is watched: at its highest contexts or at one from each of equal bins between half its maximum and its
 * maximum (both from the index, cut after the token it fires on); on a text, at a position (default: where it fires most);
 * or on token ids, at the last of each.
 */
export type CausalContexts =
  { kind: 'top' | 'spread'; count?: number; corpus?: string } | { text: string; position?: number } | { ids: number[][] };

export type TreeOptions = {
  target: { dictionary: string; latent: number };
  /** Where parents are looked for: those of the same hook as the target or of one that comes after it are passed over. */
  dictionaries: string[];
  /** Default: the 20 highest. */
  contexts?: CausalContexts;
  /** Default 'zero'. */
  mode?: CausalMode;
  /** Levels of parents below the target; default: down to the tokens. */
  depth?: number;
  /** Most parents drawn of a node; default 3. */
  parents?: number;
  /** Effects below are left out; default 0.01. */
  threshold?: number;
  /** 'paper': all children of the root, below that the strongest of each; default. 'none': the root alone. */
  expand?: 'paper' | 'all' | 'none';
  /** Whether each edge gets the same measured for a latent of near-equal density and for a random direction. Default false. */
  controls?: boolean;
  /** Whether each edge gets the effect of its parent at one position alone. Default false. */
  positions?: boolean;
  /**
   * These parents of the target alone: they are measured and drawn whatever their effects, no others are, and nothing is
   * expanded. For one edge again: on other contexts, with controls, by position. `dictionary` null: a token.
   */
  only?: { dictionary: string | null; latent: number }[];
  /** Decides controls, resampling, and the intervals. Default 0. */
  seed?: number;
};

export type TreeNode = {
  id: string;
  /** null: tokens; then `latent` is the token's id and the parent is the token's embedding. */
  dictionary: string | null;
  latent: number;
  hook: string;
  /** At the last token of each context; of a token: how often it stands in it. */
  activation: number[];
};

export type TreeEdge = {
  parent: string;
  child: string;
  /** Mean of `each`: the share of the child's activation that goes with the parent; in mode 'restore' the share kept. */
  effect: number;
  /** Bootstrap over contexts, 95 %. */
  interval: [number, number];
  /** Of the decoder rows; of an embedding and a decoder row where the parent is a token. */
  cosine: number;
  /** Of each context; null where the child is off. */
  each: (number | null)[];
  controls?: { kind: 'latent' | 'direction'; latent?: number; effect: number; interval: [number, number] }[];
  /** Of each context, by position; null where the child is off. */
  positions?: (number[] | null)[];
};

export type Tree = {
  target: { dictionary: string; latent: number };
  mode: CausalMode;
  /** Cut after the token at which the target is watched; where they come from in the corpus, where that is known. */
  contexts: { ids: number[]; document?: number; position?: number }[];
  /** The root first. */
  nodes: TreeNode[];
  /** Strongest first under each child. */
  edges: TreeEdge[];
  /** Candidates that are drawn nowhere: active in no context, under the threshold, beyond the most that are drawn. By child: `below` and `beyond`. */
  left_out: { inactive: number; below: number; beyond: number; by_child: { child: string; below: number; beyond: number }[] };
  /** What the child loses when only the reconstruction error of a dictionary of parents is taken out. */
  error: { child: string; dictionary: string; effect: number }[];
  /** Rows that were run, and full forward passes that one for each candidate and context would have been. */
  continuations: number;
  naive: number;
  /** Largest memory held by count, bytes. */
  bytes: number;
  seconds: number;
};

/** A tree as far as it has grown; the effects of a node that is being measured come in as they are made. */
export type TreeProgress = { done: number; total: number; message: string; tree: Tree };

export type CircuitOptions = {
  input: Input;
  /** Whose prediction; default the last. */
  position?: number;
  /** Token ids: the difference of their logits, or the log-probability of the first alone. */
  plus: number;
  minus?: number;
  dictionaries: string[];
  /** Strongest nodes kept; default 40. */
  nodes?: number;
  /** Strongest edges kept; default 80. */
  edges?: number;
  seed?: number;
};

export type CircuitNode = {
  dictionary: string;
  /** null: the reconstruction error of the dictionary there. */
  latent: number | null;
  position: number;
  value: number;
  /** What is measured, less what it is without the node. */
  effect: number;
};

export type Circuit = {
  ids: number[];
  position: number;
  /** What is measured, of the prompt as it is, and with every latent of every dictionary off (errors kept). */
  difference: number;
  none: number;
  /** Largest effect by size first. */
  nodes: CircuitNode[];
  /** Indices of `nodes`; the share of the child's activation at its position that goes with the parent. None lead into an error. */
  edges: { parent: number; child: number; effect: number }[];
  /** With all but the first so many nodes off: (measured − none) / (difference − none); beside it the same for as many active ones drawn at random. */
  faithfulness: { nodes: number; kept: number; random: number }[];
  /** With only the first so many nodes off. */
  completeness: { nodes: number; kept: number; random: number }[];
  continuations: number;
  naive: number;
  bytes: number;
  seconds: number;
};

export interface CausalApi {
  tree(o: TreeOptions, o2?: { onProgress?: (progress: TreeProgress) => void; signal?: AbortSignal }): Promise<Tree>;
  circuit(
    o: CircuitOptions,
    o2?: { onProgress?: (progress: { done: number; total: number; message: string; nodes: CircuitNode[] }) => void; signal?: AbortSignal },
  ): Promise<Circuit>;
}
