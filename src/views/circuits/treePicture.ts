/** A tree as a picture: what is seen of it, with sizes that fit the room. */
import type { Tree, TreeNode } from '../../api/causal.ts';
import { formatPercent } from '../../charts/format.ts';
import { shortened, type GraphEdge, type GraphPicture } from '../../charts/graph.ts';
import { layered, type Ranked } from '../../charts/layered.ts';
import { rankOf } from '../../state/circuits/settings.ts';
import { edgeKey, type SeenTree } from '../../state/circuits/trees.ts';
import { hookWords } from '../../state/circuits/words.ts';

/** Narrower pictures have three nodes beside each other. */
const NARROW_PX = 520;
const NODE = { width: 118, height: 38, gap: 12 } as const;
const SLIM = { height: 38, gap: 6 } as const;
const TOKEN_PX = 26;
const ERROR_PX = 26;
/** About the width of a letter of a node's name. */
const LETTER_PX = 7.2;

interface PictureOf {
  seen: SeenTree;
  /** Errors that are drawn. */
  errors: Tree['error'];
  hookOf: (dictionary: string) => string;
  nameOf: (node: TreeNode) => string;
  /** Names of the output tokens that the root raises. */
  writes: readonly string[];
  width: number;
}

/** Above everything. */
const OUTPUT_RANK = 1e9;
/** Shapes at the edge are whole. */
const EDGE_PX = 2;

function outputId(place: number): string {
  return `output ${place}`;
}

function errorId({ child, dictionary }: Pick<Tree['error'][number], 'child' | 'dictionary'>): string {
  return `error ${dictionary} of ${child}`;
}

export function treePicture({ seen, errors, hookOf, nameOf, writes, width }: PictureOf): GraphPicture {
  const slim = width < NARROW_PX;
  const gap = slim ? SLIM.gap : NODE.gap;
  const room = width - 2 * EDGE_PX;
  const box = slim ? Math.floor((room - 2 * gap) / 3) : NODE.width;
  const hooks = new Map<number, string>();
  const placed = (hook: string) => {
    const rank = rankOf(hook);
    // Attention and MLP of a block stand beside each other.
    const words = hookWords(hook);
    const known = hooks.get(rank);
    hooks.set(rank, known === undefined || known === words ? words : words.replace(/,.*/, ', attention and MLP'));
    return rank;
  };
  const shown = new Set(seen.nodes.map(({ id }) => id));
  const drawn = errors.filter(({ child, dictionary }) => shown.has(child) && hookOf(dictionary) !== '');
  const nodes: Ranked[] = [
    ...seen.nodes.map((node) => nodeOf(node, nameOf(node), placed(node.dictionary === null ? '' : node.hook), box)),
    ...drawn.map((one): Ranked => ({
      id: errorId(one),
      rank: placed(hookOf(one.dictionary)),
      width: ERROR_PX,
      height: ERROR_PX,
      shape: 'diamond',
      text: 'ε',
    })),
  ];
  const outputs = seen.nodes.length > 0 ? writes.map((name, i) => ({ ...tokenShape(name, box), id: outputId(i), rank: OUTPUT_RANK })) : [];
  if (outputs.length > 0) hooks.set(OUTPUT_RANK, 'Next tokens it raises most, by its weights');
  const inside = <P extends { x: number }>(point: P): P => ({ ...point, x: point.x + EDGE_PX });
  const edges: GraphEdge[] = [
    ...seen.edges.map((edge) => ({
      id: edgeKey(edge),
      from: edge.parent,
      to: edge.child,
      weight: edge.effect,
      text: percentWords(edge.effect),
    })),
    ...drawn.map((one) => ({
      id: `${errorId(one)} →`,
      from: errorId(one),
      to: one.child,
      weight: one.effect,
      text: percentWords(one.effect),
    })),
  ];
  edges.push(...outputs.map(({ id }) => ({ id: `→ ${id}`, from: seen.nodes[0].id, to: id, weight: 0 })));
  const sizes = { width: room, gap, lines: slim ? 14 : 18, layers: slim ? 40 : 54, caption: 20 };
  const { bands, height, ...all } = layered([...outputs, ...nodes], edges, (rank) => hooks.get(rank) ?? '', sizes);
  return {
    width,
    height: height + 10,
    nodes: all.nodes.map(inside),
    edges: all.edges.map((edge) => ({ ...edge, via: edge.via?.map(inside) })),
    bands,
  };
}

function nodeOf({ id, dictionary, latent }: TreeNode, name: string, rank: number, width: number): Ranked {
  const letters = Math.floor((width - 10) / LETTER_PX);
  if (dictionary === null) return { ...tokenShape(name, width), id, rank };
  return { id, rank, width, height: NODE.height, shape: 'box', text: shortened(name, letters), note: `feature ${latent}` };
}

function tokenShape(name: string, width: number): Pick<Ranked, 'text' | 'shape' | 'width' | 'height'> {
  const text = shortened(name, Math.floor((width - 10) / LETTER_PX));
  return { text, shape: 'pill', height: TOKEN_PX, width: Math.min(width, Math.max(34, [...text].length * LETTER_PX + 22)) };
}

/** "34 %", whole where that says enough. */
function percentWords(share: number): string {
  return Math.abs(share) >= 0.0995 ? `${Math.round(100 * share)}\u202F%`.replace('-', '−') : formatPercent(share);
}
