/** Where a training step's numbers lie, in memory and in a plan, and how tasks are taken; for ./forward, ./backward, ./update. */
import { Plan } from './plan';

export const TILE_ROWS: i32 = 4;
export const GROUP: i32 = 8;
export const RULE_BYTES: usize = 128;
export const ENTRY_BYTES: usize = 12;
/** Rows of a block; groups of a chunk. */
export const BLOCK_ROWS: i32 = 256;
export const CHUNK_GROUPS: i32 = 8;
export const BLOCK_SUMS: usize = 64;
export const CHUNK_SUMS: usize = 16;
/** Above any pre-activation: padding never fires. */
export const HUGE: f32 = 3e38;

export function word(index: i32): usize {
  return (<usize>index) << 2;
}

/** Of a plan, for its writer to compare. */
export function planBytes(): i32 {
  return <i32>offsetof<Plan>();
}

/** @returns the next task of the phase */
export function takeTask(plan: Plan): i32 {
  const next = changetype<usize>(plan) + offsetof<Plan>('next');
  if (ASC_FEATURE_THREADS) return atomic.add<i32>(next, 1);
  const task = load<i32>(next);
  store<i32>(next, task + 1);
  return task;
}

/** Of a thread. */
export function scratchOf(plan: Plan, thread: i32): usize {
  return plan.scratch + <usize>thread * plan.scratchBytes;
}

// Places in a thread's scratch: what encodeGroups wants; of a block's rows bounds, sizes of heaps (or counts of what
// waits to be added), what waits: four (factor, address); tiles; heaps.
export const BOUNDS: usize = 32;
export const HEAP_SIZES: usize = BOUNDS + 4 * BLOCK_ROWS;
export const WAITING: usize = HEAP_SIZES + 4 * BLOCK_ROWS;
export const TILES: usize = WAITING + 32 * BLOCK_ROWS;

/** Room for every latent of every row of a block. */
export function entriesOf(plan: Plan, block: i32): usize {
  return plan.entries + <usize>(block * BLOCK_ROWS) * <usize>(plan.groups * GROUP) * ENTRY_BYTES;
}

/** Entries of dead latents follow those of the living: together there is room. */
export function deadEntriesOf(plan: Plan, block: i32): usize {
  return entriesOf(plan, block) + <usize>load<i32>(plan.blockSums + <usize>block * BLOCK_SUMS, 8) * ENTRY_BYTES;
}
