/**
 * Many candidate edits of the same texts as one batched continuation (docs/decisions/candidates.md). Each text runs
 * once, unedited; what enters the blocks where candidates begin is kept. A row is a candidate in a context: only
 * the blocks from its first edit up to what is read run, only positions from the first one it changes, and only the
 * rows that are read reach the unembedding. A candidate that changes nothing in a context is not run there.
 */
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import type { Array2, Edit, LogitRows } from '../../api/model.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { checkRows, type EditMeans } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';
import { runBatch } from './candidateBatch.ts';
import { checkCandidates, compileRows, type CandidateRow } from './candidateRows.ts';
import { cleanBytes, runClean, type CleanContext } from './cleanContext.ts';
import { batchFlops, CALL_FLOPS, rowBytes } from './memory.ts';
import { checkReading, type Reading } from './reading.ts';

/** Bytes of everything held for the texts and for one batch, by count, where the caller states no bound. */
export const MEMORY_BYTES = 256 * 2 ** 20;

/** A list of edits, or one for each context. */
export type Candidate = readonly Edit[] | ((context: number) => readonly Edit[]);

export interface CandidatesJob extends EditMeans {
  model: HookedModel;
  /** Token ids of each text, each from an empty context. */
  contexts: readonly (readonly number[])[];
  candidates: readonly Candidate[];
  /** Hook values wanted, at these positions of every context; default all. No patterns. */
  read?: readonly { hook: string; positions?: LogitRows }[];
  /** Positions that reach the unembedding; default 'none'. */
  logits?: LogitRows;
  /** Bound on what is held by count: the texts' caches and one batch, weights and what engines keep aside. Default 256 MiB. */
  memoryBytes?: number;
  /** Most rows of a batch. Default: as many as keep one block's run to some tens of milliseconds, so that a stop is heard. */
  batchSize?: number;
  /** Whether positions before the first changed one keep the clean keys and values. Default true; no bit differs on WASM. */
  sharePrefix?: boolean;
  /** The unedited values of a context, before its candidates. */
  onClean?: (context: number, values: Values) => void;
  /** A text's clean values, where the caller has them of a job with the same hooks and reading; else each text is run here. */
  clean?: (context: number) => Promise<CleanContext>;
  onResult: (result: CandidateResult) => void;
  onBatch?: (batch: BatchReport) => void;
  stop?: Stop;
}

/** What was asked of a text. The arrays are good during the call only. */
export interface Values {
  /** [positions, F] by hook. */
  acts: Record<string, Array2>;
  /** [positions, d_vocab] */
  logits?: Array2;
}

export interface CandidateResult extends Values {
  candidate: number;
  context: number;
  /** False where the candidate changes nothing: the values are the clean ones. */
  ran: boolean;
}

/** What one batch took. */
export interface BatchReport {
  rows: number;
  /** Positions run of each row, and those behind which they continue. */
  pos: number;
  past: number;
  /** Held while it ran, texts' caches included, by count. */
  bytes: number;
}

/** What all batches took together. */
export interface CandidatesCost {
  /** Candidates in contexts, and how many of these were run. */
  pairs: number;
  rows: number;
  batches: number;
  /** Tokens run: Σ over rows of positions. */
  tokens: number;
  /** Largest `bytes` of a batch. */
  peakBytes: number;
}

/**
 * Runs every candidate in every context; results come in the order of batches, not of candidates.
 * @throws UsageError before anything is computed, or when one row alone exceeds the bound; AbortedError; EngineError
 */
export async function runCandidates(job: CandidatesJob): Promise<CandidatesCost> {
  const { model, contexts, stop } = job;
  checkRows({ ids: contexts.map((ids) => [...ids]), isBatch: true }, model.config);
  const bound = job.memoryBytes ?? MEMORY_BYTES;
  if (!(bound > 0)) throw new UsageError('`memoryBytes` must be a positive number.');
  const { batchSize } = job;
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new UsageError('`batchSize` must be a whole number, 1 or more.');
  }
  const reading = checkReading(job);
  const needs = await checkCandidates(job);
  const cost: CandidatesCost = { pairs: contexts.length * job.candidates.length, rows: 0, batches: 0, tokens: 0, peakBytes: 0 };
  for (let next = 0; next < contexts.length;) {
    const wave: CleanContext[] = [];
    let held = 0;
    while (next < contexts.length && (wave.length === 0 || held + cleanBytes(job, reading, needs, next) <= bound / 2)) {
      throwIfStopped(stop);
      const clean = await (job.clean?.(next) ?? runClean(job, reading, needs, next));
      next++;
      wave.push(clean);
      held += clean.bytes;
    }
    await runWave(job, reading, wave, bound - held, cost, held);
  }
  return cost;
}

/** All candidates in the contexts of a wave, whose clean values are held. */
async function runWave(
  job: CandidatesJob,
  reading: Reading,
  wave: readonly CleanContext[],
  left: number,
  cost: CandidatesCost,
  held: number,
): Promise<void> {
  const groups = new Map<string, CandidateRow[]>();
  for (const clean of wave) {
    job.onClean?.(clean.index, clean.values);
    for (const row of compileRows(job, clean)) {
      if (!row.isActive) job.onResult({ ...clean.values, candidate: row.candidate, context: clean.index, ran: false });
      else addTo(groups, row);
    }
    throwIfStopped(job.stop);
    await nextTask();
  }
  for (const rows of groups.values()) {
    for (const batch of cutBatches(job, reading, rows, left)) {
      throwIfStopped(job.stop);
      await runBatch(job, reading, batch.rows);
      const [{ pos, past }] = batch.rows;
      cost.batches++;
      cost.rows += batch.rows.length;
      cost.tokens += batch.rows.length * pos;
      cost.peakBytes = Math.max(cost.peakBytes, held + batch.bytes);
      job.onBatch?.({ rows: batch.rows.length, pos, past, bytes: held + batch.bytes });
    }
  }
}

function addTo(groups: Map<string, CandidateRow[]>, row: CandidateRow): void {
  const group = groups.get(row.key);
  if (group) group.push(row);
  else groups.set(row.key, [row]);
}

/** Rows of a group, which have the same shape, in batches within the bounds on rows, memory and work. */
function* cutBatches(
  { model: { config }, batchSize }: CandidatesJob,
  reading: Reading,
  rows: readonly CandidateRow[],
  left: number,
): Generator<{ rows: CandidateRow[]; bytes: number }> {
  const most = batchSize ?? Math.max(1, Math.floor(CALL_FLOPS / batchFlops(config, rows[0])));
  let batch: CandidateRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const more = rowBytes(config, reading, row);
    if (more > left) throw tooLarge(row, more, left);
    if (batch.length === most || bytes + more > left) {
      yield { rows: batch, bytes };
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += more;
  }
  if (batch.length > 0) yield { rows: batch, bytes };
}

function tooLarge({ pos }: CandidateRow, bytes: number, left: number): UsageError {
  const mib = (n: number) => Math.max(0, n / 2 ** 20).toFixed(1);
  return new UsageError(
    `One candidate in a text of ${pos} tokens takes ${mib(bytes)} MiB, but ${mib(left)} MiB of the bound are left. Raise \`memoryBytes\`, or ask for fewer hooks or logits.`,
  );
}
