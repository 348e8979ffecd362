/**
 * Where a training step finds everything, written by ../trainPlan.ts, which has the same fields in the same order.
 * Addresses are bytes. Matrices are [rows][width] with `width` a multiple of 4; latents are padded to whole groups.
 */

export const TIED: i32 = 0;
export const STANDARD: i32 = 1;
export const TOPK: i32 = 2;

@unmanaged
export class Plan {
  // Numbers first: they want 8 bytes each. Those of sizes and settings change from step to step.
  /** Least norm of a tied row. */
  least!: f64;
  /** ∂loss/∂(x̂ − x) of one element is this times the element. */
  errorScale!: f64;
  /** Of the sparsity term, per row: α / rows or l1 / rows. */
  penaltyScale!: f64;
  /** As errorScale, of the auxiliary loss. */
  auxiliaryScale!: f64;
  stepSize!: f64;
  root!: f64;
  beta1!: f64;
  beta2!: f64;
  eps!: f64;
  /** The clip's factor on gradients. */
  clip!: f64;

  architecture!: i32;
  width!: i32;
  groups!: i32;
  /** Latents that are no padding. */
  latents!: i32;
  rows!: i32;
  /** Most latents of a row; those of the auxiliary loss. */
  k!: i32;
  auxiliaryK!: i32;
  /** Dead latents in the auxiliary loss. */
  deadCount!: i32;
  /** Tasks of the phase that runs, and the next one not taken. */
  tasks!: i32;
  next!: i32;
  /** Threads that have scratch memory. */
  slots!: i32;

  // [rows][width]; x less b_dec; x̂ − x; what of it the auxiliary loss leaves.
  x!: usize;
  error!: usize;
  rest!: usize;
  /** The encoder [groups][width][8], and what a latent's activation is judged by. */
  packed!: usize;
  rules!: usize;
  // Of each latent: norm of its decoder row, Σ of its values, times it was active, place in the list of the dead.
  norms!: usize;
  sums!: usize;
  fired!: usize;
  dead!: usize;
  /** Dead latents before each chunk of latents. */
  deadBefore!: usize;
  /** Entries of a block of rows, as many as can be, and where each group's end. */
  entries!: usize;
  ends!: usize;
  deadEnds!: usize;
  /** Sums of each block and chunk. */
  blockSums!: usize;
  chunkSums!: usize;
  /** Σ of the error's rows, of each block, and their mean over all rows: f64 [width] each. */
  columns!: usize;
  mean!: usize;
  /** Σ over a chunk's latents of bias gradient · encoder row. [chunks][width] */
  pull!: usize;
  /** Of each thread: what waits in a group of latents, for all; what rows need, for as many as work on rows. */
  lanes!: usize;
  scratch!: usize;
  scratchBytes!: usize;

  wDec!: usize;
  wDecG!: usize;
  wDecM!: usize;
  wDecV!: usize;
  bEnc!: usize;
  bEncG!: usize;
  bEncM!: usize;
  bEncV!: usize;
  wEnc!: usize;
  wEncG!: usize;
  wEncM!: usize;
  wEncV!: usize;
  bDec!: usize;
  bDecG!: usize;
  bDecM!: usize;
  bDecV!: usize;
}
