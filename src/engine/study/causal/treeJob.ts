/** A tree's job: checked, its contexts run once and cut where the target is watched. */
import { throwIfStopped, UsageError } from '../../../core/errors.ts';
import { checkTreeSettings, type TreeSettings } from '../../../core/interp/causal/options.ts';
import { parseHook, type Hook } from '../../../core/lm/hooks.ts';
import type { TreeProgress } from '../../../api/causal.ts';
import { checkRows } from '../../model/run.ts';
import { MEMORY_BYTES } from '../candidates.ts';
import type { PassStore } from '../passStore.ts';
import { misfit } from '../../dictionary/encode.ts';
import { checkLatent, checkSubject } from '../subject.ts';
import { runBase, type ContextBase, type Machine } from './bases.ts';
import { checkTargetHook, isUpstream, placeOf } from './sites.ts';
import type { NamedDictionary } from './sources.ts';

/** A text that ends where the target is watched, or of which it is watched where it fires most. */
export interface TreeContext {
  ids: number[];
  peak?: boolean;
  /** Of its last token in its corpus, where that is known. */
  document?: number;
  position?: number;
}

/** Of each latent, and under null of each token, over a corpus. */
export interface CorpusMeans {
  /** Tells the corpus. */
  key: string;
  of: ReadonlyMap<string | null, Float64Array>;
}

export interface TreeJob extends Machine {
  target: { dictionary: string; latent: number };
  /** The target's and those of parents, each once. */
  dictionaries: readonly NamedDictionary[];
  contexts: readonly TreeContext[];
  settings?: Partial<TreeSettings>;
  /** For mode 'mean'. */
  means?: CorpusMeans;
  /** Keeps what rows came to for the next tree. */
  store?: PassStore;
  /** Bound on what is held by count; the store's, weights and what engines keep aside. Default 256 MiB. */
  memoryBytes?: number;
  /** Most rows of a batch. Default: by time and memory. */
  batchSize?: number;
  /** Whether what a row does not change keeps its clean keys and values. Default true; no bit differs on WASM. */
  sharePrefix?: boolean;
  onProgress?: (progress: TreeProgress) => void;
}

/** A dictionary with its hook. */
export type Placed = NamedDictionary & { hook: Hook };

export interface OpenTree {
  job: TreeJob;
  settings: TreeSettings;
  target: Placed & { latent: number };
  /** Those on the way to the target, in the order given. */
  parents: Placed[];
  contexts: { ids: number[]; document?: number; position?: number }[];
  bases: ContextBase[];
  memoryBytes: number;
}

/** @throws UsageError before anything is computed, or where the target is silent; AbortedError; EngineError */
export async function openTree(job: TreeJob): Promise<OpenTree> {
  const settings = checkTreeSettings(job.settings ?? {});
  const { target, parents } = placeAll(job, settings);
  checkContexts(job, settings);
  const memoryBytes = job.memoryBytes ?? MEMORY_BYTES;
  if (!(memoryBytes > 0)) throw new UsageError('`memoryBytes` must be a positive number.');
  const used = [target, ...parents];
  const until = placeOf(target.hook) ?? target.hook.layer + 1;
  const bases: ContextBase[] = [];
  const contexts: OpenTree['contexts'] = [];
  let bytes = 0;
  for (const { peak = false, ...context } of job.contexts) {
    throwIfStopped(job.stop);
    let base = await runBase(job, context.ids, used, until);
    const end = peak ? peakOf(base, target) + 1 : context.ids.length;
    const ids = context.ids.slice(0, end);
    if (end < context.ids.length) base = await runBase(job, ids, used, until);
    bytes += base.bytes;
    if (bytes > memoryBytes / 4) throw tooLarge(bytes, memoryBytes);
    bases.push(base);
    contexts.push({ ...context, ids });
  }
  return { job, settings, target, parents, contexts, bases, memoryBytes };
}

/** @throws UsageError when the target or a dictionary does not fit */
function placeAll({ model, target: { dictionary: id, latent }, dictionaries }: TreeJob, settings: TreeSettings) {
  const place = (named: NamedDictionary): Placed => {
    const problem = misfit(named.dictionary, model);
    if (problem) throw new UsageError(`${named.id}: ${problem}`);
    return { ...named, hook: parseHook(named.dictionary.config.hook_name!, model.config.n_layers) };
  };
  const own = dictionaries.find((named) => named.id === id);
  if (!own) throw new UsageError(`The dictionary of the target, "${id}", is not among those given.`);
  const target = { ...place(own), latent };
  checkLatent(own.dictionary, latent);
  checkTargetHook(target.hook);
  const parents = dictionaries.map(place).filter(({ hook }) => isUpstream(hook, target.hook));
  for (const { dictionary } of parents) checkSubject(dictionary, 0, model);
  for (const only of settings.only ?? []) checkOnly(only, parents, model.config.d_vocab);
  return { target, parents };
}

function checkOnly(
  { dictionary: id, latent }: { dictionary: string | null; latent: number },
  parents: readonly Placed[],
  d_vocab: number,
): void {
  if (id === null) {
    if (latent < 0 || latent >= d_vocab) throw new UsageError(`\`only\` names token ${latent}; ids are from 0 to ${d_vocab - 1}.`);
    return;
  }
  const own = parents.find((parent) => parent.id === id);
  if (!own) throw new UsageError(`\`only\` names a parent in "${id}", which is not among the dictionaries below the target.`);
  checkLatent(own.dictionary, latent);
}

function checkContexts({ model, contexts, means }: TreeJob, { mode }: TreeSettings): void {
  if (contexts.length === 0) throw new UsageError('There is no context to watch the feature on: give a text, ids, or build its index.');
  checkRows({ ids: contexts.map(({ ids }) => ids), isBatch: true }, model.config);
  if (mode === 'resample' && contexts.length < 2) {
    throw new UsageError('Mode `resample` takes values from another context, so it needs two contexts or more.');
  }
  if (mode === 'mean' && !means) throw new UsageError('Mode `mean` needs the means over a corpus.');
}

/** Where the target fires most; the earliest of equal ones. @throws UsageError where it is silent */
function peakOf(base: ContextBase, { dictionary, latent }: { dictionary: NamedDictionary['dictionary']; latent: number }): number {
  const { positions, values } = base.codes.get(dictionary)!.columns.of(latent);
  if (values.length === 0)
    throw new UsageError('The feature does not fire in this text. Choose another text, or a feature that fires in it.');
  return positions[values.indexOf(Math.max(...values))];
}

function tooLarge(bytes: number, bound: number): UsageError {
  const mib = (n: number) => (n / 2 ** 20).toFixed(0);
  return new UsageError(
    `The contexts take more than ${mib(bytes)} MiB, of which a quarter of the ${mib(bound)} MiB for a tree may be theirs. Take fewer contexts, shorter ones, or fewer dictionaries.`,
  );
}
