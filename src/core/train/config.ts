/**
 * What a person asks of a training run, and what it comes to once model and corpus are known. The first is the
 * argument of `featurescope.train` and the file of `npm run train`; the second is plain JSON that a checkpoint keeps.
 */
import type { AdamSettings } from './adam.ts';
import type { TrainableConfig, TrainableName } from './architectures/index.ts';
import type { Schedule } from './schedule.ts';

/** One dictionary, or several at once: every list of hooks, sparsities, sizes or seeds is crossed with the others. */
export interface DictionarySpec {
  /** TransformerLens hook it reads: 'blocks.3.hook_resid_post'. */
  hook: string | string[];
  /** 'tied': ReLU + L1 with one matrix, the paper's (default). 'standard': SAELens's. 'topk': k latents a row. */
  architecture?: TrainableName;
  /** Latents for each number of the hook: d_sae = ratio · d_in, rounded. Default 4. */
  ratio?: number | number[];
  /** Latents; wins over `ratio`. */
  d_sae?: number | number[];
  /**
   * tied: weight of the L1 term beside the squared error averaged over rows and d_in, on rows scaled to mean norm
   * √d_in: the paper's code and its printed values. Default 0.004.
   */
  alpha?: number | number[];
  /** standard: weight of the L1 term beside the squared error summed over d_in and averaged over rows. Default 1. */
  l1_coefficient?: number | number[];
  /** topk: latents kept for each row. Default 32. */
  k?: number | number[];
  /** topk: weight of the loss for dead latents. Default 1/32. */
  aux_alpha?: number;
  /** Of the start weights. Default: the run's seed. */
  seed?: number | number[];
}

/** A training run. Every field but `dictionaries` has a default. */
export interface TrainConfig {
  dictionaries: DictionarySpec | DictionarySpec[];
  /** For the table of runs; default: what is trained. */
  name?: string;
  /** Corpora by name, read one after another: 'moby-dick', 'sotu', or one added with `featurescope.corpus.add`. Default 'moby-dick'. */
  corpus?: string | string[];
  /** Rows (token positions) to train on; the text is gone through as often as that takes. Default 1,000,000. */
  tokens?: number;
  /** Rows of one step. Default 1024. */
  batch?: number;
  /** Of the order of text and rows, and of resampling; a whole number. Default 0. */
  seed?: number;
  /** Share of the corpus never trained on, for measuring; in [0, 1). Default 0.05. */
  held_out?: number;
  /** MiB of activations held and shuffled together. Default 32. */
  buffer_mib?: number;
  /** Whether the first position of a context is trained on. Default true, as the paper. */
  keep_first?: boolean;
  /** Whether positions that hold the end-of-text token are. Default true. */
  keep_end_of_text?: boolean;
  /** Default 0.001, 0.9, 0.999, 1e-8: the paper's. */
  adam?: Partial<AdamSettings>;
  /** Steps of warm-up, decay and sparsity warm-up. Default none, as the paper. */
  schedule?: Partial<Schedule>;
  /** Largest norm of a dictionary's gradients; 0: none. Default: none, for topk 1. */
  clip?: number;
  /** Steps between two looks for dead latents to begin again; 0: never, as the paper. Default 0. */
  resample_every?: number;
  /** Rows without firing after which a latent counts as dead. Default 100,000. */
  dead_after?: number;
  /** Steps between measurements on held-out text; 0: only at the end. Default: a tenth of the run. */
  evaluate_every?: number;
  /** Held-out tokens of a measurement. Default 2,048. */
  evaluate_tokens?: number;
  /** Seconds between checkpoints. Default 20. */
  checkpoint_seconds?: number;
  /** Threads of the trainer on WASM; default: the cores of an isolated page, else 1. Changes no number. */
  threads?: number;
}

/** One dictionary of a run. */
export interface DictionaryPlan {
  /** For people: hook, size and sparsity. */
  name: string;
  hook: string;
  seed: number;
  settings: TrainableConfig;
}

/** A run with nothing left to decide; plain JSON. */
export interface RunPlan {
  version: 1;
  name: string;
  model: { id: string; hash: string; n_ctx: number; endOfText: number };
  corpus: { names: string[]; /** SHA-256 of the ids as uint32, hex. */ hash: string; tokens: number };
  dictionaries: DictionaryPlan[];
  /** Hooks read, each once. */
  hooks: { name: string; d_in: number }[];
  batch: number;
  /** Rows and steps in all. */
  tokens: number;
  steps: number;
  seed: number;
  heldOut: number;
  chunksPerBlock: number;
  passes: number;
  keepFirst: boolean;
  keepEndOfText: boolean;
  adam: AdamSettings;
  schedule: Schedule;
  clip: number | null;
  resampleEvery: number;
  deadAfter: number;
  evaluateEvery: number;
  evaluateTokens: number;
  checkpointSeconds: number;
}
