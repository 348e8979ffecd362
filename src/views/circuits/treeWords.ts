/** What is said of a node and its edges: to those who hear the picture, and in its table. */
import type { Tree, TreeEdge, TreeNode } from '../../api/causal.ts';
import { formatNumber, formatPercent } from '../../charts/format.ts';
import type { ChartTable } from '../../charts/TableTwin.tsx';
import type { Step } from '../../charts/walk.ts';
import type { NodeName } from '../../state/circuits/groups.ts';
import { edgeKey, growthOf, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { hookWords, MODE_NAMES } from '../../state/circuits/words.ts';

export type NameOf = (node: Pick<TreeNode, 'dictionary' | 'latent'>) => NodeName;

/** "feature 12 “ships”" or "token “ships”" */
export function nodeWords(node: Pick<TreeNode, 'dictionary' | 'latent'>, nameOf: NameOf): string {
  const { text, from } = nameOf(node);
  if (node.dictionary === null) return `token “${text}”`;
  return from === 'number' ? `feature ${node.latent}` : `feature ${node.latent} “${text}”`;
}

export function intervalWords([low, high]: readonly [number, number]): string {
  return `${formatPercent(low)} to ${formatPercent(high)}`;
}

/** The mean over contexts of what it does at the last token of each. */
export function meanActivation({ activation }: Pick<TreeNode, 'activation'>): number {
  return activation.length === 0 ? 0 : activation.reduce((sum, value) => sum + value, 0) / activation.length;
}

/** What an edge says, as a sentence without its end. */
export function edgeWords({ effect }: Pick<TreeEdge, 'effect'>, child: string, mode: GrownTree['asked']['mode']): string {
  if (mode === 'restore') return `alone it keeps ${formatPercent(effect)} of ${child}`;
  return effect < 0 ? `without it ${child} rises by ${formatPercent(-effect)}` : `${formatPercent(effect)} of ${child} goes with it`;
}

/** A node for those who hear it: what it is, what it does over the edge one came by, and where one can go on. */
export function describeNode(step: Step, grown: GrownTree, seen: SeenTree, nameOf: NameOf, outputs: readonly string[]): string {
  const error = grown.tree.error.find((one) => step.node === `error ${one.dictionary} of ${one.child}`);
  const byId = (id: string) => grown.tree.nodes.find((node) => node.id === id);
  if (error) {
    const child = byId(error.child);
    return `What ${error.dictionary} does not explain: ${formatPercent(error.effect)} of ${child ? nodeWords(child, nameOf) : 'its child'} goes with it.`;
  }
  const node = byId(step.node);
  const output = /^output (\d+)$/.exec(step.node);
  if (output) return `Token “${outputs[Number(output[1])] ?? ''}”: one of those that the target raises most by its weights. Not measured.`;
  if (!node) return '';
  const over = seen.edges.find((edge) => edgeKey(edge) === step.edge) ?? seen.edges.find((edge) => edge.parent === node.id);
  const child = over && byId(over.child);
  const parents = seen.edges.filter((edge) => edge.child === node.id).length;
  const parts = [
    `${capital(nodeWords(node, nameOf))}, ${hookWords(node.dictionary === null ? '' : node.hook)}`,
    ...(over && child ? [capital(edgeWords(over, nodeWords(child, nameOf), growthOf(grown, over.child).mode))] : []),
    ...(node.dictionary === null ? [] : [parents === 0 ? 'No parents shown' : `${parents} ${parents === 1 ? 'parent' : 'parents'} shown`]),
  ];
  return `${parts.join('. ')}.`;
}

export function treeTable(grown: GrownTree, seen: SeenTree, nameOf: NameOf): ChartTable {
  const byId = new Map(seen.nodes.map((node) => [node.id, node]));
  const words = (id: string) => {
    const node = byId.get(id);
    return node ? `${nodeWords(node, nameOf)}, ${hookWords(node.dictionary === null ? '' : node.hook)}` : id;
  };
  const control = ({ controls }: TreeEdge, kind: 'latent' | 'direction') => {
    const found = controls?.find((one) => one.kind === kind);
    return found ? formatPercent(found.effect) : '–';
  };
  return {
    columns: ['Parent', 'Child', 'Effect', '95 % interval', 'Cosine', 'Another feature', 'Random direction', 'Mode'],
    rows: [...seen.edges]
      .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
      .map((edge) => [
        words(edge.parent),
        words(edge.child),
        formatPercent(edge.effect),
        intervalWords(edge.interval),
        formatNumber(edge.cosine),
        control(edge, 'latent'),
        control(edge, 'direction'),
        MODE_NAMES[growthOf(grown, edge.child).mode],
      ]),
    note: errorNote(grown.tree),
  };
}

function errorNote({ error }: Tree): string {
  if (error.length === 0) return 'No error of a dictionary was measured.';
  const most = error.reduce((best, one) => (Math.abs(one.effect) > Math.abs(best.effect) ? one : best));
  return `Taking out what a dictionary does not explain was measured ${error.length} times; the largest effect is ${formatPercent(most.effect)}, of ${most.dictionary}.`;
}

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
