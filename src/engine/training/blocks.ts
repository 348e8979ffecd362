/** Which text a run reads, in which order and how much of it at once: decided by plan and text alone. */
import type { RunPlan } from '../../core/train/config.ts';
import { countChunks, planStream } from '../../core/train/stream.ts';

const FLOAT_BYTES = 4;
/** Rows of the first block: enough to learn the scale of a hook from, and to place b_dec. */
const FIRST_ROWS = 2048;
/** A pass may hold fewer rows than the mean; a pass more costs nothing. */
const PASS_SLACK = 0.9;

type Ids = Uint16Array | Uint32Array;

/** One stretch of text whose activations are held together. */
export interface Block {
  index: number;
  chunks: Uint32Array;
  /** Rows trained on. */
  rows: number;
  /** Batches it makes; the last may be shorter. */
  steps: number;
  /** Steps and rows of all blocks before it. */
  firstStep: number;
  firstRow: number;
}

/** The blocks of a run, up to the row count it asks for. */
export function listBlocks(plan: RunPlan, ids: Ids): Block[] {
  const { n_ctx, endOfText } = plan.model;
  const { blocks } = planStream(countChunks(ids.length, n_ctx), plan);
  const kept: Block[] = [];
  let firstStep = 0;
  let firstRow = 0;
  for (const [index, chunks] of blocks.entries()) {
    const left = plan.tokens - firstRow;
    if (left <= 0) break;
    let rows = 0;
    for (const chunk of chunks) rows += keptRows(ids, chunk, { ...plan, n_ctx, endOfText });
    rows = Math.min(rows, left);
    const steps = Math.ceil(rows / plan.batch);
    kept.push({ index, chunks, rows, steps, firstStep, firstRow });
    firstStep += steps;
    firstRow += rows;
  }
  return kept;
}

/** Contexts for measuring: of the held-out chunks, evenly spread. */
export function heldOutContexts(plan: RunPlan, ids: Ids): number[][] {
  const { n_ctx } = plan.model;
  const { heldOut } = planStream(countChunks(ids.length, n_ctx), { ...plan, passes: 1 });
  const count = Math.min(heldOut.length, Math.max(1, Math.round(plan.evaluateTokens / n_ctx)));
  return Array.from({ length: count }, (_, i) => {
    const chunk = heldOut[Math.floor((i * heldOut.length) / count)];
    return [...ids.subarray(chunk * n_ctx, Math.min((chunk + 1) * n_ctx, chunk * n_ctx + plan.evaluateTokens))];
  });
}

/** Which positions of a context are trained on. */
interface Filter {
  n_ctx: number;
  keepFirst: boolean;
  keepEndOfText: boolean;
  endOfText: number;
}

function keptRows(ids: Ids, chunk: number, { n_ctx, keepFirst, keepEndOfText, endOfText }: Filter): number {
  if (keepFirst && keepEndOfText) return n_ctx;
  let rows = 0;
  for (let i = keepFirst ? 0 : 1; i < n_ctx; i++) if (keepEndOfText || ids[chunk * n_ctx + i] !== endOfText) rows++;
  return rows;
}

/**
 * Rows that the training chunks hold; an estimate is enough, since a run ends at its row count.
 * @param chunks all there are, of which `training` are trained on
 * @returns 0 when no position is left
 */
export function rowsOfAPass(ids: Ids, o: Filter & { chunks: number; training: number }): number {
  let rows = 0;
  for (let chunk = 0; chunk < o.chunks; chunk++) rows += keptRows(ids, chunk, o);
  const perPass = Math.floor((rows * o.training) / o.chunks);
  return perPass < 1 ? 0 : Math.max(1, perPass * PASS_SLACK);
}

/**
 * Chunks whose activations fit in the buffer, whole batches where that is possible.
 * @param chunks worth reading at all
 */
export function chooseBlock(bytes: number, n_ctx: number, hooks: RunPlan['hooks'], chunks: number, batch: number): number {
  const perChunk = n_ctx * FLOAT_BYTES * hooks.reduce((sum, { d_in }) => sum + d_in, 0);
  const most = Math.max(1, Math.min(chunks, Math.floor(bytes / perChunk)));
  const whole = batch % n_ctx === 0 ? batch / n_ctx : 1;
  return most >= whole ? most - (most % whole) : most;
}

/** Chunks of the first block, read before a curve has its first point: whole batches where the others are. */
export function chooseFirst(n_ctx: number, chunksPerBlock: number, batch: number): number {
  const whole = batch % n_ctx === 0 ? batch / n_ctx : 1;
  return Math.min(chunksPerBlock, whole * Math.ceil(FIRST_ROWS / (n_ctx * whole)));
}
