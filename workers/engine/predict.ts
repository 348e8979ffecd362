/** The call `predict`: next-token statistics of every position, so that logits never leave the worker. */
import { UsageError, type Stop } from '../../src/core/errors.ts';
import { klDivergence, rankOf, rowStatistics, topK } from '../../src/core/lm/statistics.ts';
import type { Edit } from '../../src/core/lm/types.ts';
import type { HookedModel } from './hookedModel.ts';
import { finalResidual, unembed } from './run.ts';

const MAX_TOP = 200;

/** `Predictions` without what the tokenizer adds. */
export interface PositionStatistics {
  surprise: Float32Array;
  entropy: Float32Array;
  rank: Int32Array;
  k: number;
  topIds: Uint32Array;
  topProbs: Float32Array;
  kl?: Float32Array;
}

/**
 * @param n_tokens ids from here up are padding of the unembedding and stay out of ranks and top lists
 * @throws UsageError; AbortedError
 */
export async function predict(
  model: HookedModel,
  ids: number[],
  { k = 10, edits = [], n_tokens }: { k?: number; edits?: readonly Edit[]; n_tokens: number },
  stop?: Stop,
): Promise<PositionStatistics> {
  if (!Number.isInteger(k) || k < 1 || k > MAX_TOP) throw new UsageError(`\`k\` must be a whole number from 1 to ${MAX_TOP}.`);
  const top = Math.min(k, n_tokens);
  const n = ids.length;
  const out: PositionStatistics = {
    surprise: new Float32Array(n).fill(NaN, 0, 1),
    entropy: new Float32Array(n),
    rank: new Int32Array(n).fill(-1, 0, 1),
    k: top,
    topIds: new Uint32Array(n * top),
    topProbs: new Float32Array(n * top),
  };
  const resid = await finalResidual(model, ids, edits, stop);
  const record = (i: number, logits: Float32Array) => {
    const { logZ, entropy } = rowStatistics(logits);
    out.entropy[i] = entropy;
    const next = ids[i + 1];
    if (next !== undefined) {
      out.surprise[i + 1] = logZ - logits[next];
      out.rank[i + 1] = rankOf(logits, next, n_tokens);
    }
    topK(logits, top, n_tokens).forEach((id, slot) => {
      out.topIds[i * top + slot] = id;
      out.topProbs[i * top + slot] = Math.exp(logits[id] - logZ);
    });
    return logZ;
  };
  if (edits.length === 0) await unembed(model, resid, starts(model, n), (i, logits) => void record(i, logits), stop);
  else out.kl = await compare(model, ids, resid, record, stop);
  return out;
}

/** Records the edited row by row and returns KL(unedited ‖ edited); both rows are in hand at once, never all. */
async function compare(
  model: HookedModel,
  ids: number[],
  edited: Float32Array,
  record: (i: number, logits: Float32Array) => number,
  stop?: Stop,
): Promise<Float32Array> {
  const plain = await finalResidual(model, ids, [], stop);
  const D = model.config.d_model;
  const kl = new Float32Array(ids.length);
  const BLOCK = 32;
  for (let first = 0; first < ids.length; first += BLOCK) {
    const rows = starts(model, Math.min(BLOCK, ids.length - first)).map((from) => from + first * D);
    const before: Float32Array[] = [];
    await unembed(model, plain, rows, (_, logits) => before.push(logits.slice()), stop);
    await unembed(
      model,
      edited,
      rows,
      (i, logits) => {
        const logZ = record(first + i, logits);
        const p = before[i];
        kl[first + i] = klDivergence(p, rowStatistics(p).logZ, logits, logZ);
      },
      stop,
    );
  }
  return kl;
}

function starts(model: HookedModel, n: number): number[] {
  return Array.from({ length: n }, (_, i) => i * model.config.d_model);
}
