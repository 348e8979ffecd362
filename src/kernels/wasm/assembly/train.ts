/**
 * A training step in phases (../trainer.ts says which and when). A phase is cut into tasks of fixed size, blocks of
 * rows or chunks of latents, and any number of threads take them; every number is computed by one task, in an order
 * that does not depend on who does it. After the encoder product only active latents are touched. fp32, four lanes;
 * sums over many rows are f64. Nothing is allocated here.
 */
export { planBytes } from './layout';
export { countFired, decode, encode, forwardDead, prepare, prepareDead, spread } from './forward';
export { gradients } from './backward';
export { update } from './update';
