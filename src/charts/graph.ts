/** What pictures of causes share: nodes that have a place, edges between them as paths, and where an edge's number fits. */
import { link, curveBumpY } from 'd3-shape';

interface Point {
  x: number;
  y: number;
}

/** A node with its place; x and y are its middle. */
export interface GraphNode extends Point {
  id: string;
  width: number;
  height: number;
  shape: 'box' | 'pill' | 'diamond' | 'circle';
  /** Inside it. */
  text: string;
  /** In smaller letters below that. */
  note?: string;
  /** Fills it by its sign; absent: not coloured. */
  sign?: 1 | -1;
}

/** From what causes to what is caused. */
export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  /** Signed; 1 is drawn at full width. */
  weight: number;
  /** Beside the edge where there is room. */
  text?: string;
  /** Where it goes between nodes of other layers, from its beginning on. */
  via?: readonly Point[];
}

/** A stretch of the height with its name. */
export interface Band {
  id: string;
  text: string;
  top: number;
  bottom: number;
}

export interface Column {
  x: number;
  width: number;
  text: string;
}

export interface GraphPicture {
  width: number;
  height: number;
  nodes: GraphNode[];
  edges: GraphEdge[];
  bands: Band[];
  columns?: { bottom: number; list: Column[] };
}

const THIN_PX = 1;
const THICK_PX = 8;

/** Width of an edge; what is beyond 1 is no wider. */
export function edgeWidth(weight: number): number {
  return THIN_PX + (THICK_PX - THIN_PX) * Math.min(1, Math.abs(weight));
}

interface Ends {
  from: Point;
  to: Point;
}

/** Where an edge leaves what is below, and enters what is above. */
export function edgeEnds(from: GraphNode, to: GraphNode): Ends {
  const up = to.y <= from.y ? 1 : -1;
  return {
    from: { x: from.x, y: from.y - (up * from.height) / 2 },
    to: { x: to.x, y: to.y + (up * to.height) / 2 },
  };
}

const bump = link<Ends, Point>(curveBumpY)
  .source(({ from }) => from)
  .target(({ to }) => to)
  .x(({ x }) => x)
  .y(({ y }) => y)
  .digits(1);

export function edgePath(ends: Ends, via?: readonly Point[]): string {
  return stretches(ends, via)
    .map((stretch, i) => (bump(stretch) ?? '').replace(/^M[^C]*/, i === 0 ? '$&' : ''))
    .join('');
}

/** From point to point, upright at each. */
function stretches({ from, to }: Ends, via: readonly Point[] = []): Ends[] {
  const points = [from, ...via, to];
  return points.slice(1).map((point, i) => ({ from: points[i], to: point }));
}

/** The point of that path at a share of it: a cubic whose handles stand upright, as d3's bump has them. */
export function pointOn({ from, to }: Ends, t: number): Point {
  const middle = (from.y + to.y) / 2;
  const u = 1 - t;
  const cubic = (a: number, b: number, c: number, d: number) => u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t ** 3 * d;
  return { x: cubic(from.x, from.x, to.x, to.x), y: cubic(from.y, middle, middle, to.y) };
}

interface Label extends Point {
  edge: string;
  text: string;
}

interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const LETTER_PX = 6;
const LINE_PX = 14;
/** Where along an edge its number is tried: the middle first. */
const TRIES = [0.5, 0.38, 0.62, 0.28, 0.72, 0.2, 0.8];

/** Numbers of edges, the strongest first, each where it covers neither a node nor another number; those without room have none. */
export function placeLabels({ nodes, edges, bands }: Pick<GraphPicture, 'nodes' | 'edges' | 'bands'>): Label[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const taken: Area[] = [...nodes.map((node) => areaOf(node, node.width, node.height)), ...bands.map(captionArea)];
  const labels: Label[] = [];
  for (const { id, from, to, text, via } of [...edges].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))) {
    const ends = [byId.get(from), byId.get(to)];
    if (text === undefined || !ends[0] || !ends[1]) continue;
    // What it is caused by may be far; what it causes is where the number is looked for.
    const lines = stretches(edgeEnds(ends[0], ends[1]), via).reverse();
    for (const at of lines.flatMap((line) => TRIES.map((t) => pointOn(line, t)))) {
      const area = areaOf(at, text.length * LETTER_PX + 4, LINE_PX);
      if (taken.some((other) => overlaps(area, other))) continue;
      taken.push(area);
      labels.push({ edge: id, text, ...at });
      break;
    }
  }
  return labels;
}

function captionArea({ text, top }: Band): Area {
  return { left: 0, right: text.length * LETTER_PX, top, bottom: top + LINE_PX };
}

function areaOf({ x, y }: Point, width: number, height: number): Area {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

function overlaps(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** Words in so many letters at most, the end left out. */
export function shortened(words: string, most: number): string {
  const letters = [...words];
  return letters.length <= most ? words : `${letters.slice(0, Math.max(1, most - 1)).join('')}…`;
}
