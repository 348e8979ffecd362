/** The call `predict`: next-token statistics of every position, so that logits never leave the worker. */
import { UsageError, type Stop } from '../../core/errors.ts';
import { klDivergence, rankOf, rowStatistics, topK } from '../../core/lm/statistics.ts';
import type { Comparison, Edit } from '../../api/model.ts';
import type { HookedModel } from './hookedModel.ts';
import { finalResidual, type EditMeans } from './run.ts';
import { unembed } from './unembed.ts';

const MAX_TOP = 200;

/** `Predictions` without what the tokenizer adds. */
interface PositionStatistics {
  surprise: Float32Array;
  entropy: Float32Array;
  rank: Int32Array;
  k: number;
  topIds: Uint32Array;
  topProbs: Float32Array;
  comparison?: Comparison;
}

/**
 * @param n_tokens ids from here up are padding of the unembedding and stay out of ranks and top lists
 * @throws UsageError; AbortedError
 */
export async function predict(
  model: HookedModel,
  ids: number[],
  { k = 10, edits = [], n_tokens, ...means }: { k?: number; edits?: readonly Edit[]; n_tokens: number } & EditMeans,
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
  const resid = await finalResidual(model, ids, { edits, ...means }, stop);
  const record = (i: number, logits: Float32Array) => recordRow(out, ids, i, logits, n_tokens);
  if (edits.length === 0) await unembed(model, resid, starts(model, n), (i, logits) => void record(i, logits), stop);
  else out.comparison = await compare(model, ids, resid, { k: top, n_tokens, topIds: out.topIds, record }, stop);
  return out;
}

/** Fills in what one row of logits says; returns its logZ. */
function recordRow(out: PositionStatistics, ids: number[], i: number, logits: Float32Array, n_tokens: number): number {
  const { logZ, entropy } = rowStatistics(logits);
  out.entropy[i] = entropy;
  const next = ids[i + 1];
  if (next !== undefined) {
    out.surprise[i + 1] = logZ - logits[next];
    out.rank[i + 1] = rankOf(logits, next, n_tokens);
  }
  topK(logits, out.k, n_tokens).forEach((id, slot) => {
    out.topIds[i * out.k + slot] = id;
    out.topProbs[i * out.k + slot] = Math.exp(logits[id] - logZ);
  });
  return logZ;
}

interface CompareOptions {
  k: number;
  n_tokens: number;
  /** Filled by `record`. [n, k] */
  topIds: Uint32Array;
  record: (i: number, logits: Float32Array) => number;
}

/** Rows held at once while two passes are compared. */
const COMPARED_ROWS = 32;

/** Records the edited row by row and compares each with the unedited one; a block of rows is in hand, never all. */
async function compare(
  model: HookedModel,
  ids: number[],
  edited: Float32Array,
  { k, n_tokens, topIds, record }: CompareOptions,
  stop?: Stop,
): Promise<Comparison> {
  const plain = await finalResidual(model, ids, { edits: [] }, stop);
  const n = ids.length;
  const out: Comparison = {
    kl: new Float32Array(n),
    topProbsBefore: new Float32Array(n * k),
    idsBefore: new Uint32Array(n * k),
    probsBefore: new Float32Array(n * k),
    probsAfter: new Float32Array(n * k),
  };
  for (let first = 0; first < n; first += COMPARED_ROWS) {
    const rows = starts(model, n).slice(first, first + COMPARED_ROWS);
    const before: Float32Array[] = [];
    await unembed(model, plain, rows, (_, logits) => before.push(logits.slice()), stop);
    const visit = (offset: number, after: Float32Array) => {
      const i = first + offset;
      const p = before[offset];
      const logZ = rowStatistics(p).logZ;
      const logZAfter = record(i, after);
      out.kl[i] = klDivergence(p, logZ, after, logZAfter);
      topK(p, k, n_tokens).forEach((id, slot) => {
        const at = i * k + slot;
        out.idsBefore[at] = id;
        out.probsBefore[at] = Math.exp(p[id] - logZ);
        out.probsAfter[at] = Math.exp(after[id] - logZAfter);
        out.topProbsBefore[at] = Math.exp(p[topIds[at]] - logZ);
      });
    };
    await unembed(model, edited, rows, visit, stop);
  }
  return out;
}

function starts(model: HookedModel, n: number): number[] {
  return Array.from({ length: n }, (_, i) => i * model.config.d_model);
}
