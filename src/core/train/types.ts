/**
 * What every architecture shares. A row of a matrix belongs to one latent, so W_enc is [d_sae, d_in] here: the
 * transpose of SAELens's, which export undoes. float32 in the product; float64 works too, for the golden files.
 */

export type Numbers = Float32Array | Float64Array;

export type ParameterName = 'W_enc' | 'W_dec' | 'b_enc' | 'b_dec';

/** A tensor for each name the architecture has; [d_sae, d_in], [d_sae] or [d_in]. */
export type Parameters = Partial<Record<ParameterName, Numbers>>;

export interface Sizes {
  d_in: number;
  d_sae: number;
}

/** Terms of one batch's loss. `loss` is their sum, each with its coefficient. */
export interface Losses {
  loss: number;
  /** Σ(x̂ − x)² as the loss has it: over all elements averaged, or over dims summed and over rows averaged. */
  reconstruction: number;
  /** The sparsity term with its coefficient; 0 where the architecture has none. */
  sparsity: number;
  /** The term for dead latents, before its coefficient; 0 when none is dead. */
  auxiliary: number;
  /** Mean number of active latents a row. */
  l0: number;
}

export interface Backward extends Losses {
  gradients: Parameters;
  /** Times each latent was active in the batch. [d_sae] */
  fired: Uint32Array;
}

/** What a run must remember beside parameters and optimiser. */
export interface Counters {
  /** Rows since each latent was last active. [d_sae] */
  silent: Float64Array;
  /** TopK: running smallest active value, −1 before the first. */
  threshold: number;
  /** Steps done. */
  step: number;
}

/** One way to be a sparse autoencoder, for training: the specification every engine agrees with. */
export interface Architecture<Config extends Sizes = Sizes> {
  readonly name: string;
  /** Names in the order in which gradients are summed for the norm. */
  readonly parameters: readonly ParameterName[];
  /**
   * Start values.
   * @param random next number in [0, 1)
   * @param sample rows [rows, d_in] to place b_dec by, where the architecture does
   */
  init(config: Config, random: () => number, sample?: Float32Array): Parameters;
  /**
   * Loss and gradients of one batch; changes `counters` where the loss depends on them.
   * @param x [rows, d_in]
   */
  backward(config: Config, parameters: Parameters, x: Numbers, counters: Counters): Backward;
  /** Changes gradients before clipping, where the architecture asks for it. */
  project?(config: Config, parameters: Parameters, gradients: Parameters): void;
  /** Largest norm of all gradients together; absent: not clipped. */
  readonly clip?: number;
  /** Brings parameters back to where they must lie, after the optimiser. */
  constrain?(config: Config, parameters: Parameters): void;
}

export function createCounters({ d_sae }: Sizes): Counters {
  return { silent: new Float64Array(d_sae), threshold: -1, step: 0 };
}

/** The tensor of a name. @throws Error when the architecture has none: a mistake of the caller */
export function take(parameters: Parameters, name: ParameterName): Numbers {
  const tensor = parameters[name];
  if (!tensor) throw new Error(`There is no ${name}.`);
  return tensor;
}

/** Zeros of the same kinds and lengths. */
export function zerosLike(parameters: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [
      name,
      tensor instanceof Float64Array ? new Float64Array(tensor.length) : new Float32Array(tensor.length),
    ]),
  );
}
