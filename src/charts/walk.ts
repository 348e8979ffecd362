/** Going through a graph by keys, along the strongest edges. */
import type { GraphEdge, GraphNode } from './graph.ts';

interface Walk {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  /** Where Home goes. */
  home: string;
}

/** Where one is, and over which edge one came; null: by another way. */
export interface Step {
  node: string;
  edge: string | null;
}

/**
 * Down to the strongest cause, up to what it causes (back the way one came, else the strongest), left and right among the
 * causes of the same effect from strong to weak; where one came over no edge, among the nodes of the same height.
 * @returns undefined: the key means nothing here
 */
export function walk(key: string, { node, edge }: Step, graph: Walk): Step | undefined {
  switch (key) {
    case 'Home':
      return { node: graph.home, edge: null };
    case 'ArrowDown': {
      const [strongest] = causesOf(node, graph);
      return strongest ? { node: strongest.from, edge: strongest.id } : { node, edge };
    }
    case 'ArrowUp': {
      const over = graph.edges.find(({ id }) => id === edge && edge !== null) ?? effectsOf(node, graph)[0];
      if (!over || over.from !== node) return { node, edge };
      const on = effectsOf(over.to, graph)[0];
      return { node: over.to, edge: on?.id ?? null };
    }
    case 'ArrowLeft':
      return beside(node, edge, -1, graph);
    case 'ArrowRight':
      return beside(node, edge, 1, graph);
    default:
      return undefined;
  }
}

/** Edges into a node, strongest first. */
function causesOf(node: string, { edges }: Pick<Walk, 'edges'>): GraphEdge[] {
  return edges.filter(({ to }) => to === node).sort(byStrength);
}

function effectsOf(node: string, { edges }: Pick<Walk, 'edges'>): GraphEdge[] {
  return edges.filter(({ from }) => from === node).sort(byStrength);
}

function byStrength(a: GraphEdge, b: GraphEdge): number {
  return Math.abs(b.weight) - Math.abs(a.weight);
}

function beside(node: string, edge: string | null, by: number, graph: Walk): Step {
  const over = graph.edges.find(({ id, from }) => id === edge && from === node);
  if (over) {
    const all = causesOf(over.to, graph);
    const to = all[all.indexOf(over) + by];
    return to ? { node: to.from, edge: to.id } : { node, edge };
  }
  const here = graph.nodes.find(({ id }) => id === node);
  const line = graph.nodes.filter(({ y }) => y === here?.y).sort((a, b) => a.x - b.x);
  const to = line[line.findIndex(({ id }) => id === node) + by];
  return to ? { node: to.id, edge: null } : { node, edge };
}
