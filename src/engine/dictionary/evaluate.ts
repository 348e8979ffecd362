/** How good a dictionary is on given tokens: reconstruction, sparsity, and what splicing it in costs the model. */
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import { parseHook } from '../../core/lm/hooks.ts';
import type { Array2, Edit } from '../../api/model.ts';
import type { Evaluation } from '../../api/dictionaries.ts';
import { hasSkip, isTranscoder, type Dictionary } from '../../core/sae/dictionary.ts';
import { FiringCounts, ReconstructionMetrics } from '../../core/sae/metrics.ts';
import { crossEntropy, SpliceMetrics } from '../../core/sae/splice.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { encodeActivations, misfit } from './encode.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { checkRows, finalResidual, run } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';
import { unembed } from '../model/unembed.ts';

/** The paper's rule for a latent that is used (Cunningham et al. 2023, appendix C.3): it fires on more tokens than this. */
const ALIVE_ABOVE = 10;
/** Rows of clean logits held while the spliced ones are compared with them. */
const COMPARED_ROWS = 32;

interface EvaluateJob {
  model: HookedModel;
  engine: SaeEngine;
  dictionary: Dictionary;
  /** Each read from an empty context. */
  contexts: number[][];
  /** Whether to run the model with the reconstruction in place; costs most of the time. Default true. */
  splice?: boolean;
  onProgress?: (done: number, total: number) => void;
  stop?: Stop;
}

/**
 * Cuts tokens into contexts, each of at most `n_ctx`; a last one of a single token predicts nothing and is left out.
 * @param most tokens in all
 */
export function cutContexts(documents: readonly (readonly number[])[], n_ctx: number, most: number): number[][] {
  const contexts: number[][] = [];
  let left = most;
  for (const ids of documents) {
    for (let start = 0; start < ids.length && left > 1; start += n_ctx) {
      const context = ids.slice(start, Math.min(start + n_ctx, start + left));
      if (context.length > 1) contexts.push(context);
      left -= context.length;
    }
  }
  return contexts;
}

/** @throws UsageError when the dictionary does not fit the model or there are no tokens; AbortedError */
export async function evaluate(job: EvaluateJob): Promise<Evaluation> {
  const { model, engine, dictionary, contexts, stop, onProgress } = job;
  const { config } = dictionary;
  const problem = misfit(dictionary, model);
  if (problem) throw new UsageError(problem);
  if (contexts.length === 0) throw new UsageError('There is nothing to measure on: at least two tokens are needed.');
  checkRows({ ids: contexts, isBatch: true }, model.config);
  const place = targetHook(job);
  const figures = new ReconstructionMetrics(config.d_out);
  const counts = new FiringCounts(config.d_sae);
  const losses = new SpliceMetrics();
  const total = contexts.reduce((sum, ids) => sum + ids.length, 0);
  let done = 0;
  for (const ids of contexts) {
    throwIfStopped(stop);
    const { acts } = await run(model, { ids: [ids], isBatch: false }, { read: [config.hook_name!, place.hook] }, stop);
    const x = acts[config.hook_name!].data;
    const target = acts[place.hook];
    const latents = await encodeActivations(engine, dictionary, { data: x, lengths: [ids.length] }, stop);
    const xhat = await engine.decode(dictionary, latents, hasSkip(config.architecture) ? { x } : {});
    figures.add(target.data, xhat);
    counts.add(latents);
    if (place.canSplice) await compareLosses(job, ids, place.hook, { data: xhat, shape: target.shape }, losses);
    onProgress?.((done += ids.length), total);
    await nextTask();
  }
  const { mse, fvu, l2Ratio } = figures.finish();
  return {
    tokens: total,
    l0: counts.counts.reduce((sum, count) => sum + count, 0) / total,
    fvu,
    mse,
    l2_ratio: l2Ratio,
    ...losses.finish(),
    alive: counts.alive(ALIVE_ABOVE),
    dead: config.d_sae - counts.alive(),
    density: Float32Array.from(counts.density()),
  };
}

/** Where the reconstruction belongs, and whether the model lets it be put there. */
function targetHook({ dictionary: { config }, model, splice = true }: EvaluateJob): { hook: string; canSplice: boolean } {
  const name = isTranscoder(config.architecture) ? config.hook_name_out : config.hook_name;
  if (!name) throw new UsageError('The dictionary does not say which hook it reconstructs, so it cannot be measured.');
  const hook = parseHook(name, model.config.n_layers);
  return { hook: hook.name, canSplice: splice && hook.editable };
}

async function compareLosses(
  { model, stop }: EvaluateJob,
  ids: number[],
  hook: string,
  xhat: Array2,
  losses: SpliceMetrics,
): Promise<void> {
  const final = (edits: Edit[]) => finalResidual(model, ids, { edits }, stop);
  const clean = await final([]);
  const spliced = await final([{ hook, op: 'set', value: xhat }]);
  const zero = await final([{ hook, op: 'scale', factor: 0 }]);
  const { d_model } = model.config;
  const starts = ids.slice(1).map((_, i) => i * d_model);
  for (let first = 0; first < starts.length; first += COMPARED_ROWS) {
    const rows = starts.slice(first, first + COMPARED_ROWS);
    const targetOf = (i: number) => ids[first + i + 1];
    const cleanLogits: Float32Array[] = [];
    await unembed(model, clean, rows, (_, logits) => void cleanLogits.push(logits.slice()), stop);
    const zeroLosses: number[] = [];
    await unembed(model, zero, rows, (i, logits) => void zeroLosses.push(crossEntropy(logits, targetOf(i))), stop);
    await unembed(model, spliced, rows, (i, logits) => losses.add(cleanLogits[i], logits, zeroLosses[i], targetOf(i)), stop);
  }
}
