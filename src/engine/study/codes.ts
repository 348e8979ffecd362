/** Latents of a corpus, window by window: from what earlier passes left, else by running the model up to the hook. */
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { encodeRows } from '../model/encodeRows.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { run } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';
import type { PassStore } from './passStore.ts';

/** Windows of one forward pass; more gains nothing. */
const WINDOWS_AT_ONCE = 8;

export interface CodesJob {
  model: HookedModel;
  engine: SaeEngine;
  /** It fits the model. */
  dictionary: Dictionary;
  /** Token ids of each window, each from an empty context. */
  windows: readonly (readonly number[])[];
  store?: PassStore;
  /** Tells dictionaries apart by their numbers; absent or '': nothing is kept. */
  dictionaryKey?: string;
  /** After each batch, in tokens. */
  onTokens?: (tokens: number) => void;
  stop?: Stop;
}

/**
 * @param visit called once for each window, in order
 * @throws AbortedError; EngineError
 */
export async function eachWindow(job: CodesJob, visit: (index: number, codes: Latents) => void): Promise<void> {
  const { windows, store, dictionaryKey, dictionary, stop } = job;
  store?.begin();
  const nameOf = (index: number) => dictionaryKey && codesKey(dictionaryKey, dictionary, windows[index]);
  const keptOf = (index: number) => store?.get<Latents>(nameOf(index) ?? '');
  for (let next = 0; next < windows.length;) {
    throwIfStopped(stop);
    const kept = keptOf(next);
    if (kept) {
      visit(next, kept);
      job.onTokens?.(windows[next++].length);
      continue;
    }
    let end = next + 1;
    const isAlike = (index: number) => index < windows.length && windows[index].length === windows[next].length;
    while (end - next < WINDOWS_AT_ONCE && isAlike(end) && !keptOf(end)) end++;
    const batch = windows.slice(next, end);
    const found = await encodeWindows(job, dictionary, batch, await readWindows(job, batch));
    found.forEach((codes, i) => {
      const name = nameOf(next + i);
      if (name) store?.set(name, codes, codesBytes(codes));
      visit(next + i, codes);
    });
    job.onTokens?.((end - next) * windows[next].length);
    next = end;
    await nextTask();
  }
}

/**
 * The same of several dictionaries of one hook at once; nothing is kept. The tokens of a batch are reported when all have them.
 * @param dictionaries of the job's hook; the job's own counts only where it is among them
 * @param visit called once for each window, in order
 * @throws AbortedError; EngineError
 */
export async function eachWindowOfAll(
  job: CodesJob,
  dictionaries: readonly Dictionary[],
  visit: (codes: readonly Latents[]) => void,
): Promise<void> {
  const { windows, stop } = job;
  for (let next = 0; next < windows.length;) {
    throwIfStopped(stop);
    let end = next + 1;
    while (end - next < WINDOWS_AT_ONCE && windows[end]?.length === windows[next].length) end++;
    const batch = windows.slice(next, end);
    const acts = await readWindows(job, batch);
    const found: Latents[][] = [];
    for (const dictionary of dictionaries) found.push(await encodeWindows(job, dictionary, batch, acts));
    batch.forEach((_, w) => visit(found.map((codes) => codes[w])));
    job.onTokens?.((end - next) * windows[next].length);
    next = end;
    await nextTask();
  }
}

/** Activations at the job's hook. @param windows all of one length. @returns [windows × pos, d_in] */
async function readWindows({ model, dictionary, stop }: CodesJob, windows: readonly (readonly number[])[]): Promise<Float32Array> {
  const hook = dictionary.config.hook_name!;
  const { acts } = await run(model, { ids: windows.map((window) => [...window]), isBatch: true }, { read: [hook] }, stop);
  return acts[hook].data;
}

async function encodeWindows(
  { engine, stop }: CodesJob,
  dictionary: Dictionary,
  windows: readonly (readonly number[])[],
  acts: Float32Array,
): Promise<Latents[]> {
  const all = await encodeRows(engine, dictionary, acts, stop);
  const [{ length }] = windows;
  return windows.map((_, w) => rowsOf(all, w * length, (w + 1) * length));
}

/** Some rows of latents, on their own. */
function rowsOf({ rows, latents, values, d_sae, scale, shift }: Latents, from: number, end: number): Latents {
  const [first, last] = [rows[from], rows[end]];
  return {
    rows: rows.slice(from, end + 1).map((at) => at - first),
    latents: latents.slice(first, last),
    values: values.slice(first, last),
    d_sae,
    ...(scale && { scale: scale.slice(from, end) }),
    ...(shift && { shift: shift.slice(from, end) }),
  };
}

/** @param dictionaryKey tells dictionaries apart by their numbers */
export function codesKey(dictionaryKey: string, { config }: Dictionary, ids: readonly number[]): string {
  return `${dictionaryKey} ${config.hook_name} ${ids.join()}`;
}

export function codesBytes({ rows, latents, values, scale, shift }: Latents): number {
  return [rows, latents, values, scale, shift].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}
