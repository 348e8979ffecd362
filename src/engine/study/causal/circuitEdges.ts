/** What taking one node of a circuit out does to the others that come after it. */
import type { CircuitNode } from '../../../api/causal.ts';
import type { Edit } from '../../../api/model.ts';
import { effectOf } from '../../../core/interp/causal/effect.ts';
import { hookWidth } from '../../../core/lm/hooks.ts';
import { decode } from '../../../core/sae/decode.ts';
import { runCandidates } from '../candidates.ts';
import { partsOf, rowOf, type ContextBase, type Machine } from './bases.ts';
import { isUpstream } from './sites.ts';
import { readTargets } from './targets.ts';
import type { Placed } from './treeJob.ts';
import type { Meter } from './meter.ts';

interface CircuitEdge {
  parent: number;
  child: number;
  effect: number;
}

/** By size, those that are not 0; none lead into an error. @throws AbortedError; EngineError */
export async function measureEdges(
  machine: Machine,
  base: ContextBase,
  dictionaries: readonly Placed[],
  nodes: readonly CircuitNode[],
  meter: Meter,
): Promise<CircuitEdge[]> {
  const placed = nodes.map((node) => dictionaries.find(({ id }) => id === node.dictionary)!);
  const children = nodes.map((parent, i) =>
    [...nodes.keys()].filter(
      (j) => nodes[j].latent !== null && nodes[j].position >= parent.position && isUpstream(placed[i].hook, placed[j].hook),
    ),
  );
  const parents = [...nodes.keys()].filter((i) => children[i].length > 0);
  if (parents.length === 0) return [];
  const hooks = [...new Set(children.flat().map((j) => placed[j].hook.name))];
  const edges: CircuitEdge[] = [];
  const pending: Promise<void>[] = [];
  let clean: Record<string, Float32Array> = {};
  await runCandidates({
    ...partsOf(machine),
    dictionaries: new Map(dictionaries.map(({ id, dictionary }) => [id, dictionary])),
    contexts: [base.ids],
    memoryBytes: meter.edgeBytes,
    candidates: parents.map((i) => [editOf(machine, base, placed[i], nodes[i])]),
    read: hooks.map((hook) => ({ hook })),
    onClean: (_, { acts }) => (clean = Object.fromEntries(Object.entries(acts).map(([hook, { data }]) => [hook, data.slice()]))),
    onBatch: ({ rows, bytes }) => {
      meter.continuations += rows;
      meter.note(bytes);
    },
    onResult({ candidate, ran, acts }) {
      if (!ran) return;
      for (const j of children[parents[candidate]]) {
        const hook = placed[j].hook.name;
        const rows = new Float32Array(2 * (clean[hook].length / base.ids.length));
        rows.set(rowOf(clean[hook], base.ids.length, nodes[j].position));
        rows.set(rowOf(acts[hook].data, base.ids.length, nodes[j].position), rows.length / 2);
        const target = { dictionary: placed[j].dictionary, latent: nodes[j].latent! };
        const add = ([before, after]: Float64Array) => {
          const effect = before === 0 ? 0 : effectOf('zero', before, after);
          if (before !== after) edges.push({ parent: parents[candidate], child: j, effect });
        };
        pending.push(readTargets(machine, [target], rows).then(add));
      }
    },
  });
  await Promise.all(pending);
  meter.naive += parents.length;
  return edges.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || a.parent - b.parent || a.child - b.child);
}

function editOf({ model }: Machine, base: ContextBase, { id, dictionary, hook }: Placed, { latent, position }: CircuitNode): Edit {
  if (latent !== null) return { dictionary: id, latent, op: 'ablate', positions: [position] };
  const decoded = decode(dictionary, base.codes.get(dictionary)!.latents);
  const F = hookWidth(hook.site, model.config);
  const data = decoded.slice(position * F, (position + 1) * F);
  return { hook: hook.name, op: 'set', positions: [position], value: { data, shape: [1, F] } };
}
