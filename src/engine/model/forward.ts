/**
 * One forward pass over a stretch of positions: embedding, blocks, raw final residual, with hooks read and
 * edited on the way. A block computes everything; only what is asked for is fetched from it.
 *
 * Edits of the residual are made between blocks. Inside a parallel block every edit reaches the output
 * linearly through z and mlp.hook_post, so an edited block runs twice: once to see its values, once with the
 * difference added (docs/decisions/inner-edits.md).
 */
import type { Tensor } from 'onnxruntime-common';
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import { activateAll } from '../../core/lm/activations.ts';
import { applyEdits, applyPatternEdits, type CheckedEdit, type Stretch } from '../../core/lm/edits.ts';
import type { BlockOutput } from '../../core/lm/graphs.ts';
import { blockHook, type BlockSite } from '../../core/lm/hooks.ts';
import { causalMask, rotaryAngles } from '../../core/lm/rotary.ts';
import type { HookedModel } from './hookedModel.ts';
import type { Feeds } from './runtime.ts';

/** Keys and values of the positions seen so far, one pair of [rows, heads, length, d_head] a layer. */
export interface KeyValues {
  length: number;
  k: Tensor[];
  v: Tensor[];
}

export interface ForwardJob {
  model: HookedModel;
  at: Stretch;
  /** Token ids [rows][pos], padded to `at.pos`. */
  ids: readonly (readonly number[])[];
  edits: ReadonlyMap<string, readonly CheckedEdit[]>;
  reads: ReadonlySet<string>;
  /** Called with [rows, pos, F], or [rows, heads, pos, keys] for a pattern; the array may change afterwards. */
  onRead: (hook: string, values: Float32Array) => void;
  /** Start at `blocks.{layer}.hook_resid_pre` with resid [rows, pos, d_model], which is changed by edits. */
  from?: { layer: number; resid: Float32Array };
  /** Run blocks below this one only; n_layers for all. */
  until: number;
  /** Extended in place. */
  cache?: KeyValues;
  /** Called with the residual entering a block, before the edits there, and with the last one, where they are in memory. */
  onResidual?: (layer: number, values: Float32Array) => void;
  stop?: Stop;
}

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
    if (!job.from) resid = await visitResidual(job, resid, 'hook_embed');
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
  if (edits) applyEdits(values, config.d_model, edits, job.at);
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

/** What the first look at a block with inner edits leaves for the second run. */
interface InnerEdits {
  feeds: Feeds;
  /** Values to report instead of the block's own. */
  values: Map<BlockOutput, Float32Array>;
  /** Edited values of all keys, [rows, heads, keys, d_head], when hook_v was edited. */
  present_v?: Float32Array;
}

async function runBlock(job: ForwardJob, layer: number, resid: Tensor, shared: Feeds): Promise<Tensor> {
  const { model, cache } = job;
  const { runtime } = model;
  const feeds: Feeds = { ...shared, resid };
  if (cache && cache.length > 0) {
    feeds.past_k = cache.k[layer]!;
    feeds.past_v = cache.v[layer]!;
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

function editsAt(job: ForwardJob, layer: number, site: BlockSite): readonly CheckedEdit[] | undefined {
  return job.edits.get(blockHook(layer, site));
}

/** Edits of attn_out and mlp_out, which add straight into the residual. Replaces `resid_post` of `out`. */
async function editSums(job: ForwardJob, layer: number, sites: readonly BlockSite[], out: Feeds): Promise<Tensor> {
  const { runtime, config } = job.model;
  const resid = out.resid_post;
  const values = await runtime.read(resid);
  for (const site of sites) {
    const after = out[OUTPUT_OF[site]!].data as Float32Array;
    const before = after.slice();
    applyEdits(after, config.d_model, editsAt(job, layer, site)!, job.at);
    for (let i = 0; i < values.length; i++) values[i] = values[i] + (after[i] - before[i]);
  }
  runtime.dispose(resid);
  return runtime.tensor(values, resid.dims);
}

/** Runs the block once to see the values its inner edits change, and works out what the second run must add. */
async function lookInside(job: ForwardJob, layer: number, feeds: Feeds): Promise<InnerEdits> {
  const attention = (['attn.hook_v', 'attn.hook_pattern', 'attn.hook_z'] as const).some((s) => editsAt(job, layer, s));
  const mlp = (['mlp.hook_pre', 'mlp.hook_post'] as const).some((s) => editsAt(job, layer, s));
  const inner: InnerEdits = { feeds: {}, values: new Map() };
  if (!attention && !mlp) return inner;
  const fetches: BlockOutput[] = [];
  if (attention) fetches.push('v', 'pattern', 'z', 'present_v');
  if (mlp) fetches.push('pre', 'post');
  const { runtime } = job.model;
  const seen = await job.model.blocks[layer].run(feeds, fetches);
  try {
    if (attention) await editAttention(job, layer, seen, inner);
    if (mlp) editMlp(job, layer, seen, inner);
  } finally {
    runtime.dispose(...Object.values(seen));
  }
  return inner;
}

function editMlp(job: ForwardJob, layer: number, seen: Feeds, inner: InnerEdits): void {
  const { runtime, config } = job.model;
  const own = seen.post.data as Float32Array;
  let post = own.slice();
  const preEdits = editsAt(job, layer, 'mlp.hook_pre');
  if (preEdits) {
    const pre = seen.pre.data as Float32Array;
    const before = pre.slice();
    applyEdits(pre, config.d_mlp, preEdits, job.at);
    const changed = activateAll(config.activation, pre);
    // Untouched values keep the kernel's own rounding, so an edit elsewhere changes nothing here.
    post = post.map((value, i) => (pre[i] === before[i] ? value : changed[i]));
    inner.values.set('pre', pre);
  }
  applyEdits(post, config.d_mlp, editsAt(job, layer, 'mlp.hook_post') ?? [], job.at);
  inner.values.set('post', post);
  inner.feeds.dpost = runtime.tensor(difference(post, own), seen.post.dims);
}

async function editAttention(job: ForwardJob, layer: number, seen: Feeds, inner: InnerEdits): Promise<void> {
  const { runtime, config } = job.model;
  const { n_heads, d_head, d_model } = config;
  const keys = job.at.firstPos + job.at.pos;
  const own = seen.z.data as Float32Array;
  let z: Float32Array = own.slice();
  const vEdits = editsAt(job, layer, 'attn.hook_v');
  const patternEdits = editsAt(job, layer, 'attn.hook_pattern');
  if (vEdits || patternEdits) {
    const pattern = seen.pattern.data as Float32Array;
    const v = seen.v.data as Float32Array;
    const present = (await runtime.read(seen.present_v)).slice();
    if (vEdits) {
      applyEdits(v, d_model, vEdits, job.at);
      scatterValues(v, present, job.at, n_heads, d_head);
      inner.values.set('v', v);
      inner.present_v = present;
    }
    if (patternEdits) {
      applyPatternEdits(pattern, n_heads, keys, patternEdits, job.at);
      inner.values.set('pattern', pattern);
    }
    z = mixValues(pattern, present, job.at, n_heads, d_head);
  }
  applyEdits(z, d_model, editsAt(job, layer, 'attn.hook_z') ?? [], job.at);
  inner.values.set('z', z);
  inner.feeds.dz = runtime.tensor(difference(z, own), seen.z.dims);
}

/** Puts v [rows, pos, heads·E] in the last `pos` places of present [rows, heads, keys, E], in place. */
function scatterValues(v: Float32Array, present: Float32Array, at: Stretch, heads: number, E: number): void {
  const keys = at.firstPos + at.pos;
  for (let r = 0; r < at.rows; r++) {
    for (let p = 0; p < at.pos; p++) {
      for (let h = 0; h < heads; h++) {
        const from = ((r * at.pos + p) * heads + h) * E;
        present.set(v.subarray(from, from + E), ((r * heads + h) * keys + at.firstPos + p) * E);
      }
    }
  }
}

/** z[r, p, h] = Σ_key pattern[r, h, p, key] · v[r, h, key], as [rows, pos, heads·E]. */
function mixValues(pattern: Float32Array, v: Float32Array, at: Stretch, heads: number, E: number): Float32Array {
  const keys = at.firstPos + at.pos;
  const z = new Float32Array(at.rows * at.pos * heads * E);
  for (let r = 0; r < at.rows; r++) {
    for (let h = 0; h < heads; h++) {
      for (let p = 0; p < at.pos; p++) {
        const row = ((r * heads + h) * at.pos + p) * keys;
        const out = ((r * at.pos + p) * heads + h) * E;
        for (let key = 0; key < keys; key++) {
          const weight = pattern[row + key];
          if (weight === 0) continue;
          const from = ((r * heads + h) * keys + key) * E;
          for (let e = 0; e < E; e++) z[out + e] = z[out + e] + weight * v[from + e];
        }
      }
    }
  }
  return z;
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

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]);
}
