/** Building indices of several dictionaries on one corpus, from the beginning or from where a build was stopped. */
import { UsageError, type Stop } from '../../core/errors.ts';
import { dictionaryKey, type IndexIdentity, type IndexPart } from '../../core/interp/featureIndex/indexFile.ts';
import { IndexState } from '../../core/interp/featureIndex/indexState.ts';
import { sizesOf } from '../../core/interp/featureIndex/sizes.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { getPlan } from '../../core/sae/plan.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { cutWindows, indexWindows, type CorpusWindow } from './featureIndex.ts';

/** A corpus as token ids. */
interface IndexText {
  /** For a person. */
  name: string;
  /** Documents with an end-of-text token between them. */
  ids: Uint16Array | Uint32Array;
  /** Of the ids. */
  hash: string;
}

/** Documents of joined ids, each without the token that ends it. @param endOfText null: it is one document */
export function splitDocuments<Ids extends Uint16Array | Uint32Array>(ids: Ids, endOfText: number | null): Ids[] {
  const documents: Ids[] = [];
  let start = 0;
  for (let i = 0; i <= ids.length; i++) {
    if (i < ids.length && ids[i] !== endOfText) continue;
    if (i > start) documents.push(ids.subarray(start, i) as Ids);
    start = i + 1;
  }
  return documents;
}

export interface IndexPlan {
  documents: (Uint16Array | Uint32Array)[];
  /** Those of this shard. */
  windows: CorpusWindow[];
  /** Tokens of all shards. */
  total: number;
  text: IndexText;
  shard: number;
  shards: number;
}

/** @param tokens at most. @throws UsageError when there is nothing to read, or no such shard */
export function planIndex(
  text: IndexText,
  model: Pick<HookedModel, 'config'>,
  tokens: number,
  { shard, shards }: { shard: number; shards: number } = { shard: 0, shards: 1 },
): IndexPlan {
  if (!Number.isInteger(tokens) || tokens < 1) throw new UsageError('`tokens` must be a whole number of at least 1.');
  if (![shard, shards].every(Number.isInteger) || shards < 1 || shard < 0 || shard >= shards) {
    throw new UsageError(`There is no shard ${shard} of ${shards}; they are counted from 0.`);
  }
  const { n_ctx, eos_token_id } = model.config;
  const documents = splitDocuments(text.ids, eos_token_id);
  const all = cutWindows(documents, n_ctx, tokens);
  if (all.length === 0) throw new UsageError(`The text ${text.name} has no tokens, so there is nothing to index.`);
  return {
    documents,
    windows: all.filter((_, i) => i % shards === shard),
    total: all.reduce((sum, { length }) => sum + length, 0),
    text,
    shard,
    shards,
  };
}

export function identityOf(plan: IndexPlan, model: HookedModel, dictionary: Dictionary, hash: string): IndexIdentity {
  return {
    dictionary: dictionaryKey(hash, dictionary.config),
    model: model.hash,
    hook: dictionary.config.hook_name ?? '',
    corpus: plan.text.name,
    text: plan.text.hash,
    total: plan.total,
    n_ctx: model.config.n_ctx,
  };
}

/** A part with nothing counted yet. */
export function startPart({ shard, shards, windows }: IndexPlan, identity: IndexIdentity, dictionary: Dictionary): IndexPart {
  const state = new IndexState(sizesOf(dictionary.config.d_sae), getPlan(dictionary).isSigned ?? false);
  return { identity, state, shard, shards, done: 0, windows: windows.length };
}

/** Whether a kept part is the beginning of just this. */
export function continues(part: IndexPart, plan: IndexPlan, identity: IndexIdentity): boolean {
  const same = JSON.stringify(part.identity) === JSON.stringify(identity);
  return (
    same && part.shard === plan.shard && part.shards === plan.shards && part.windows === plan.windows.length && part.done <= part.windows
  );
}

interface BuildJob {
  model: HookedModel;
  engine: SaeEngine;
  plan: IndexPlan;
  subjects: readonly { dictionary: Dictionary; part: IndexPart }[];
  /** Tokens read of those to be read in this shard, by all that has begun. */
  onProgress?: (done: number, total: number) => void;
  /** After each batch, with parts as they are. */
  onBatch?: () => Promise<void> | void;
  stop?: Stop;
}

/**
 * Brings all parts to their end; those that have come equally far share the model's work.
 * @throws AbortedError, with parts as after the last batch; UsageError; EngineError
 */
export async function buildParts({ model, engine, plan, subjects, onProgress, onBatch, stop }: BuildJob): Promise<void> {
  const { windows, documents } = plan;
  const tokensTo = [0];
  for (const { length } of windows) tokensTo.push(tokensTo[tokensTo.length - 1] + length);
  const total = tokensTo[windows.length];
  // Those least far first: at the next one's place they go on together.
  for (;;) {
    const least = Math.min(...subjects.map(({ part }) => part.done));
    if (least >= windows.length) return;
    const behind = subjects.filter(({ part }) => part.done === least);
    const next = Math.min(windows.length, ...subjects.map(({ part }) => part.done).filter((done) => done > least));
    await indexWindows({
      model,
      engine,
      documents,
      windows: windows.slice(0, next),
      subjects: behind.map(({ dictionary, part }) => ({ dictionary, state: part.state })),
      done: least,
      async onBatch(done) {
        for (const { part } of behind) part.done = done;
        onProgress?.(tokensTo[done], total);
        await onBatch?.();
      },
      ...(stop && { stop }),
    });
  }
}
