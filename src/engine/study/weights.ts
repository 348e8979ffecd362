/** What a latent writes to the logits and reads from the embedding, by the weights alone. */
import { parseHook, type Hook } from '../../core/lm/hooks.ts';
import { binsOf, endsOf, timesRows } from '../../core/interp/weights.ts';
import { vectors } from '../../core/sae/decode.ts';
import { isTranscoder, type Dictionary } from '../../core/sae/dictionary.ts';
import { UsageError } from '../../core/errors.ts';
import type { LatentWeights } from '../../api/features.ts';
import { misfit } from '../dictionary/encode.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { run } from '../model/run.ts';
import { checkLatent } from './subject.ts';

interface WeightsJob {
  model: HookedModel;
  dictionary: Dictionary;
  latent: number;
  /** How many tokens of each end. */
  k: number;
  /** Tokens that the vocabulary has; rows of the unembedding from there on are padding. */
  tokens: number;
}

/** Sites whose values are residual vectors: they add to the residual, or are it. */
const IN_RESIDUAL: ReadonlySet<string> = new Set(['hook_embed', 'hook_resid_pre', 'hook_resid_post', 'hook_attn_out', 'hook_mlp_out']);
/** Inner sites with a matrix between them and the residual, and where that one's product is read. */
const THROUGH: Readonly<Record<string, string>> = { 'mlp.hook_post': 'hook_mlp_out', 'attn.hook_z': 'hook_attn_out' };
/** Length that a vector is sent through a block with: so long that what else adds to the sum is not felt in its rounding. */
const LONG = 1024;
const NO_WAY = { top: [], bottom: [] };

/** @throws UsageError when the dictionary does not fit or has no such latent; EngineError */
export async function latentWeights({ model, dictionary, latent, k, tokens }: WeightsJob): Promise<LatentWeights> {
  const problem = misfit(dictionary, model);
  if (problem) throw new UsageError(problem);
  checkLatent(dictionary, latent);
  const { enc, dec } = vectors(dictionary, latent);
  const read = parseHook(dictionary.config.hook_name!, model.config.n_layers);
  const n = Math.min(tokens, model.config.d_vocab);
  const reads: LatentWeights['reads'] = IN_RESIDUAL.has(read.site)
    ? endsOf(timesRows(model.embedding, enc, n), n, k)
    : { ...NO_WAY, obstacle: `${read.name} has no values of the embedding's kind, so no token drives a feature there by itself.` };
  const written = writtenHook(dictionary, model);
  const logits = written && (await toLogits(model, await toResidual(model, written, dec)));
  const writes: LatentWeights['writes'] = logits
    ? { ...endsOf(logits, n, k), histogram: binsOf(logits, n) }
    : { ...NO_WAY, histogram: { edges: [], counts: [] }, obstacle: noWayFrom(dictionary) };
  return { reads, writes };
}

/** The hook that the decoder writes to, if there is a way from there to the logits by matrices alone. */
function writtenHook({ config }: Dictionary, model: HookedModel): Hook | undefined {
  const name = isTranscoder(config.architecture) ? config.hook_name_out : config.hook_name;
  if (!name) return undefined;
  const hook = parseHook(name, model.config.n_layers);
  return IN_RESIDUAL.has(hook.site) || hook.site in THROUGH ? hook : undefined;
}

function noWayFrom({ config }: Dictionary): string {
  const name = isTranscoder(config.architecture) ? config.hook_name_out : config.hook_name;
  if (!name) return 'The dictionary does not say which hook it writes to, so what it adds to the logits cannot be told.';
  return `From ${name} there is no way to the logits by weights alone: what a feature adds there first goes through what depends on the text.`;
}

/** What a vector of a hook adds to the residual. [d_model] */
async function toResidual(model: HookedModel, hook: Hook, vector: Float32Array): Promise<Float32Array> {
  const out = THROUGH[hook.site];
  if (out === undefined) return vector;
  const norm = normOf(vector);
  if (norm === 0) return new Float32Array(model.config.d_model);
  const read = `blocks.${hook.layer}.${out}`;
  const rows = { ids: [[0]], isBatch: false };
  const long = vector.map((x) => (x * LONG) / norm);
  const clean = (await run(model, rows, { read: [read] })).acts[read].data;
  const added = (await run(model, rows, { read: [read], edits: [{ hook: hook.name, op: 'add', vector: long }] })).acts[read].data;
  return added.map((value, i) => ((value - clean[i]) * norm) / LONG);
}

/**
 * ((r − mean r) · ln_final.weight) · W_U. [d_vocab] The norm itself gives the middle part: with σ² = var x + ε it makes
 * (x − mean x) / σ · weight + bias of x, and the bias of 0.
 */
async function toLogits(model: HookedModel, resid: Float32Array): Promise<Float32Array> {
  const { runtime, config } = model;
  const D = config.d_model;
  const norm = normOf(resid);
  const scale = norm > 0 ? Math.sqrt(D) / norm : 1;
  const x = new Float32Array(2 * D);
  for (let i = 0; i < D; i++) x[i] = resid[i] * scale;
  const { ln_final } = await model.finalNorm.run({ x: runtime.tensor(x, [2, D]) }, ['ln_final']);
  const rows = await runtime.read(ln_final);
  const sigma = Math.sqrt(varianceOf(x.subarray(0, D)) + config.layer_norm_eps);
  const folded = Float32Array.from({ length: D }, (_, i) => ((rows[i] - rows[D + i]) * sigma) / scale);
  const { logits } = await model.unembed.run({ x: runtime.tensor(folded, [1, D]) }, ['logits']);
  return (await runtime.read(logits)).slice();
}

function normOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}

function varianceOf(x: Float32Array): number {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  return x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
}
