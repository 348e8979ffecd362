/** Nodes in a table of columns (positions) and rows (layers): where each stands in its cell. */
import type { Band, Column, GraphNode } from './graph.ts';

export type Celled = Omit<GraphNode, 'x' | 'y'> & { column: number; rank: number };

interface CellSizes {
  /** What there is; the picture is wider where the columns need it. */
  width: number;
  /** Of the narrowest column. */
  column: number;
  gap: number;
  caption: number;
  /** Between rows: room for edges. */
  layers: number;
  /** Below, for the names of the columns. */
  foot: number;
}

const MOST_BESIDE = 4;
/** A column grows by so much of its width with each node more beside others. */
const GROWTH = 0.7;

interface Cells {
  nodes: GraphNode[];
  bands: Band[];
  columns: { bottom: number; list: Column[] };
  width: number;
  height: number;
}

/** @param columns in order, with their names; every one has room, also where it is empty */
export function celled(
  nodes: readonly Celled[],
  columns: readonly { column: number; text: string }[],
  name: (rank: number) => string,
  sizes: CellSizes,
): Cells {
  const places = columnPlaces(nodes, columns, sizes);
  const ranks = [...new Set(nodes.map(({ rank }) => rank))].sort((a, b) => b - a);
  const placed: GraphNode[] = [];
  const bands: Band[] = [];
  let top = 0;
  for (const rank of ranks) {
    let deepest = 0;
    for (const { column } of columns) {
      const own = nodes.filter((node) => node.rank === rank && node.column === column).sort((a, b) => b.width - a.width);
      const { places: inCell, height } = packed(own, places.get(column)!.width - sizes.gap, sizes.gap);
      deepest = Math.max(deepest, height);
      own.forEach(({ column: _, rank: _rank, ...node }, i) =>
        placed.push({ ...node, x: places.get(column)!.x + inCell[i].x, y: top + sizes.caption + inCell[i].y }),
      );
    }
    const bottom = top + sizes.caption + deepest;
    bands.push({ id: String(rank), text: name(rank), top, bottom });
    top = bottom + sizes.layers;
  }
  const bottom = Math.max(0, top - sizes.layers);
  return {
    nodes: placed,
    bands,
    columns: { bottom, list: columns.map(({ column, text }) => ({ ...places.get(column)!, text })) },
    width: [...places.values()].reduce((sum, { width }) => sum + width, 0),
    height: bottom + sizes.foot,
  };
}

/** Columns with fuller cells are wider, up to four nodes beside each other. */
function columnPlaces(
  nodes: readonly Celled[],
  columns: readonly { column: number }[],
  sizes: CellSizes,
): Map<number, { x: number; width: number }> {
  const fullest = columns.map(({ column }) => {
    const counts = new Map<number, number>();
    for (const node of nodes) if (node.column === column) counts.set(node.rank, (counts.get(node.rank) ?? 0) + 1);
    return Math.min(MOST_BESIDE, Math.max(1, ...counts.values()));
  });
  const weights = fullest.map((most) => 1 + GROWTH * (most - 1));
  const unit = Math.max(
    sizes.column,
    sizes.width /
      Math.max(
        1e-9,
        weights.reduce((sum, weight) => sum + weight, 0),
      ),
  );
  let left = 0;
  return new Map(
    columns.map(({ column }, i) => {
      const width = unit * weights[i];
      left += width;
      return [column, { x: left - width / 2, width }];
    }),
  );
}

/** In lines, each about the middle. */
function packed(nodes: readonly Celled[], width: number, gap: number): { places: { x: number; y: number }[]; height: number } {
  const lines: Celled[][] = [];
  let used = 0;
  for (const node of nodes) {
    const line = lines.at(-1);
    if (line && used + gap + node.width <= width) {
      line.push(node);
      used += gap + node.width;
    } else {
      lines.push([node]);
      used = node.width;
    }
  }
  const places: { x: number; y: number }[] = [];
  let y = 0;
  lines.forEach((line, l) => {
    const all = line.reduce((sum, node) => sum + node.width, (line.length - 1) * gap);
    const height = Math.max(...line.map((node) => node.height));
    if (l > 0) y += gap;
    let x = -all / 2;
    for (const node of line) {
      places.push({ x: x + node.width / 2, y: y + height / 2 });
      x += node.width + gap;
    }
    y += height;
  });
  return { places, height: y };
}
