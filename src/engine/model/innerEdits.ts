/**
 * Edits inside a parallel block. Each reaches the output linearly through z and mlp.hook_post, so an edited block runs
 * twice: once to see its values, once with the difference added (docs/decisions/inner-edits.md).
 */
import { activateAll } from '../../core/lm/activations.ts';
import { applyPatternEdits } from '../../core/lm/applyEdits.ts';
import type { BlockOutput } from '../../core/lm/graphs.ts';
import { blockHook } from '../../core/lm/hooks.ts';
import type { Stretch } from '../../core/lm/stretch.ts';
import { editsAt, editValues, type ForwardJob } from './forwardJob.ts';
import type { Feeds } from './runtime.ts';

/** What the first look at a block with inner edits leaves for the second run. */
export interface InnerEdits {
  feeds: Feeds;
  /** Values to report instead of the block's own. */
  values: Map<BlockOutput, Float32Array>;
  /** Edited values of all keys, [rows, heads, keys, d_head], when hook_v was edited. */
  present_v?: Float32Array;
}

/** Runs the block once to see the values its inner edits change, and works out what the second run must add. */
export async function lookInside(job: ForwardJob, layer: number, feeds: Feeds): Promise<InnerEdits> {
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
    if (mlp) await editMlp(job, layer, seen, inner);
  } finally {
    runtime.dispose(...Object.values(seen));
  }
  return inner;
}

async function editMlp(job: ForwardJob, layer: number, seen: Feeds, inner: InnerEdits): Promise<void> {
  const { runtime, config } = job.model;
  const own = seen.post.data as Float32Array;
  let post = own.slice();
  if (editsAt(job, layer, 'mlp.hook_pre')) {
    const pre = seen.pre.data as Float32Array;
    const before = pre.slice();
    await editValues(job, blockHook(layer, 'mlp.hook_pre'), pre, config.d_mlp);
    const changed = activateAll(config.activation, pre);
    // Untouched values keep the kernel's own rounding, so an edit elsewhere changes nothing here.
    post = post.map((value, i) => (pre[i] === before[i] ? value : changed[i]));
    inner.values.set('pre', pre);
  }
  await editValues(job, blockHook(layer, 'mlp.hook_post'), post, config.d_mlp);
  inner.values.set('post', post);
  inner.feeds.dpost = runtime.tensor(difference(post, own), seen.post.dims);
}

async function editAttention(job: ForwardJob, layer: number, seen: Feeds, inner: InnerEdits): Promise<void> {
  const { runtime, config } = job.model;
  const { d_model } = config;
  const own = seen.z.data as Float32Array;
  const z = own.slice();
  if (editsAt(job, layer, 'attn.hook_v') ?? editsAt(job, layer, 'attn.hook_pattern')) await editMixing(job, layer, seen, inner, z);
  await editValues(job, blockHook(layer, 'attn.hook_z'), z, d_model);
  inner.values.set('z', z);
  inner.feeds.dz = runtime.tensor(difference(z, own), seen.z.dims);
}

/** Edits of v and of the pattern, and what they make of z, in place. */
async function editMixing(job: ForwardJob, layer: number, seen: Feeds, inner: InnerEdits, z: Float32Array): Promise<void> {
  const { runtime, config } = job.model;
  const { n_heads, d_head, d_model } = config;
  const keys = job.at.firstPos + job.at.pos;
  const pattern = seen.pattern.data as Float32Array;
  const v = seen.v.data as Float32Array;
  const present = (await runtime.read(seen.present_v)).slice();
  const before = { pattern: pattern.slice(), v: v.slice() };
  const patternEdits = editsAt(job, layer, 'attn.hook_pattern');
  if (editsAt(job, layer, 'attn.hook_v')) {
    await editValues(job, blockHook(layer, 'attn.hook_v'), v, d_model);
    scatterValues(v, present, job.at, n_heads, d_head);
    inner.values.set('v', v);
    inner.present_v = present;
  }
  if (patternEdits) {
    applyPatternEdits(pattern, n_heads, keys, patternEdits, job.at);
    inner.values.set('pattern', pattern);
  }
  const isChanged = changedTokens(before, { pattern, v }, job.at, n_heads);
  mixValues({ pattern, v: present, isChanged }, job.at, n_heads, d_head, z);
}

/**
 * Tokens whose z an edit may have changed: those with another pattern, and those from the first other v on. The rest
 * keep the kernel's own rounding, so an edit elsewhere changes nothing there. [rows · pos]
 */
function changedTokens(
  before: { pattern: Float32Array; v: Float32Array },
  after: { pattern: Float32Array; v: Float32Array },
  at: Stretch,
  heads: number,
): boolean[] {
  const keys = at.firstPos + at.pos;
  const width = after.v.length / (at.rows * at.pos);
  const differs = (which: 'pattern' | 'v', from: number, length: number) => {
    for (let i = from; i < from + length; i++) if (before[which][i] !== after[which][i]) return true;
    return false;
  };
  const changed: boolean[] = [];
  for (let r = 0; r < at.rows; r++) {
    let isLater = false;
    for (let p = 0; p < at.pos; p++) {
      isLater ||= differs('v', (r * at.pos + p) * width, width);
      let isOther = isLater;
      for (let h = 0; h < heads && !isOther; h++) isOther = differs('pattern', ((r * heads + h) * at.pos + p) * keys, keys);
      changed.push(isOther);
    }
  }
  return changed;
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

/** z[r, p, h] = Σ_key pattern[r, h, p, key] · v[r, h, key] of changed tokens, in z [rows, pos, heads·E]. */
function mixValues(
  { pattern, v, isChanged }: { pattern: Float32Array; v: Float32Array; isChanged: readonly boolean[] },
  at: Stretch,
  heads: number,
  E: number,
  z: Float32Array,
): void {
  const keys = at.firstPos + at.pos;
  for (let token = 0; token < isChanged.length; token++) {
    if (!isChanged[token]) continue;
    const r = Math.floor(token / at.pos);
    for (let h = 0; h < heads; h++) {
      const row = ((r * heads + h) * at.pos + (token % at.pos)) * keys;
      const out = (token * heads + h) * E;
      z.fill(0, out, out + E);
      for (let key = 0; key < keys; key++) {
        const weight = pattern[row + key];
        if (weight === 0) continue;
        const from = ((r * heads + h) * keys + key) * E;
        for (let e = 0; e < E; e++) z[out + e] = z[out + e] + weight * v[from + e];
      }
    }
  }
}

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]);
}
