/** How learning rate and sparsity weight change over a run. Factors in [0, 1] by the step about to be made. */

export interface Schedule {
  /** Steps over which the learning rate rises linearly to its full value; the first step has 1 / warmup. */
  warmup: number;
  /** Last steps over which it falls linearly; the last step has 1 / decay. */
  decay: number;
  /** Steps over which the sparsity weight rises linearly. */
  sparsityWarmup: number;
}

/** The paper's: everything full from the first step. */
export const NO_SCHEDULE: Schedule = { warmup: 0, decay: 0, sparsityWarmup: 0 };

/** @param step counted from 0 */
export function learningRateFactor({ warmup, decay }: Schedule, step: number, steps: number): number {
  const rise = warmup > 0 ? Math.min(1, (step + 1) / warmup) : 1;
  const fall = decay > 0 ? Math.min(1, (steps - step) / decay) : 1;
  return Math.max(0, Math.min(rise, fall));
}

/** @param step counted from 0; the first step has 0 sparsity when there is a warm-up, as SAELens counts */
export function sparsityFactor({ sparsityWarmup }: Schedule, step: number): number {
  return sparsityWarmup > 0 ? Math.min(1, step / sparsityWarmup) : 1;
}
