/** Activations for training: text through the model, rows of several hooks at once, shuffled block by block. */
import { rowOrder } from '../../core/train/stream.ts';
import type { RunPlan } from '../../core/train/config.ts';
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import { dot } from '../../core/train/vectors.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { nextTask } from '../model/runtime.ts';
import { run } from '../model/run.ts';
import type { Block } from './blocks.ts';

/** Contexts of one forward pass; more gains nothing. */
const CHUNKS_AT_ONCE = 8;
/** Contexts the scale of a hook is estimated on, at most. */
const SCALE_CHUNKS = 32;

type Ids = Uint16Array | Uint32Array;

/** Rows of a block in training order, times the hook's scale; by hook. [rows, d_in] each */
export type BlockRows = Map<string, Float32Array>;

/**
 * Reads a block. Holds rows · Σ d_in numbers, as the plan's buffer allows, and one forward pass.
 * @param scales by hook, in the plan's order
 * @throws AbortedError; EngineError
 */
export async function harvestBlock(
  model: HookedModel,
  plan: RunPlan,
  ids: Ids,
  block: Block,
  scales: readonly number[],
  stop?: Stop,
): Promise<BlockRows> {
  const { n_ctx } = plan.model;
  const order = orderOf(plan, ids, block);
  const placeOf = new Int32Array(block.chunks.length * n_ctx).fill(-1);
  order.forEach((row, place) => (placeOf[row] = place));
  const rows: BlockRows = new Map(plan.hooks.map(({ name, d_in }) => [name, new Float32Array(order.length * d_in)]));
  for (let first = 0; first < block.chunks.length; first += CHUNKS_AT_ONCE) {
    const chunks = block.chunks.subarray(first, first + CHUNKS_AT_ONCE);
    const acts = await readChunks(model, plan, ids, chunks, stop);
    plan.hooks.forEach(({ name, d_in }, h) => {
      const from = acts[name];
      const to = rows.get(name)!;
      for (let r = 0; r < chunks.length * n_ctx; r++) {
        const place = placeOf[first * n_ctx + r];
        if (place < 0) continue;
        for (let i = 0; i < d_in; i++) to[place * d_in + i] = from[r * d_in + i] * scales[h];
      }
    });
    await nextTask();
  }
  return rows;
}

/** Rows of the block that are trained on, in order; the block's own limit cuts the last one of a run. */
function orderOf(plan: RunPlan, ids: Ids, block: Block): Uint32Array {
  const { n_ctx, endOfText } = plan.model;
  const text = new Uint32Array(block.chunks.length * n_ctx);
  block.chunks.forEach((chunk, c) => text.set(ids.subarray(chunk * n_ctx, (chunk + 1) * n_ctx), c * n_ctx));
  const filter = { keepFirst: plan.keepFirst, keepEndOfText: plan.keepEndOfText, endOfText };
  return rowOrder(text, n_ctx, filter, plan.seed, block.index).subarray(0, block.rows);
}

/**
 * The scalar of each hook that brings rows to mean norm √d_in: √d_in / mean‖x‖ over the run's first text.
 * @returns in the plan's order of hooks, and the rows it was estimated on, scaled, by hook: all of the block's, as
 *   `harvestBlock` gives them, where `isWhole`
 */
export async function estimateScales(
  model: HookedModel,
  plan: RunPlan,
  ids: Ids,
  first: Block,
  stop?: Stop,
): Promise<{ scales: number[]; sample: BlockRows; isWhole: boolean }> {
  const n = plan.model.n_ctx;
  const chunks = first.chunks.subarray(0, SCALE_CHUNKS);
  const some: Block = { ...first, chunks, rows: chunks.length * n };
  const sample = await harvestBlock(
    model,
    plan,
    ids,
    some,
    plan.hooks.map(() => 1),
    stop,
  );
  const scales = plan.hooks.map(({ name, d_in }) => {
    const rows = sample.get(name)!;
    const scale = scaleOf(rows, d_in);
    for (let i = 0; i < rows.length; i++) rows[i] *= scale;
    return scale;
  });
  return { scales, sample, isWhole: chunks.length === first.chunks.length };
}

/** @param rows [rows, d] */
export function scaleOf(rows: Float32Array, d: number): number {
  let sum = 0;
  const count = rows.length / d;
  for (let r = 0; r < count; r++) sum += Math.sqrt(dot(rows, r * d, rows, r * d, d));
  // A hook that is zero everywhere has nothing to scale.
  return sum > 0 ? Math.sqrt(d) / (sum / count) : 1;
}

async function readChunks(
  model: HookedModel,
  { model: { n_ctx }, hooks }: RunPlan,
  ids: Ids,
  chunks: Uint32Array,
  stop?: Stop,
): Promise<Record<string, Float32Array>> {
  throwIfStopped(stop);
  const batch = Array.from(chunks, (chunk) => [...ids.subarray(chunk * n_ctx, (chunk + 1) * n_ctx)]);
  const { acts } = await run(model, { ids: batch, isBatch: true }, { read: hooks.map(({ name }) => name) }, stop);
  return Object.fromEntries(hooks.map(({ name }) => [name, acts[name].data]));
}
