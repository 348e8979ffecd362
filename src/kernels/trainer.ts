/**
 * What every way of training a dictionary offers: the twin in src/core/train is the specification.
 * A trainer holds parameters, optimiser and counters of one dictionary and changes them step by step.
 */
import type { AdamSettings, AdamState } from '../core/train/adam.ts';
import type { Counters, Losses, Parameters } from '../core/train/types.ts';
import type { KernelName } from './engine.ts';

export interface StepSettings extends AdamSettings {
  /** Factor on the weight of the sparsity term: the warm-up; 1 in full. */
  sparsity: number;
  /** Largest norm of all gradients together; absent: the architecture's own clip, if it has one. */
  clip?: number;
}

/** Of the last step made. */
export interface StepReport extends Losses {
  /** ‖all gradients‖ before clipping, after projection. */
  gradientNorm: number;
}

/** Everything of a dictionary in training; float32, plain data in core's layout (a row per latent). */
export interface TrainerState {
  parameters: Parameters;
  adam: AdamState;
  counters: Counters;
  /** Times each latent was active since the count began (`clearFired`). [d_sae] */
  fired: Uint32Array;
}

export interface StepTrainer {
  readonly kernels: KernelName;
  /** Bytes of everything it holds, by its allocator. */
  readonly bytes: number;
  /**
   * One step of loss, gradients, clipping, Adam and constraint, as core's `trainStep`. On a GPU it returns when the
   * work is queued.
   * @param x [rows, d_in], at most the `maxRows` it was made for; not kept
   */
  step(x: Float32Array, settings: StepSettings): void | Promise<void>;
  /** Losses of the last step; on a GPU this reads back, so not at every step. */
  report(): Promise<StepReport>;
  /** A copy. Taking one changes nothing. */
  snapshot(): Promise<TrainerState>;
  /** Goes on from a state, exactly. */
  restore(state: TrainerState): Promise<void>;
  /** Counts and silences without the weights: `fired` since the last `clearFired`, and rows since last active. [d_sae] each */
  firing(): Promise<{ fired: Uint32Array; silent: Float64Array }>;
  clearFired(): void;
  /** Gives memory back; nothing may be asked afterwards. */
  release(): void;
}
