/**
 * A graph in layers, what is caused above what causes it. Own rather than d3-hierarchy: a node that is reached twice is one
 * node, and its layer is where the model computes it, not how far it is from the root.
 */
import type { Band, GraphEdge, GraphNode } from './graph.ts';

/** A node that waits for its place; `rank` rises with what the model computes later. */
export type Ranked = Omit<GraphNode, 'x' | 'y'> & { rank: number };

interface LayerSizes {
  width: number;
  /** Between nodes of a line. */
  gap: number;
  /** Between lines of one layer, and between layers: room for edges. */
  lines: number;
  layers: number;
  /** Above the nodes of a layer, for its name. */
  caption: number;
}

interface Layered {
  nodes: GraphNode[];
  /** As they were, with where they go between the nodes of layers they cross. */
  edges: GraphEdge[];
  bands: Band[];
  height: number;
}

const SWEEPS = 6;

export function layered(nodes: readonly Ranked[], edges: readonly GraphEdge[], name: (rank: number) => string, sizes: LayerSizes): Layered {
  const { stands, links, stops } = withStops(nodes, edges);
  const layers = orderedLayers(stands, links);
  const x = new Map<string, number>();
  const near = neighbours(links);
  const placed: GraphNode[] = [];
  const bands: Band[] = [];
  let top = 0;
  for (const layer of layers) {
    const lines = cut(layer, sizes);
    const height = Math.max(...layer.map((node) => node.height));
    let y = top + sizes.caption + height / 2;
    for (const line of lines) {
      const wanted = line.map(({ id }) => {
        const known = (near.get(id) ?? []).flatMap((one) => x.get(one) ?? []);
        return known.length > 0 ? mean(known) : sizes.width / 2;
      });
      const places = spread(
        wanted,
        line.map(({ width }) => width),
        sizes,
      );
      line.forEach(({ rank: _, ...node }, i) => placed.push({ ...node, x: places[i], y }));
      y += height + sizes.lines;
    }
    // Only once all lines stand: nodes of a layer do not pull each other.
    for (const { id, x: at } of placed.slice(-layer.length)) x.set(id, at);
    const bottom = y - sizes.lines - height / 2;
    bands.push({ id: String(layer[0].rank), text: name(layer[0].rank), top, bottom });
    top = bottom + sizes.layers;
  }
  const byId = new Map(placed.map((node) => [node.id, node]));
  return {
    nodes: placed.filter(({ id }) => !isStop(id)),
    edges: edges.map((edge) => {
      const via = (stops.get(edge.id) ?? []).flatMap((id) => byId.get(id) ?? []).map(({ x: left, y }) => ({ x: left, y }));
      return via.length > 0 ? { ...edge, via } : edge;
    }),
    bands,
    height: Math.max(0, top - sizes.layers),
  };
}

const STOP = 'stop of ';
/** Room of an edge between nodes. */
const STOP_PX = 6;

function isStop(id: string): boolean {
  return id.startsWith(STOP);
}

/** An edge over layers has a stop in each of them, that takes room as a node does: it goes between nodes, not behind them. */
function withStops(
  nodes: readonly Ranked[],
  edges: readonly GraphEdge[],
): { stands: Ranked[]; links: GraphEdge[]; stops: Map<string, string[]> } {
  const ranks = [...new Set(nodes.map(({ rank }) => rank))].sort((a, b) => a - b);
  const rankOf = new Map(nodes.map(({ id, rank }) => [id, rank]));
  const stands = [...nodes];
  const links: GraphEdge[] = [];
  const stops = new Map<string, string[]>();
  for (const edge of edges) {
    const [low, high] = [rankOf.get(edge.from) ?? 0, rankOf.get(edge.to) ?? 0];
    const own = ranks.filter((rank) => rank > low && rank < high).map((rank) => ({ id: `${STOP}${edge.id} at ${rank}`, rank }));
    const ids = own.map(({ id }) => id);
    stands.push(...own.map((stop): Ranked => ({ ...stop, width: STOP_PX, height: 0, shape: 'box', text: '' })));
    const way = [edge.from, ...ids, edge.to];
    links.push(...way.slice(1).map((to, i) => ({ ...edge, id: `${edge.id} ${i}`, from: way[i], to })));
    stops.set(edge.id, ids);
  }
  return { stands, links, stops };
}

/** Latest first; within a layer, nodes stand near what they cause and what causes them (barycentres, up and down in turn). */
function orderedLayers(nodes: readonly Ranked[], edges: readonly GraphEdge[]): Ranked[][] {
  const ranks = [...new Set(nodes.map(({ rank }) => rank))].sort((a, b) => b - a);
  const layers = ranks.map((rank) => nodes.filter((node) => node.rank === rank));
  const near = neighbours(edges);
  const at = new Map<string, number>();
  const settle = (layer: Ranked[]) => layer.forEach(({ id }, i) => at.set(id, (i + 0.5) / layer.length));
  layers.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? layers : [...layers].reverse();
    for (const layer of order) {
      const pull = new Map(layer.map(({ id }) => [id, mean((near.get(id) ?? []).flatMap((one) => at.get(one) ?? [])) || at.get(id)!]));
      layer.sort((a, b) => pull.get(a.id)! - pull.get(b.id)!);
      settle(layer);
    }
  }
  return layers;
}

/** In as many lines as it takes; neighbours go to different lines, so that each line is spread over the width. */
function cut(layer: readonly Ranked[], { width, gap }: LayerSizes): Ranked[][] {
  const all = layer.reduce((sum, node) => sum + node.width + gap, 0);
  for (let lines = Math.max(1, Math.ceil(all / (width + gap))); ; lines++) {
    const parts = Array.from({ length: lines }, (_, l) => layer.filter((_node, i) => i % lines === l));
    const fits = parts.every((part) => part.reduce((sum, node) => sum + node.width + gap, -gap) <= width || part.length === 1);
    if (fits) return parts.filter((part) => part.length > 0);
  }
}

/**
 * As near as can be to where they want to be, in their order, apart, and inside: least squares, by pooling those that
 * would run into each other.
 */
export function spread(wanted: readonly number[], widths: readonly number[], { width, gap }: Pick<LayerSizes, 'width' | 'gap'>): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const offsets: number[] = [];
  order.forEach((i, place) => {
    const before = order[place - 1];
    offsets.push(place === 0 ? 0 : offsets[place - 1] + (widths[before] + widths[i]) / 2 + gap);
  });
  const pools: { sum: number; count: number }[] = [];
  order.forEach((i, place) => {
    pools.push({ sum: wanted[i] - offsets[place], count: 1 });
    while (pools.length > 1 && average(pools[pools.length - 2]) > average(pools[pools.length - 1])) {
      const last = pools.pop()!;
      const into = pools[pools.length - 1];
      pools[pools.length - 1] = { sum: into.sum + last.sum, count: into.count + last.count };
    }
  });
  const least = widths[order[0]] / 2;
  const most = width - (offsets.at(-1) ?? 0) - widths[order[order.length - 1]] / 2;
  const starts = pools.flatMap((pool) => Array.from({ length: pool.count }, () => Math.max(least, Math.min(most, average(pool)))));
  const places = new Array<number>(wanted.length);
  order.forEach((i, place) => (places[i] = starts[place] + offsets[place]));
  return places;
}

function average({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}

/** NaN of none. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function neighbours(edges: readonly GraphEdge[]): Map<string, string[]> {
  const near = new Map<string, string[]>();
  const add = (a: string, b: string) => near.set(a, [...(near.get(a) ?? []), b]);
  for (const { from, to } of edges) {
    add(from, to);
    add(to, from);
  }
  return near;
}
