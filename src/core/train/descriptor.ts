/** What the rest of the program asks of an architecture that can be trained; one file in `architectures` each. */
import type { Dictionary, DictionaryConfig } from '../sae/dictionary.ts';
import type { NumberSchema } from './numbers.ts';
import type { Architecture, Parameters, Sizes } from './types.ts';

/** The setting that weighs sparsity against the error. */
interface SparsitySetting<Config extends Sizes, Field extends string> {
  /** Its name in settings and in the training record. */
  readonly field: Field;
  /** In tables: 'α'. */
  readonly symbol: string;
  /** Beside its box, and what stands below it. */
  readonly label: string;
  readonly help: string;
  /** In names of folders, before its value: 'alpha' for alpha0.004. */
  readonly folder: string;
  readonly schema: NumberSchema;
  readonly fallback: number;
  /** It counts latents, so it cannot be more than there are. */
  readonly countsLatents?: boolean;
  /** It stands beside an error averaged over d_in; beside one that is summed it would be d_in times larger. */
  readonly besideMean?: boolean;
  valueOf(config: Config): number;
}

/** A number of one architecture beside its weight of sparsity. */
interface OptionSetting<Field extends string> {
  readonly field: Field;
  readonly label: string;
  readonly schema: NumberSchema;
  readonly fallback: number;
}

/** How other libraries train the same, for src/core/train/recipes.ts. */
interface Recipe<Config extends Sizes> {
  /** SAELens: the class of its settings, and what is given beside the sizes. @param warmup steps of sparsity warm-up */
  saelens(config: Config, warmup: number): { className: string; settings: readonly string[] };
  /** Lines of a comment where SAELens's form is not the same. */
  readonly saelensNote?: readonly string[];
  /** sparsify, where it can: the options for sparsity, and those at the end. */
  sparsify?(config: Config): { sparsity: string; more: string };
}

/** What a folded dictionary says of itself, whatever its architecture. */
export type FoldFrame = Omit<DictionaryConfig, 'architecture' | 'apply_b_dec_to_input'>;

export interface TrainableArchitecture<
  Name extends string,
  Config extends Sizes,
  Weight extends string,
  Option extends string = never,
> extends Architecture<Config> {
  readonly name: Name;
  /** For people: 'TopK', a line about it, and its formula. */
  readonly label: string;
  readonly title: string;
  readonly formula: string;
  /** The loss in words, for the training record. */
  readonly loss: string;
  readonly sparsity: SparsitySetting<Config, Weight>;
  readonly options: readonly OptionSetting<Option>[];
  /**
   * What its loss reads, sizes first.
   * @param weight of `sparsity`; `options` by field
   * @param deadAfter rows without firing after which a latent counts as dead
   */
  settings(sizes: Sizes, weight: number, options: Readonly<Record<Option, number>>, deadAfter: number): Config;
  /** The same with the weight of the sparsity term times `factor`: its warm-up. */
  weaken(config: Config, factor: number): Config;
  /** Weight of the sparsity term of the loss; 0 where there is none. */
  penalty(config: Config): number;
  /** Numbers of a row that its squared error is averaged over: d_in, or 1 where it is summed. */
  averagedOver(config: Config): number;
  /** `backward` counts rows of silence itself, because its loss depends on them. */
  readonly countsSilence: boolean;
  /** A trained state as a dictionary that can be read; `scale` multiplied rows in training. */
  fold(config: Config, parameters: Parameters, scale: number, frame: FoldFrame): Dictionary;
  readonly recipe: Recipe<Config>;
}
