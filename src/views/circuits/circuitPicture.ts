/** A prompt circuit as a picture: positions as columns, layers as rows, nodes sized by effect. */
import type { Circuit, CircuitNode } from '../../api/causal.ts';
import { celled, type Celled } from '../../charts/cells.ts';
import type { GraphPicture } from '../../charts/graph.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { rankOf } from '../../state/circuits/settings.ts';
import { hookWords } from '../../state/circuits/words.ts';

const LEAST_PX = 12;
const MOST_PX = 34;
/** A number has room in nodes of this size. */
const NUMBERED_PX = 17;
/** Prompts with more positions have columns only where there are nodes. */
const MOST_COLUMNS = 24;
const COLUMN_PX = 38;

interface PictureOf {
  circuit: Circuit;
  tokens: readonly string[];
  shown: number;
  hookOf: (dictionary: string) => string;
  width: number;
}

export function nodeId(node: number): string {
  return `node ${node}`;
}

/** Nodes have the same place whatever the number of them that is shown. */
export function circuitPicture({ circuit, tokens, shown, hookOf, width }: PictureOf): GraphPicture {
  const { nodes, edges } = circuit;
  const largest = Math.max(...nodes.map(({ effect }) => Math.abs(effect)), 1e-12);
  const names = new Map<number, string>();
  const cells = nodes.map((node, i): Celled => {
    // A diamond holds less than a circle.
    const size = sizeOf(node, largest) * (node.latent === null ? 1.3 : 1);
    const rank = rankOf(hookOf(node.dictionary));
    const words = hookWords(hookOf(node.dictionary));
    const known = names.get(rank);
    names.set(rank, known === undefined || known === words ? words : words.replace(/,.*/, ', attention and MLP'));
    return {
      id: nodeId(i),
      rank,
      column: node.position,
      width: size,
      height: size,
      shape: node.latent === null ? 'diamond' : 'circle',
      text: size >= NUMBERED_PX * (node.latent === null ? 1.5 : 1) ? String(i + 1) : '',
      sign: node.effect < 0 ? -1 : 1,
    };
  });
  const used = new Set(nodes.map(({ position }) => position));
  const positions = tokens.map((_, i) => i).filter((i) => tokens.length <= MOST_COLUMNS || used.has(i));
  const columns = positions.map((column) => ({ column, text: glyphText(tokens[column] ?? '') }));
  const sizes = { width, column: COLUMN_PX, gap: 4, caption: 20, layers: 38, foot: 28 };
  const placed = celled(cells, columns, (rank) => names.get(rank) ?? '', sizes);
  const seen = new Set(nodes.slice(0, shown).map((_, i) => nodeId(i)));
  const strongest = Math.max(...edges.map(({ effect }) => Math.abs(effect)), 1e-12);
  return {
    ...placed,
    nodes: placed.nodes.filter(({ id }) => seen.has(id)),
    edges: edges
      .map(({ parent, child, effect }, i) => ({
        id: `edge ${i}`,
        from: nodeId(parent),
        to: nodeId(child),
        weight: (0.5 * effect) / strongest,
      }))
      .filter(({ from, to }) => seen.has(from) && seen.has(to)),
  };
}

/** The area goes with the effect. */
function sizeOf({ effect }: CircuitNode, largest: number): number {
  return LEAST_PX + (MOST_PX - LEAST_PX) * Math.sqrt(Math.abs(effect) / largest);
}
