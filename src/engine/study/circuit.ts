/**
 * Prompt circuits: which latents, at which positions, carry one prediction. Nodes by exact ablation of every one that
 * fires, edges by ablating one and reading the others, and how much the strongest alone keep (docs/decisions/causal.md;
 * after Marks et al. 2024, whose attributions these ablations are the exact form of).
 */
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import type { Circuit, CircuitNode } from '../../api/causal.ts';
import { drawOrder, keptShare, sizesOf } from '../../core/interp/causal/curves.ts';
import { seedOf, wholeOf } from '../../core/interp/causal/options.ts';
import { hookOrder, parseHook } from '../../core/lm/hooks.ts';
import { misfit } from '../dictionary/encode.ts';
import { checkRows } from '../model/run.ts';
import { MEMORY_BYTES } from './candidates.ts';
import { rowOf, runBase, type ContextBase, type Machine } from './causal/bases.ts';
import { measureEdges } from './causal/circuitEdges.ts';
import { measureNodes } from './causal/circuitNodes.ts';
import { openMeasure, type Measure } from './causal/measure.ts';
import { Meter } from './causal/meter.ts';
import { runSets, type IsOff } from './causal/sets.ts';
import { entryOf, placeOf } from './causal/sites.ts';
import type { NamedDictionary } from './causal/sources.ts';
import type { Placed } from './causal/treeJob.ts';
import { checkSubject } from './subject.ts';

export interface CircuitJob extends Machine {
  ids: readonly number[];
  /** Whose prediction; default the last. */
  position?: number;
  plus: number;
  minus?: number;
  dictionaries: readonly NamedDictionary[];
  nodes?: number;
  edges?: number;
  seed?: number;
  memoryBytes?: number;
  batchSize?: number;
  sharePrefix?: boolean;
  onProgress?: (progress: { done: number; total: number; message: string; nodes: CircuitNode[] }) => void;
}

const REPORT_MS = 150;

/** @throws UsageError before anything is computed; AbortedError; EngineError */
export async function findCircuit(job: CircuitJob): Promise<Circuit> {
  const started = performance.now();
  const { model } = job;
  const { n_layers } = model.config;
  const [most, mostEdges, seed] = [wholeOf('nodes', job.nodes), wholeOf('edges', job.edges), seedOf(job.seed)];
  const ids = idsOf(job);
  const dictionaries = placeAll(job);
  const measure = await openMeasure(job, job.plus, job.minus);
  const base = await runBase(job, ids, dictionaries, n_layers);
  const meter = openMeter(job, base);
  const [difference] = await measure(rowOf(base.entering[n_layers], ids.length));
  const report = reporter(job, most);
  const all = await measureNodes({ base, dictionaries, measure, meter, whole: difference, onPart: report }, n_layers);
  const nodes = strongest(all, most);
  throwIfStopped(job.stop);
  const edges = (await measureEdges(job, base, dictionaries, nodes, meter)).slice(0, mostEdges);
  const curves = await measureCurves({ job, ids, dictionaries, measure, meter, all, nodes, difference, seed });
  const { continuations, naive, peakBytes } = meter;
  const seconds = (performance.now() - started) / 1000;
  return { ids, position: ids.length - 1, difference, nodes, edges, ...curves, continuations, naive, bytes: peakBytes, seconds };
}

/** Later tokens are not seen from the position. @throws UsageError */
function idsOf({ ids, position = ids.length - 1, model }: CircuitJob): number[] {
  checkRows({ ids: [[...ids]], isBatch: false }, model.config);
  if (!Number.isInteger(position) || position < 0 || position >= ids.length) {
    throw new UsageError(`\`position\` must be that of a token: a whole number from 0 to ${ids.length - 1}.`);
  }
  return ids.slice(0, position + 1);
}

/** In the order in which the model meets them. @throws UsageError */
function placeAll({ dictionaries, model }: CircuitJob): Placed[] {
  if (dictionaries.length === 0) throw new UsageError('Name at least one dictionary whose features may carry the prediction.');
  const placed = dictionaries.map((named): Placed => {
    const problem = misfit(named.dictionary, model);
    if (problem) throw new UsageError(`${named.id}: ${problem}`);
    checkSubject(named.dictionary, 0, model);
    const hook = parseHook(named.dictionary.config.hook_name!, model.config.n_layers);
    if (entryOf(hook) === undefined) {
      throw new UsageError(
        `${named.id} reads ${hook.name}; a prompt circuit takes dictionaries of the residual, of attention output and of MLP output.`,
      );
    }
    return { ...named, hook };
  });
  const places = new Map<string, string>();
  for (const { id, hook } of placed) {
    const place = String(placeOf(hook) ?? hook.name);
    if (places.has(place)) throw new UsageError(`${id} and ${places.get(place)} read the same place; a prompt circuit takes one of them.`);
    places.set(place, id);
  }
  return placed.sort((a, b) => hookOrder(a.hook) - hookOrder(b.hook));
}

function openMeter(job: CircuitJob, base: ContextBase): Meter {
  const memoryBytes = job.memoryBytes ?? MEMORY_BYTES;
  if (!(memoryBytes > 0)) throw new UsageError('`memoryBytes` must be a positive number.');
  if (base.bytes > memoryBytes / 2) {
    throw new UsageError(
      'What is kept of this prompt takes more than half of the memory allowed. Take a shorter prompt or fewer dictionaries.',
    );
  }
  return new Meter({
    machine: job,
    bases: [base],
    memoryBytes,
    sharePrefix: job.sharePrefix ?? true,
    ...(job.batchSize !== undefined && { batchSize: job.batchSize }),
  });
}

function reporter({ onProgress }: CircuitJob, most: number) {
  let said = 0;
  return (done: number, total: number, nodes: readonly CircuitNode[]) => {
    if (!onProgress || (performance.now() - said < REPORT_MS && done < total)) return;
    said = performance.now();
    onProgress({ done, total, message: 'Taking out every feature that fires, one at a time.', nodes: strongest(nodes, most) });
  };
}

/** By size; ties in the order given. */
function strongest(nodes: readonly CircuitNode[], most: number): CircuitNode[] {
  return nodes.toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, most);
}

interface CurvesJob {
  job: CircuitJob;
  ids: readonly number[];
  dictionaries: readonly Placed[];
  measure: Measure;
  meter: Meter;
  all: readonly CircuitNode[];
  nodes: readonly CircuitNode[];
  difference: number;
  seed: number;
}

/** Errors stay in all of it; a size counts the first so many nodes, of which an error is none to take out. */
async function measureCurves(o: CurvesJob): Promise<Pick<Circuit, 'none' | 'faithfulness' | 'completeness'>> {
  const { job, ids, dictionaries, measure, meter, difference } = o;
  const widest = Math.max(...dictionaries.map(({ dictionary }) => dictionary.config.d_sae));
  // A number, since millions are looked up.
  const keyOf = (d: number, position: number, latent: number) => (d * ids.length + position) * widest + latent;
  const latents = (nodes: readonly CircuitNode[]) =>
    nodes.flatMap(({ dictionary, position, latent }) =>
      latent === null
        ? []
        : [
            keyOf(
              dictionaries.findIndex(({ id }) => id === dictionary),
              position,
              latent,
            ),
          ],
    );
  const every = latents(o.all);
  const order = drawOrder(every.length, o.seed);
  const sizes = sizesOf(o.nodes.length);
  const chosen = sizes.map((size) => new Set(latents(o.nodes.slice(0, size))));
  const random = chosen.map(({ size }) => new Set([...order.subarray(0, size)].map((i) => every[i])));
  const all = [...chosen, ...random];
  const sets: IsOff[] = [
    () => true,
    ...all.map(
      (set): IsOff =>
        (d, position, latent) =>
          !set.has(keyOf(d, position, latent)),
    ),
    ...all.map(
      (set): IsOff =>
        (d, position, latent) =>
          set.has(keyOf(d, position, latent)),
    ),
  ];
  meter.naive += sets.length;
  const onBatch = meter.wayOf(dictionaries[0].hook, dictionaries[0].hook).onBatch;
  const resid = await runSets({ machine: job, ids, dictionaries, batchBytes: (job.memoryBytes ?? MEMORY_BYTES) / 8, onBatch }, sets);
  const [none, ...rest] = await measure(resid);
  const n = sizes.length;
  const curve = (from: number) =>
    sizes.map((nodes, i) => ({
      nodes,
      kept: keptShare(rest[from + i], difference, none),
      random: keptShare(rest[from + n + i], difference, none),
    }));
  return { none, faithfulness: curve(0), completeness: curve(2 * n) };
}
