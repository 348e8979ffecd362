/** Trees by value: one node for what is reached twice, put together as a person grows them, and what of one is seen. */
import type { CausalMode, Tree, TreeEdge, TreeNode } from '../../api/causal.ts';
import type { Look } from './address.ts';

/** Says which node without saying in which tree: calls name their nodes each in their own way. */
export function keyOf({ dictionary, latent }: Pick<TreeNode, 'dictionary' | 'latent'>): string {
  return dictionary === null ? `token ${latent}` : `${latent} ${dictionary}`;
}

export function edgeKey({ parent, child }: Pick<TreeEdge, 'parent' | 'child'>): string {
  return `${parent} → ${child}`;
}

/** A tree as it is kept here: every id is its node's key. */
export function rekeyed(tree: Tree): Tree {
  const keys = new Map(tree.nodes.map((node) => [node.id, keyOf(node)]));
  const named = (id: string) => keys.get(id) ?? id;
  return {
    ...tree,
    nodes: unique(tree.nodes.map((node) => ({ ...node, id: keyOf(node) }))),
    edges: tree.edges.map((edge) => ({ ...edge, parent: named(edge.parent), child: named(edge.child) })),
    error: tree.error.map((one) => ({ ...one, child: named(one.child) })),
    left_out: { ...tree.left_out, by_child: tree.left_out.by_child.map((one) => ({ ...one, child: named(one.child) })) },
  };
}

function unique(nodes: readonly TreeNode[]): TreeNode[] {
  return [...new Map(nodes.map((node) => [node.id, node])).values()];
}

/** How the parents of a node were looked for, where that is not as the tree was grown. */
export interface Growth {
  mode: CausalMode;
  parents: number;
  /** A share. */
  threshold: number;
}

export interface GrownTree {
  tree: Tree;
  /** By node, of those a person grew. */
  growths: ReadonlyMap<string, Growth>;
  /** How the whole was asked for. */
  asked: Growth & { dictionaries: readonly string[]; expand: 'paper' | 'all'; controls: boolean; seed: number; contexts: string };
  /** It was opened from a file. */
  file?: string;
}

export function growthOf({ growths, asked }: Pick<GrownTree, 'growths' | 'asked'>, node: string): Growth {
  const { mode, parents, threshold } = growths.get(node) ?? asked;
  return { mode, parents, threshold };
}

/** The parents of a node in place of those it had; what they alone led to goes with them. */
export function regrown(base: Tree, child: string, part: Tree): Tree {
  const edges = [...base.edges.filter((edge) => edge.child !== child), ...part.edges.filter((edge) => edge.child === child)];
  const nodes = unique([...base.nodes, ...part.nodes.filter(({ id }) => !base.nodes.some((node) => node.id === id))]);
  const reached = reach(base.nodes[0]?.id ?? '', edges, () => true);
  const isHere = (id: string) => reached.has(id);
  const of = (list: Tree['left_out']['by_child'], id: string) => list.filter((one) => one.child === id);
  const by_child = [
    ...base.left_out.by_child.filter((one) => one.child !== child && isHere(one.child)),
    ...of(part.left_out.by_child, child),
  ];
  return {
    ...base,
    nodes: nodes.filter(({ id }) => isHere(id)),
    edges: edges.filter((edge) => isHere(edge.child) && isHere(edge.parent)),
    error: [...base.error.filter((one) => one.child !== child && isHere(one.child)), ...part.error.filter((one) => one.child === child)],
    left_out: {
      inactive: Math.max(base.left_out.inactive, part.left_out.inactive),
      below: sum(by_child.map(({ below }) => below)),
      beyond: sum(by_child.map(({ beyond }) => beyond)),
      by_child,
    },
    continuations: base.continuations + part.continuations,
    naive: base.naive + part.naive,
    bytes: Math.max(base.bytes, part.bytes),
    seconds: base.seconds + part.seconds,
  };
}

/** Nodes that a walk from the root to causes comes to. */
function reach(root: string, edges: readonly TreeEdge[], goes: (edge: TreeEdge) => boolean): Set<string> {
  const reached = new Set([root]);
  const open = [root];
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    for (const edge of edges) {
      if (edge.child !== child || reached.has(edge.parent) || !goes(edge)) continue;
      reached.add(edge.parent);
      open.push(edge.parent);
    }
  }
  return reached;
}

/** What of a tree is seen, and what is not by reason. */
export interface SeenTree {
  nodes: TreeNode[];
  edges: TreeEdge[];
  /** Hidden by hand; under a node that was closed; over edges weaker than what is drawn. */
  unseen: { hidden: number; closed: number; weak: number };
}

/** A pinned node is seen wherever it is, unless it is hidden. */
export function seenTree({ nodes, edges }: Tree, look: Look): SeenTree {
  const [closed, pinned, hidden] = [look.closed, look.pinned, look.hidden].map((keys) => new Set(keys));
  const root = nodes[0]?.id ?? '';
  hidden.delete(root);
  const isStrong = (edge: TreeEdge) => Math.abs(edge.effect) >= look.least || pinned.has(edge.parent);
  const goes = (edge: TreeEdge) => !hidden.has(edge.parent) && !closed.has(edge.child) && isStrong(edge);
  const reached = reach(root, edges, goes);
  const shown = nodes.filter(({ id }) => reached.has(id) || (pinned.has(id) && !hidden.has(id)));
  const ids = new Set(shown.map(({ id }) => id));
  const drawn = edges.filter((edge) => ids.has(edge.child) && ids.has(edge.parent) && (goes(edge) || pinned.has(edge.parent)));
  const without = reach(root, edges, (edge) => !hidden.has(edge.parent) && isStrong(edge));
  const hiddenHere = nodes.filter(({ id }) => hidden.has(id)).length;
  const closedAway = [...without].filter((id) => !ids.has(id)).length;
  return {
    nodes: shown,
    edges: drawn,
    unseen: { hidden: hiddenHere, closed: closedAway, weak: Math.max(0, nodes.length - shown.length - hiddenHere - closedAway) },
  };
}

/** What the child did in each context as it is, and with the parent taken out (restore: with the parent alone). */
export interface Difference {
  context: number;
  /** null: the child is off there. */
  share: number | null;
  before: number;
  after: number | null;
}

export function differences(child: TreeNode, { each }: TreeEdge, mode: CausalMode): Difference[] {
  return each.map((share, context) => {
    const before = child.activation[context] ?? 0;
    const kept = share === null ? null : mode === 'restore' ? share : 1 - share;
    return { context, share, before, after: kept === null ? null : before * kept };
  });
}

/** The largest error of each child, what it loses when a dictionary's is taken out, where that is as strong as a parent that is seen. */
export function largestErrors({ error }: Tree, { edges }: Pick<SeenTree, 'edges'>, least: number): Tree['error'] {
  const best = new Map<string, Tree['error'][number]>();
  for (const one of error) {
    const known = best.get(one.child);
    const parents = edges.filter(({ child }) => child === one.child);
    if (!parents.some(({ effect }) => Math.abs(effect) <= Math.abs(one.effect))) continue;
    if (Math.abs(one.effect) >= Math.max(least, 1e-9) && (!known || Math.abs(one.effect) > Math.abs(known.effect)))
      best.set(one.child, one);
  }
  return [...best.values()];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
