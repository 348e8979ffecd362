/**
 * One forward pass over a stretch of positions: embedding, blocks, raw final residual, with hooks read and
 * edited on the way. A block computes everything; only what is asked for is fetched from it.
 *
 * Edits of the residual are made between blocks; those inside a block in innerEdits.ts.
 */
import type { Tensor } from 'onnxruntime-common';
import { throwIfStopped } from '../../core/errors.ts';
import type { BlockOutput } from '../../core/lm/graphs.ts';
import { blockHook, type BlockSite } from '../../core/lm/hooks.ts';
import { causalMask, rotaryAngles } from '../../core/lm/rotary.ts';
import { editsAt, editValues, type ForwardJob, type KeyValues } from './forwardJob.ts';
import type { HookedModel } from './hookedModel.ts';
import { lookInside, type InnerEdits } from './innerEdits.ts';
import type { Feeds } from './runtime.ts';

/** Where each site's value is among the block's outputs. */
const OUTPUT_OF: Partial<Record<BlockSite, BlockOutput>> = {
  'ln1.hook_normalized': 'ln1',
  'ln2.hook_normalized': 'ln2',
  'attn.hook_v': 'v',
  'attn.hook_pattern': 'pattern',
  'attn.hook_z': 'z',
  hook_attn_out: 'attn_out',
  'mlp.hook_pre': 'pre',
  'mlp.hook_post': 'post',
  hook_mlp_out: 'mlp_out',
};

/**
 * @returns the residual after block `until − 1`, edits included, on whichever device it lies; the caller disposes it
 * @throws AbortedError between blocks; EngineError
 */
export async function forward(job: ForwardJob): Promise<Tensor> {
  const { model, at } = job;
  const { runtime, config } = model;
  const dims = [at.rows, at.pos, config.d_model];
  const start = job.from?.layer ?? 0;
  let resid = runtime.tensor(job.from?.resid ?? embed(job), dims);
  const shared = sharedFeeds(job);
  try {
    const visit = job.from ? job.from.visit : 'hook_embed';
    if (visit !== undefined) resid = await visitResidual(job, resid, visit);
    for (let layer = start; layer < job.until; layer++) {
      throwIfStopped(job.stop);
      noteResidual(job, layer, resid);
      resid = await visitResidual(job, resid, blockHook(layer, 'hook_resid_pre'));
      const before = resid;
      resid = await runBlock(job, layer, before, shared);
      runtime.dispose(before);
      resid = await visitResidual(job, resid, blockHook(layer, 'hook_resid_post'));
    }
    noteResidual(job, job.until, resid);
    if (job.cache) job.cache.length += at.pos;
    return resid;
  } catch (error) {
    runtime.dispose(resid);
    throw error;
  }
}

/** Releases what a cache holds on the device. */
export function disposeCache(model: HookedModel, cache: KeyValues): void {
  model.runtime.dispose(...cache.k.splice(0), ...cache.v.splice(0));
  cache.length = 0;
}

/** Rows of W_E for the ids, [rows, pos, d_model]; padding repeats token 0. */
function embed({ model, at, ids }: ForwardJob): Float32Array {
  const D = model.config.d_model;
  const x = new Float32Array(at.rows * at.pos * D);
  for (let r = 0; r < at.rows; r++) {
    for (let p = 0; p < at.pos; p++) {
      const id = ids[r][p] ?? 0;
      x.set(model.embedding.subarray(id * D, (id + 1) * D), (r * at.pos + p) * D);
    }
  }
  return x;
}

function noteResidual({ onResidual }: ForwardJob, layer: number, resid: Tensor): void {
  if (resid.location === 'cpu') onResidual?.(layer, resid.data as Float32Array);
}

/** Reads and edits the residual at one hook; returns the tensor to go on with. */
async function visitResidual(job: ForwardJob, resid: Tensor, hook: string): Promise<Tensor> {
  const edits = job.edits.get(hook);
  const wanted = job.reads.has(hook);
  if (!edits && !wanted) return resid;
  const { runtime, config } = job.model;
  const values = await runtime.read(resid);
  if (edits) await editValues(job, hook, values, config.d_model);
  if (wanted) job.onRead(hook, values);
  if (!edits) return resid;
  runtime.dispose(resid);
  return runtime.tensor(values, resid.dims);
}

/** Inputs every block of a pass shares. */
function sharedFeeds({ model, at }: ForwardJob): Feeds {
  const { runtime, config } = model;
  const { cos, sin } = rotaryAngles(config, at.firstPos, at.pos);
  const half = config.rotary_dim / 2;
  const empty = [at.rows, config.n_heads, 0, config.d_head];
  return {
    cos: runtime.tensor(cos, [at.pos, half]),
    sin: runtime.tensor(sin, [at.pos, half]),
    mask: runtime.tensor(causalMask(at.firstPos, at.pos), [at.pos, at.firstPos + at.pos]),
    past_k: runtime.tensor(new Float32Array(0), empty),
    past_v: runtime.tensor(new Float32Array(0), empty),
    dz: runtime.tensor(new Float32Array(1), [1, 1, 1]),
    dpost: runtime.tensor(new Float32Array(1), [1, 1, 1]),
  };
}

async function runBlock(job: ForwardJob, layer: number, resid: Tensor, shared: Feeds): Promise<Tensor> {
  const { model, cache } = job;
  const { runtime } = model;
  const feeds: Feeds = { ...shared, resid };
  const past = cache && cache.length > 0 ? { k: cache.k[layer], v: cache.v[layer] } : job.past?.(layer);
  if (past) {
    feeds.past_k = past.k;
    feeds.past_v = past.v;
  }
  const inner = await lookInside(job, layer, feeds);
  const sums = (['hook_attn_out', 'hook_mlp_out'] as const).filter((site) => editsAt(job, layer, site));
  const reads = (Object.keys(OUTPUT_OF) as BlockSite[]).filter((site) => job.reads.has(blockHook(layer, site)));
  const fetches = new Set<BlockOutput>(['resid_post']);
  for (const site of [...reads, ...sums]) if (!inner.values.has(OUTPUT_OF[site]!)) fetches.add(OUTPUT_OF[site]!);
  if (cache) fetches.add('present_k').add('present_v');

  const out = await model.blocks[layer].run({ ...feeds, ...inner.feeds }, [...fetches]);
  if (cache) keepKeyValues(job, layer, out, inner);
  let result = out.resid_post;
  if (sums.length > 0) result = await editSums(job, layer, sums, out);
  for (const site of reads) {
    const output = OUTPUT_OF[site]!;
    job.onRead(blockHook(layer, site), inner.values.get(output) ?? (await runtime.read(out[output])));
  }
  return result;
}

/** Edits of attn_out and mlp_out, which add straight into the residual. Replaces `resid_post` of `out`. */
async function editSums(job: ForwardJob, layer: number, sites: readonly BlockSite[], out: Feeds): Promise<Tensor> {
  const { runtime, config } = job.model;
  const resid = out.resid_post;
  const values = await runtime.read(resid);
  for (const site of sites) {
    const after = out[OUTPUT_OF[site]!].data as Float32Array;
    const before = after.slice();
    await editValues(job, blockHook(layer, site), after, config.d_model);
    for (let i = 0; i < values.length; i++) values[i] = values[i] + (after[i] - before[i]);
  }
  runtime.dispose(resid);
  return runtime.tensor(values, resid.dims);
}

/** Takes over the block's keys and values; the old ones are released. */
function keepKeyValues(job: ForwardJob, layer: number, out: Feeds, inner: InnerEdits): void {
  const { runtime } = job.model;
  const cache = job.cache!;
  runtime.dispose(cache.k[layer], cache.v[layer]);
  cache.k[layer] = out.present_k!;
  if (inner.present_v) {
    runtime.dispose(out.present_v);
    cache.v[layer] = runtime.tensor(inner.present_v, out.present_v.dims);
  } else cache.v[layer] = out.present_v!;
}
