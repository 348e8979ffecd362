/** Measures all parents of the nodes at one hook together: what a parent does to one of them is read beside the others. */
import { vectors } from '../../../core/sae/decode.ts';
import { hookOrder, parseHook } from '../../../core/lm/hooks.ts';
import { meanOf } from '../../../core/interp/causal/effect.ts';
import type { Measured } from '../../../core/interp/causal/drawing.ts';
import { drawDonors } from '../../../core/interp/causal/amounts.ts';
import { dictionarySource, tokenSource, type Source } from './sources.ts';
import { parentHooks } from './sites.ts';
import { Sweep, type SweepJob } from './sweep.ts';
import { cleanTargets, type Target } from './targets.ts';
import type { OpenTree, Placed } from './treeJob.ts';
import type { Meter } from './meter.ts';

/** Candidates whose effects come in together. */
const TOGETHER = 64;

export interface Candidate extends Measured {
  each: (number | null)[];
}

/** A node whose parents are looked for. */
export type Child = Placed & { latent: number };

export interface Expansion {
  sources: Source[];
  sweeps: Sweep[];
  targets: Target[];
  /** By child, in the order in which they were measured. */
  measured: Candidate[][];
  /** By source and child; of tokens none. */
  errors: { source: number; effects: number[] }[];
  /** By source: latents that fire in no context. */
  inactive: number[];
}

/**
 * @param children all of one hook
 * @param onPart is told how much of it is done, from 0 to 1, and what is measured so far
 * @throws AbortedError; EngineError
 */
export async function expandAll(
  open: OpenTree,
  children: readonly Child[],
  meter: Meter,
  onPart: (share: number, expansion: Expansion) => void,
): Promise<Expansion> {
  const [{ hook }] = children;
  const { job, settings, bases } = open;
  const sources = sourcesOf(open, children);
  const targets: Target[] = children.map(({ dictionary, latent }) => ({ dictionary, latent }));
  const clean = await cleanTargets(job, targets, hook, bases);
  const expansion: Expansion = { sources, sweeps: [], targets, measured: targets.map(() => []), errors: [], inactive: [] };
  const donors = settings.mode === 'resample' ? drawDonors(bases.length, settings.seed) : undefined;
  for (const [s, source] of sources.entries()) {
    await measureSource(
      open,
      expansion,
      meter,
      {
        way: meter.wayOf(source.hook, hook),
        source,
        mode: settings.mode,
        targets,
        clean,
        meansKey: job.means?.key ?? '',
        storeBytes: meter.keptBytes / bases.length,
        ...(donors && { donors }),
        ...(job.store && { store: job.store }),
      },
      (share) => onPart((s + share) / sources.length, expansion),
    );
  }
  return expansion;
}

/** All candidates of one source, and its error. */
async function measureSource(
  open: OpenTree,
  expansion: Expansion,
  meter: Meter,
  job: SweepJob,
  onShare: (share: number) => void,
): Promise<void> {
  const { source, targets, clean, mode } = job;
  const sweep = await Sweep.open(job);
  const place = expansion.sweeps.push(sweep) - 1;
  meter.hold(sweep.bytes);
  const active = activeIn(source);
  expansion.inactive.push(widthOf(open, source) - active.length);
  const on = clean.reduce((sum, values) => sum + values.filter((a) => a !== 0).length, 0);
  const asked = open.settings.only?.filter(({ dictionary }) => dictionary === source.id).map(({ latent }) => latent);
  const ordered = asked ?? likelyFirst(source, active, targets);
  meter.naive += on * ordered.length;
  for (let at = 0; at < ordered.length; at += TOGETHER) {
    const some = ordered.slice(at, at + TOGETHER);
    const effects = await sweep.latents(some);
    some.forEach((latent, i) => {
      effects[i].forEach((each, t) => expansion.measured[t].push({ source: place, latent, each, effect: meanOf(each) }));
    });
    onShare(Math.min(1, (at + TOGETHER) / ordered.length));
  }
  if (!source.minusError) return;
  // The error is taken out of what the text itself gives, whatever is done to latents.
  const plain = mode === 'restore' ? await Sweep.open({ ...job, mode: 'zero' }) : sweep;
  meter.naive += on;
  expansion.errors.push({ source: place, effects: (await plain.error()).map(meanOf) });
}

/** Dictionaries of the nearest hooks below, else the tokens. */
function sourcesOf({ job, parents, bases, contexts, settings }: OpenTree, [{ hook }]: readonly Child[]): Source[] {
  const hooks = new Set(
    parentHooks(
      hook,
      parents.map((parent) => parent.hook),
    ).map(({ name }) => name),
  );
  const only = settings.only && new Set(settings.only.map(({ dictionary }) => dictionary));
  const near = parents.filter(({ id, hook: at }) => hooks.has(at.name) && (only?.has(id) ?? true));
  if (near.length === 0 && only && !only.has(null)) return [];
  const means = (id: string | null) => job.means?.of.get(id);
  if (near.length > 0) {
    near.sort((a, b) => hookOrder(b.hook) - hookOrder(a.hook));
    return near.map((parent) => dictionarySource(parent, parent.hook, bases, means(parent.id)));
  }
  const embed = parseHook('hook_embed', job.model.config.n_layers);
  return [
    tokenSource(
      job.model,
      embed,
      contexts.map(({ ids }) => ids),
      means(null),
    ),
  ];
}

/** Latents that fire in any context, rising. */
export function activeIn({ columns }: Source): number[] {
  return [...new Set(columns.flatMap(({ byLatent }) => [...byLatent.keys()]))].sort((a, b) => a - b);
}

/** Tokens that stand in no context are not counted as candidates. */
function widthOf({ parents }: OpenTree, source: Source): number {
  const own = parents.find(({ id }) => id === source.id);
  return own ? own.dictionary.config.d_sae : activeIn(source).length;
}

/** By activation × decoder · encoder of the targets: an order to measure in, never a number that is shown. */
function likelyFirst(source: Source, latents: readonly number[], targets: readonly Target[]): number[] {
  const encoders = targets.map(({ dictionary, latent }) => vectors(dictionary, latent).enc);
  const scores = new Map(latents.map((latent) => [latent, scoreOf(source, latent, encoders)]));
  return latents.toSorted((a, b) => scores.get(b)! - scores.get(a)! || a - b);
}

function scoreOf({ columns, vector }: Source, latent: number, encoders: readonly Float32Array[]): number {
  const along = vector(latent);
  const fires = columns.reduce((sum, column) => sum + Math.max(0, ...column.of(latent).values.map(Math.abs)), 0);
  let most = 0;
  for (const enc of encoders) {
    if (enc.length !== along.length) return fires;
    let dot = 0;
    for (let i = 0; i < enc.length; i++) dot += enc[i] * along[i];
    most = Math.max(most, Math.abs(dot));
  }
  return fires * most;
}
