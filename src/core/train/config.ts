/**
 * What a person asks of a training run, and what it comes to once model and corpus are known. The first is the
 * argument of `featurescope.train` and the file of `npm run train`; the second is plain JSON that a checkpoint keeps.
 */
import type { AdamSettings } from './adam.ts';
import type { OptionField, TrainableConfig, TrainableName, WeightField } from './architectures/index.ts';
import type { Schedule } from './schedule.ts';

/**
 * One dictionary, or several at once: every list of hooks, sparsities, sizes or seeds is crossed with the others. What
 * each setting may be and its default stand in settings.ts, and those of one architecture in its file.
 */
export type DictionarySpec = {
  /** TransformerLens hook it reads: 'blocks.3.hook_resid_post'. */
  hook: string | string[];
  /** 'tied': ReLU + L1 with one matrix, the paper's and the default. 'standard': SAELens's. 'topk': k latents a row. */
  architecture?: TrainableName;
  /** Latents for each number of the hook: d_sae = ratio · d_in, rounded. */
  ratio?: number | number[];
  /** Latents; wins over `ratio`. */
  d_sae?: number | number[];
  /** Of the start weights. Default: the run's seed. */
  seed?: number | number[];
} & {
  /** The weight of sparsity of the architecture: tied `alpha`, standard `l1_coefficient`, topk `k`. */
  [Field in WeightField]?: number | number[];
} & {
  /** Other settings of one architecture: topk `aux_alpha`. */
  [Field in OptionField]?: number;
};

/** A training run. Every field but `dictionaries` has a default. */
export interface TrainConfig {
  dictionaries: DictionarySpec | DictionarySpec[];
  /** For the table of runs; default: what is trained. */
  name?: string;
  /** Corpora by name, read one after another: 'moby-dick', 'sotu', or one added with `featurescope.corpus.add`. */
  corpus?: string | string[];
  /** Rows (token positions) to train on; the text is gone through as often as that takes. */
  tokens?: number;
  /** Rows of one step. */
  batch?: number;
  /** Of the order of text and rows, and of resampling. */
  seed?: number;
  /** Share of the corpus never trained on, for measuring. */
  held_out?: number;
  /** MiB of activations held and shuffled together. */
  buffer_mib?: number;
  /** Whether the first position of a context is trained on; the paper does. */
  keep_first?: boolean;
  /** Whether positions that hold the end-of-text token are. */
  keep_end_of_text?: boolean;
  /** The paper's where not given. */
  adam?: Partial<AdamSettings>;
  /** Steps of warm-up, decay and sparsity warm-up; the paper has none. */
  schedule?: Partial<Schedule>;
  /** Largest norm of a dictionary's gradients; 0: none. Default: the architecture's own, if it has one. */
  clip?: number;
  /** Steps between two looks for dead latents to begin again; 0: never, as the paper. */
  resample_every?: number;
  /** Rows without firing after which a latent counts as dead. */
  dead_after?: number;
  /** Steps between measurements on held-out text; 0: only at the end. Default: a tenth of the run. */
  evaluate_every?: number;
  /** Held-out tokens of a measurement. */
  evaluate_tokens?: number;
  /** Seconds between checkpoints. */
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
  model: { id: string; hash: string; n_ctx: number; /** -1: none is known. */ endOfText: number };
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
  /** Of the first block; each after it holds twice as many until they are whole. Absent in runs begun before this was: all are whole. */
  firstChunks?: number;
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
