/** One prompt with whole sets of latents off, all through the model: what arrives at each hook decides what there is to take out. */
import { throwIfStopped } from '../../../core/errors.ts';
import { blockHook, type Hook } from '../../../core/lm/hooks.ts';
import { blockFlops, blockValues } from '../../../core/lm/memory.ts';
import { decoderVector } from '../../../core/sae/decode.ts';
import { encodeRows } from '../../model/encodeRows.ts';
import { forward } from '../../model/forward.ts';
import { CALL_FLOPS } from '../memory.ts';
import type { Machine } from './bases.ts';
import type { Placed } from './treeJob.ts';
import { placeOf } from './sites.ts';

/** Whether a latent of a dictionary, by its place among those given, is off at a position. */
export type IsOff = (dictionary: number, position: number, latent: number) => boolean;

interface SetsJob {
  machine: Machine;
  ids: readonly number[];
  dictionaries: readonly Placed[];
  batchBytes: number;
  onBatch: (rows: number, bytes: number) => void;
}

/** The last token's last residual under each set, [sets, d_model]; errors stay. @throws AbortedError; EngineError */
export async function runSets(job: SetsJob, sets: readonly IsOff[]): Promise<Float32Array> {
  const { config } = job.machine.model;
  const pos = job.ids.length;
  const shape = { rows: 1, pos, past: 0 };
  const bytes = 4 * (blockValues(config, shape) + 6 * pos * config.d_model);
  const most = Math.max(1, Math.floor(Math.min(CALL_FLOPS / blockFlops(config, shape), job.batchBytes / bytes)));
  const out = new Float32Array(sets.length * config.d_model);
  for (let at = 0; at < sets.length; at += most) {
    throwIfStopped(job.machine.stop);
    const some = sets.slice(at, at + most);
    job.onBatch(some.length, some.length * bytes);
    out.set(await runTogether(job, some), at * config.d_model);
  }
  return out;
}

async function runTogether(job: SetsJob, sets: readonly IsOff[]): Promise<Float32Array> {
  const { machine, ids } = job;
  const { model, stop } = machine;
  const { d_model: D, n_layers } = model.config;
  const [R, T] = [sets.length, ids.length];
  let resid: Float32Array = new Float32Array(R * T * D);
  for (let t = 0; t < R * T; t++) resid.set(model.embedding.subarray(ids[t % T] * D, (ids[t % T] + 1) * D), t * D);
  for (let layer = 0; layer < n_layers; layer++) {
    await takeOut(job, sets, layer, resid);
    const sums = job.dictionaries.filter(({ hook }) => hook.layer === layer && placeOf(hook) === undefined).map(({ hook }) => hook);
    const read = new Map<string, Float32Array>();
    const out = await forward({
      model,
      at: { firstRow: 0, rows: R, firstPos: 0, pos: T, lengths: new Array<number>(R).fill(T) },
      ids: [],
      edits: new Map(),
      reads: new Set(sums.map(({ name }) => name)),
      onRead: (hook, values) => read.set(hook, values.slice()),
      from: { layer, resid },
      until: layer + 1,
      ...(stop && { stop }),
    });
    resid = (await model.runtime.read(out)).slice();
    model.runtime.dispose(out);
    for (const hook of sums) await subtract(job, sets, hook, read.get(hook.name)!, resid);
  }
  await takeOut(job, sets, n_layers, resid);
  const last = new Float32Array(R * D);
  for (let r = 0; r < R; r++) last.set(resid.subarray((r * T + T - 1) * D, (r + 1) * T * D), r * D);
  return last;
}

/** Of the dictionaries that read the residual at a place. */
async function takeOut(job: SetsJob, sets: readonly IsOff[], place: number, resid: Float32Array): Promise<void> {
  for (const { hook } of job.dictionaries) if (placeOf(hook) === place) await subtract(job, sets, hook, resid.slice(), resid);
}

/** Takes c·dec of what is off in the hook's values [sets, pos, d_model] out of the residual, in place. */
async function subtract(
  { machine: { engine, stop }, ids, dictionaries }: SetsJob,
  sets: readonly IsOff[],
  hook: Hook,
  values: Float32Array,
  resid: Float32Array,
): Promise<void> {
  const d = dictionaries.findIndex((named) => named.hook.name === hook.name);
  const { dictionary } = dictionaries[d];
  const { rows, latents, values: c, scale } = await encodeRows(engine, dictionary, values, stop);
  const vectors = new Map<number, Float32Array>();
  const D = resid.length / (rows.length - 1);
  for (let row = 0; row + 1 < rows.length; row++) {
    const isOff = sets[Math.floor(row / ids.length)];
    for (let e = rows[row]; e < rows[row + 1]; e++) {
      const latent = latents[e];
      if (!isOff(d, row % ids.length, latent)) continue;
      const dec = vectors.get(latent) ?? decoderVector(dictionary, latent);
      vectors.set(latent, dec);
      const amount = c[e] * (scale?.[row] ?? 1);
      for (let i = 0; i < D; i++) resid[row * D + i] -= amount * dec[i];
    }
  }
}

/** The hook behind the last block. */
export function lastResidual(n_layers: number): string {
  return blockHook(n_layers - 1, 'hook_resid_post');
}
