/** Trees and prompt circuits as comma-separated values. */
import type { Circuit } from '../../api/causal.ts';
import { toCsv } from '../shared/csv.ts';
import { growthOf, type GrownTree, type SeenTree } from './trees.ts';

/** Every edge that is seen, with its number in each context. */
export function treeCsv(grown: GrownTree, { edges, nodes }: SeenTree, nameOf: (id: string) => string): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const contexts = grown.tree.contexts.map((_, i) => `context ${i}`);
  const head = ['parent', 'parent dictionary', 'parent number', 'child', 'child dictionary', 'child number', 'mode', 'effect'];
  const rows = edges.map((edge) => {
    const [parent, child] = [byId.get(edge.parent), byId.get(edge.child)];
    const control = (kind: 'latent' | 'direction') => edge.controls?.find((one) => one.kind === kind)?.effect ?? '';
    return [
      nameOf(edge.parent),
      parent?.dictionary ?? 'tokens',
      parent?.latent ?? '',
      nameOf(edge.child),
      child?.dictionary ?? 'tokens',
      child?.latent ?? '',
      growthOf(grown, edge.child).mode,
      edge.effect,
      ...edge.interval,
      edge.cosine,
      control('latent'),
      control('direction'),
      ...edge.each.map((share) => share ?? ''),
    ];
  });
  return toCsv([[...head, 'from', 'to', 'cosine', 'control: another feature', 'control: random direction', ...contexts], ...rows]);
}

/** The nodes that are shown, then the edges among them. */
export function circuitCsv({ nodes, edges }: Circuit, tokens: readonly string[], shown: number, nameOf: (node: number) => string): string {
  const rows = nodes
    .slice(0, shown)
    .map((node, i) => [
      i + 1,
      nameOf(i),
      node.dictionary,
      node.latent ?? 'error',
      node.position,
      tokens[node.position] ?? '',
      node.value,
      node.effect,
    ]);
  const among = edges.filter(({ parent, child }) => parent < shown && child < shown);
  return toCsv([
    ['node', 'name', 'dictionary', 'number', 'position', 'token', 'value', 'effect'],
    ...rows,
    [],
    ['from node', 'to node', 'effect'],
    ...among.map(({ parent, child, effect }) => [parent + 1, child + 1, effect]),
  ]);
}
