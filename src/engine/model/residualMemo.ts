/**
 * The screen asks several things of one text: features, predictions, activations, predictions under an edit.
 * Up to the first edit they all run the same blocks on the same numbers, so the residuals of the last few texts are
 * kept and a pass starts at the deepest one that serves it. Values are those of a pass from the start, bit for bit:
 * a block gets the same input of the same shape. Residuals that stay on the GPU are not brought down for this.
 */
import type { Tensor } from 'onnxruntime-common';
import { createByteCache, type ByteCache } from '../../core/byteCache.ts';
import { throwIfStopped } from '../../core/errors.ts';
import { parseHook, type Hook } from '../../core/lm/hooks.ts';
import { forward } from './forward.ts';
import type { ForwardJob } from './forwardJob.ts';
import type { HookedModel } from './hookedModel.ts';

/** Of all texts of a model together; the text used longest ago goes first. */
const MEMO_BYTES = 32 * 2 ** 20;

/** Residuals entering each block of one text, and at [n_layers] the final one. [pos, d_model] each */
type Residuals = (Float32Array | undefined)[];

interface Memo {
  /** By ids. */
  texts: ByteCache<Residuals>;
  /** The pass that runs on a text now. */
  running: Map<string, Promise<unknown>>;
}

const memos = new WeakMap<HookedModel, Memo>();

/**
 * As `forward`, for one text from its beginning without a cache; other jobs go straight through. Passes on the same
 * text wait for each other, so that the later ones find what the first has computed.
 * @throws as `forward`
 */
export async function forwardOnce(job: ForwardJob): Promise<Tensor> {
  if (!isWholeText(job)) return forward(job);
  const memo = memoOf(job.model);
  const key = job.ids[0].join();
  while (memo.running.has(key)) await memo.running.get(key);
  throwIfStopped(job.stop);
  const pass = runFrom(job, memo, key);
  const settled = pass.catch(() => undefined).finally(() => memo.running.delete(key));
  memo.running.set(key, settled);
  return pass;
}

/** One text from its first token, unpadded, and nothing given that decides its residuals but its ids and edits. */
function isWholeText({ at, ids, from, cache }: ForwardJob): boolean {
  return at.rows === 1 && at.firstPos === 0 && at.pos === ids[0].length && !from && !cache;
}

function memoOf(model: HookedModel): Memo {
  let memo = memos.get(model);
  if (!memo) memos.set(model, (memo = { texts: createByteCache(MEMO_BYTES), running: new Map() }));
  return memo;
}

async function runFrom(job: ForwardJob, memo: Memo, key: string): Promise<Tensor> {
  const { config, runtime } = job.model;
  const known = memo.texts.get(key) ?? [];
  const edited = firstEdit(job);
  const start = findStart(job, known, edited);
  for (const hook of residualReads(job)) {
    const place = placeOf(hook);
    if (start > 0 && isServed(hook, start)) job.onRead(hook.name, known[place]!.slice());
  }
  const fresh: Residuals = [...known];
  const onResidual = (layer: number, values: Float32Array) => {
    if (layer <= edited && !fresh[layer]) fresh[layer] = values.slice();
  };
  try {
    if (start === 0) return await forward({ ...job, onResidual });
    const resid = known[start]!.slice();
    if (start === job.until) return runtime.tensor(resid, [1, job.at.pos, config.d_model]);
    return await forward({ ...job, onResidual, from: { layer: start, resid } });
  } finally {
    // An edit of the embedding leaves nothing to keep.
    if (fresh.length > 0) memo.texts.set(key, fresh, bytesOf(fresh));
  }
}

/** The deepest block whose incoming residual is known and below which nothing is asked but known residuals. */
function findStart(job: ForwardJob, known: Residuals, edited: number): number {
  const inner = innerReads(job);
  const reads = residualReads(job);
  for (let start = Math.min(job.until, edited, inner); start > 0; start--) {
    if (known[start] && reads.every((hook) => !isServed(hook, start) || known[placeOf(hook)])) return start;
  }
  return 0;
}

function hooksOf(job: ForwardJob, names: Iterable<string>): Hook[] {
  return [...names].map((name) => parseHook(name, job.model.config.n_layers));
}

/** The last block whose incoming residual no edit has touched; −1 when the embedding is edited. */
function firstEdit(job: ForwardJob): number {
  const places = hooksOf(job, job.edits.keys()).map((hook) => (hook.site === 'hook_embed' ? -1 : hook.layer));
  return Math.min(job.model.config.n_layers, ...places);
}

/** The first block read from inside; it must run. */
function innerReads(job: ForwardJob): number {
  const inside = hooksOf(job, job.reads).filter((hook) => !isResidual(hook) && hook.site !== 'ln_final.hook_normalized');
  return Math.min(job.model.config.n_layers, ...inside.map((hook) => hook.layer));
}

function residualReads(job: ForwardJob): Hook[] {
  return hooksOf(job, job.reads).filter(isResidual);
}

function isResidual({ site }: Hook): boolean {
  return site === 'hook_embed' || site === 'hook_resid_pre' || site === 'hook_resid_post';
}

/** Where a residual hook's values are in `Residuals`. */
function placeOf(hook: Hook): number {
  if (hook.site === 'hook_embed') return 0;
  return hook.site === 'hook_resid_pre' ? hook.layer : hook.layer + 1;
}

/** Whether a pass that starts at block `start` does not come by the hook itself. */
function isServed(hook: Hook, start: number): boolean {
  return hook.site === 'hook_resid_pre' ? hook.layer < start : placeOf(hook) <= start;
}

function bytesOf(residuals: Residuals): number {
  return residuals.reduce((sum, values) => sum + (values?.byteLength ?? 0), 0);
}
