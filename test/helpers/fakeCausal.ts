/** A CausalApi with made-up but repeatable numbers: three parents a node, in the dictionaries given, the last level tokens. */
import type { CausalApi, Circuit, CircuitNode, Tree, TreeEdge, TreeNode, TreeOptions } from '../../src/api/causal.ts';
import { fakeDictionaries } from './fakeDictionaries.ts';
import { noise } from './fakeApi.ts';

export interface FakeCausal extends CausalApi {
  calls: { kind: 'tree' | 'circuit' | 'stopped'; options: unknown }[];
}

const CONTEXTS = [
  [10, 11, 12],
  [13, 14],
];

/** A small tree of a target, by value. */
export function fakeTree(o: TreeOptions): Tree {
  const hookOf = (id: string) => fakeDictionaries().find((d) => d.id === id)?.hook ?? '';
  const asked = o.contexts;
  const contexts = (asked && 'ids' in asked ? asked.ids : asked && 'text' in asked ? [[10, 11]] : CONTEXTS).map((ids) => ({ ids }));
  const node = (dictionary: string | null, latent: number): TreeNode => ({
    id: dictionary === null ? `t${latent}` : `${dictionary}#${latent}`,
    dictionary,
    latent,
    hook: dictionary === null ? '' : hookOf(dictionary),
    activation: contexts.map((_, i) => 1 + i + latent / 100),
  });
  const root = node(o.target.dictionary, o.target.latent);
  const nodes = [root];
  const edges: TreeEdge[] = [];
  const below = o.dictionaries.filter((id) => hookOf(id) < hookOf(o.target.dictionary)).sort((a, b) => (hookOf(a) < hookOf(b) ? 1 : -1));
  const grow = (child: TreeNode, level: number) => {
    if (level === (o.depth ?? 2)) return;
    const [nearest, ...rest] = below.filter((id) => hookOf(id) < child.hook);
    for (let i = 0; i < (o.parents ?? 3); i++) {
      const far = nearest === undefined || i === 2;
      const parent = far ? node(null, 10 + i) : node(rest.length > 0 && i === 1 ? rest[0] : nearest, (child.latent * 3 + i + 1) % 1000);
      if (!nodes.some(({ id }) => id === parent.id)) nodes.push(parent);
      const effect = 0.6 / (i + 1) - 0.05 * level;
      edges.push({
        parent: parent.id,
        child: child.id,
        effect,
        interval: [effect - 0.1, effect + 0.1],
        cosine: 0.8 - 0.2 * i,
        each: contexts.map((_, c) => (c === 1 ? null : effect)),
        ...(o.controls && { controls: [{ kind: 'direction' as const, effect: 0.01, interval: [0, 0.02] as [number, number] }] }),
      });
      if (!far && (i === 0 || level === 0)) grow(parent, level + 1);
    }
  };
  if (o.expand !== 'none') grow(root, 0);
  const by_child = [{ child: root.id, below: 12, beyond: 4 }];
  return {
    target: o.target,
    mode: o.mode ?? 'zero',
    contexts,
    nodes,
    edges,
    left_out: { inactive: 100, below: 12, beyond: 4, by_child },
    error: below.length > 0 ? [{ child: root.id, dictionary: below[0], effect: 0.1 }] : [],
    continuations: 40,
    naive: 400,
    bytes: 1000,
    seconds: 0.5,
  };
}

export function fakeCircuit(dictionaries: readonly string[], nodes = 4): Circuit {
  const list: CircuitNode[] = Array.from({ length: nodes }, (_, i) => ({
    dictionary: dictionaries[i % dictionaries.length],
    latent: i === 2 ? null : i,
    position: i % 2,
    value: 1,
    effect: (i === 1 ? -1 : 1) / (i + 1),
  }));
  return {
    ids: [10, 11],
    position: 1,
    difference: 2,
    none: 0,
    nodes: list,
    edges: [{ parent: 0, child: 1, effect: 0.4 }],
    faithfulness: [0, 2, nodes].map((n) => ({ nodes: n, kept: n / nodes, random: noise(n, 1) / 10 })),
    completeness: [0, 2, nodes].map((n) => ({ nodes: n, kept: 1 - n / nodes, random: 1 })),
    continuations: 8,
    naive: 8,
    bytes: 100,
    seconds: 0.1,
  };
}

/** Each call waits this long; its progress comes in the middle. */
export function fakeCausal({ delayMs = 100, fail = '' } = {}): FakeCausal {
  const calls: FakeCausal['calls'] = [];
  const wait = (signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, delayMs / 2);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        calls.push({ kind: 'stopped', options: null });
        reject(new DOMException('Stopped on request.', 'AbortError'));
      });
    });
  return {
    calls,
    async tree(options, { onProgress, signal } = {}) {
      calls.push({ kind: 'tree', options });
      const tree = fakeTree(options);
      await wait(signal);
      if (fail !== '') throw new Error(fail);
      onProgress?.({ done: 1, total: 2, message: 'first level', tree: { ...tree, nodes: tree.nodes.slice(0, 1), edges: [], error: [] } });
      await wait(signal);
      return tree;
    },
    async circuit(options, { onProgress, signal } = {}) {
      calls.push({ kind: 'circuit', options });
      await wait(signal);
      if (fail !== '') throw new Error(fail);
      onProgress?.({ done: 1, total: 2, message: 'nodes', nodes: [] });
      await wait(signal);
      return fakeCircuit(options.dictionaries);
    },
  };
}
