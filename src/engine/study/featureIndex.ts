/** One pass of a corpus through the model, which feeds the indices of any number of dictionaries. */
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import type { IndexBatch, IndexState } from '../../core/interp/featureIndex/indexState.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { misfit } from '../dictionary/encode.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { run } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';
import { IndexEncoder, type Encoded } from './indexEncoder.ts';

/** Windows of one forward pass; more gains nothing. */
const WINDOWS_AT_ONCE = 8;

/** A stretch of a document, read from an empty context. */
export interface CorpusWindow {
  document: number;
  /** Place of its first token in the document. */
  start: number;
  length: number;
}

/**
 * All windows of some documents, of at most `n_ctx` tokens, longest first, so that those of one length lie together; which
 * come first changes nothing in an index.
 * @param most tokens in all
 */
export function cutWindows(documents: readonly { length: number }[], n_ctx: number, most: number): CorpusWindow[] {
  const windows: CorpusWindow[] = [];
  let left = most;
  documents.forEach(({ length }, document) => {
    for (let start = 0; start < length && left > 0; start += n_ctx) {
      const window = { document, start, length: Math.min(n_ctx, length - start, left) };
      windows.push(window);
      left -= window.length;
    }
  });
  return windows.sort((a, b) => b.length - a.length || a.document - b.document || a.start - b.start);
}

interface IndexJob {
  model: HookedModel;
  engine: SaeEngine;
  /** Each with the state that it adds to. */
  subjects: readonly { dictionary: Dictionary; state: IndexState }[];
  documents: readonly ArrayLike<number>[];
  windows: readonly CorpusWindow[];
  /** Windows that the states know already. */
  done: number;
  /** After each batch, which all states have taken whole; it is waited for. */
  onBatch?: (done: number) => Promise<void> | void;
  stop?: Stop;
}

/** @throws UsageError when a dictionary does not fit the model; AbortedError, with the states as after the last batch; EngineError */
export async function indexWindows(job: IndexJob): Promise<void> {
  const { model, engine, subjects, windows, stop } = job;
  for (const { dictionary } of subjects) {
    const problem = misfit(dictionary, model);
    if (problem) throw new UsageError(problem);
  }
  const hooks = [...new Set(subjects.map(({ dictionary }) => dictionary.config.hook_name!))];
  const encoders = subjects.map(({ dictionary, state }) => new IndexEncoder(engine, dictionary, state));
  try {
    for (let done = job.done; done < windows.length;) {
      throwIfStopped(stop);
      const batch = takeBatch(windows, done, encoders);
      const ids = batch.map(({ document, start, length }) => Array.from({ length }, (_, i) => job.documents[document][start + i]));
      const { acts } = await run(model, { ids, isBatch: true }, { read: hooks }, stop);
      const where = placesOf(batch, ids);
      const found: Encoded[] = [];
      for (const [s, { dictionary }] of subjects.entries())
        found.push(await encoders[s].encode(acts[dictionary.config.hook_name!].data, stop));
      subjects.forEach(({ state }, s) => state.add({ ...where, ...found[s] }));
      done += batch.length;
      await job.onBatch?.(done);
      await nextTask();
    }
  } finally {
    for (const encoder of encoders) encoder.release();
  }
}

/** The next windows, all of one length, so that no row of the batch is padding. */
function takeBatch(windows: readonly CorpusWindow[], done: number, encoders: readonly IndexEncoder[]): CorpusWindow[] {
  const { length } = windows[done];
  const rows = Math.min(...encoders.map((encoder) => encoder.rows(WINDOWS_AT_ONCE * length)));
  const most = Math.min(WINDOWS_AT_ONCE, Math.max(1, Math.floor(rows / length)));
  const batch = windows.slice(done, done + most);
  const other = batch.findIndex((window) => window.length !== length);
  return other < 0 ? batch : batch.slice(0, other);
}

function placesOf(batch: readonly CorpusWindow[], ids: readonly number[][]): Omit<IndexBatch, 'fired' | 'missed'> {
  const { length } = batch[0];
  const n = batch.length * length;
  const of = (value: (window: CorpusWindow, w: number, i: number) => number) =>
    Uint32Array.from({ length: n }, (_, r) => value(batch[Math.floor(r / length)], Math.floor(r / length), r % length));
  return {
    documents: of(({ document }) => document),
    positions: of(({ start }, _, i) => start + i),
    ids: of((_, w, i) => ids[w][i]),
    places: of((_, __, i) => i),
    starts: of((_, w) => w * length),
    ends: of((_, w) => (w + 1) * length),
  };
}
