/** Places of graphs of causes, by value. */
import { describe, expect, it } from 'vitest';
import { celled } from '../../../src/charts/cells.ts';
import { edgeEnds, edgeWidth, placeLabels, pointOn, shortened, type GraphEdge, type GraphNode } from '../../../src/charts/graph.ts';
import { layered, spread, type Ranked } from '../../../src/charts/layered.ts';
import { walk } from '../../../src/charts/walk.ts';

const SIZES = { width: 400, gap: 10, lines: 8, layers: 30, caption: 10 };
const ranked = (id: string, rank: number, width = 60): Ranked => ({ id, rank, width, height: 20, shape: 'box', text: id });
const edge = (from: string, to: string, weight = 0.5): GraphEdge => ({ id: `${from}>${to}`, from, to, weight, text: `${100 * weight} %` });

function overlapping(nodes: readonly GraphNode[]): string[] {
  return nodes.flatMap((a, i) =>
    nodes
      .slice(i + 1)
      .filter((b) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2)
      .map((b) => `${a.id} ${b.id}`),
  );
}

describe('layered', () => {
  it('puts what is computed later above, each layer under its name', () => {
    const edges = [edge('a', 'root'), edge('b', 'a')];
    const { nodes, bands, height } = layered(
      [ranked('root', 30), ranked('a', 20), ranked('b', -1)],
      edges,
      (rank) => `rank ${rank}`,
      SIZES,
    );
    expect(nodes.map(({ id, x, y }) => [id, x, y])).toEqual([
      ['root', 200, 20],
      ['a', 200, 80],
      ['b', 200, 140],
    ]);
    expect(bands.map(({ text, top }) => [text, top])).toEqual([
      ['rank 30', 0],
      ['rank 20', 60],
      ['rank -1', 120],
    ]);
    expect(height).toBe(150);
  });

  it('takes as many lines as the width needs, nothing over anything else, all inside', () => {
    const nodes = [ranked('root', 9), ...Array.from({ length: 25 }, (_, i) => ranked(`n${i}`, i % 3))];
    const edges = nodes.slice(1).map(({ id }, i) => edge(id, i % 3 === 2 ? 'root' : `n${(i % 8) * 3 + 2}`));
    const { nodes: placed } = layered(nodes, edges, String, SIZES);
    expect(placed).toHaveLength(26);
    expect(overlapping(placed)).toEqual([]);
    expect(placed.every(({ x, width }) => x - width / 2 >= 0 && x + width / 2 <= SIZES.width)).toBe(true);
  });

  it('crosses no edges that need not cross', () => {
    const edges = [edge('a', 'root'), edge('b', 'root'), edge('under b', 'b'), edge('under a', 'a')];
    const nodes = [ranked('root', 3), ranked('a', 2), ranked('b', 2), ranked('under b', 1), ranked('under a', 1)];
    const { nodes: placed } = layered(nodes, edges, String, SIZES);
    const x = new Map(placed.map((node) => [node.id, node.x]));
    expect(x.get('a')! < x.get('b')!).toBe(x.get('under a')! < x.get('under b')!);
  });

  it('leads an edge over layers between their nodes', () => {
    const edges = [edge('a', 'root'), edge('low', 'root'), edge('low', 'a')];
    const { nodes, edges: led } = layered([ranked('root', 9), ranked('a', 5), ranked('low', 1)], edges, String, SIZES);
    expect(nodes.map(({ id }) => id)).toEqual(['root', 'a', 'low']);
    const a = nodes.find(({ id }) => id === 'a')!;
    const [point] = led[1].via!;
    expect([led[0].via, point.y]).toEqual([undefined, a.y]);
    expect(Math.abs(point.x - a.x)).toBeGreaterThan(a.width / 2);
  });

  it('has nothing to place', () => {
    expect(layered([], [], String, SIZES)).toEqual({ nodes: [], edges: [], bands: [], height: 0 });
  });
});

describe('spread', () => {
  it('keeps apart those that want the same place, about it, and leaves the others where they want to be', () => {
    expect(spread([100, 100, 300], [40, 40, 40], { width: 400, gap: 10 })).toEqual([75, 125, 300]);
  });
  it('keeps all inside', () => {
    expect(spread([0, 0], [40, 40], { width: 400, gap: 10 })).toEqual([20, 70]);
    expect(spread([400, 400], [40, 40], { width: 400, gap: 10 })).toEqual([330, 380]);
  });
});

describe('edges', () => {
  const node = (id: string, x: number, y: number): GraphNode => ({ id, x, y, width: 60, height: 20, shape: 'box', text: id });

  it('go from the top of what causes to the bottom of what is caused', () => {
    const ends = edgeEnds(node('low', 50, 200), node('high', 150, 20));
    expect(ends).toEqual({ from: { x: 50, y: 190 }, to: { x: 150, y: 30 } });
    expect([pointOn(ends, 0), pointOn(ends, 0.5), pointOn(ends, 1)]).toEqual([ends.from, { x: 100, y: 110 }, ends.to]);
  });

  it('are as wide as they are strong, up to one', () => {
    expect([edgeWidth(0), edgeWidth(-0.5), edgeWidth(1), edgeWidth(4)]).toEqual([1, 4.5, 8, 8]);
  });

  it('have their numbers where these cover nothing, the strongest first', () => {
    const nodes = [node('high', 100, 20), node('a', 40, 200), node('b', 160, 200)];
    const labels = placeLabels({ nodes, edges: [edge('a', 'high', 0.2), edge('b', 'high', 0.9)], bands: [] });
    expect(labels.map(({ edge: id }) => id)).toEqual(['b>high', 'a>high']);
    expect(Math.abs(labels[0].x - labels[1].x)).toBeGreaterThan(30);
    // No room between two nodes that touch.
    const near = [node('high', 100, 20), node('low', 100, 41)];
    expect(placeLabels({ nodes: near, edges: [edge('low', 'high')], bands: [] })).toEqual([]);
  });

  it('shortens names by letters, not by halves of them', () => {
    expect([shortened('ships', 5), shortened('shipshape', 5), shortened('🦊🦊🦊', 2)]).toEqual(['ships', 'ship…', '🦊…']);
  });
});

describe('celled', () => {
  it('gives each position its column and each layer its row, whatever stands there', () => {
    const cell = (id: string, column: number, rank: number) => ({
      id,
      column,
      rank,
      width: 20,
      height: 20,
      shape: 'circle' as const,
      text: '',
    });
    const columns = [0, 1, 2].map((column) => ({ column, text: `t${column}` }));
    const sizes = { width: 300, column: 40, gap: 4, caption: 10, layers: 20, foot: 30 };
    const picture = celled([cell('a', 0, 1), cell('b', 2, 1), cell('c', 2, 2), cell('d', 2, 2)], columns, String, sizes);
    expect(picture.nodes.map(({ id, x, y }) => [id, Math.round(x), y])).toEqual([
      ['c', 219, 20],
      ['d', 243, 20],
      ['a', 41, 70],
      ['b', 231, 70],
    ]);
    expect([Math.round(picture.width), picture.height]).toEqual([300, 110]);
    expect(celled([cell('a', 9, 1)], [{ column: 9, text: '' }], String, { ...sizes, width: 10 }).width).toBe(40);
    const many = Array.from({ length: 30 }, (_, i) => cell(`m${i}`, 1, 1));
    expect(overlapping(celled(many, columns, String, sizes).nodes)).toEqual([]);
  });
});

describe('walk', () => {
  const node = (id: string, x: number, y: number): GraphNode => ({ id, x, y, width: 60, height: 20, shape: 'box', text: id });
  const graph = {
    home: 'root',
    nodes: [node('root', 100, 0), node('weak', 20, 100), node('strong', 160, 100), node('leaf', 160, 200)],
    edges: [edge('weak', 'root', 0.1), edge('strong', 'root', -0.8), edge('leaf', 'strong', 0.3), edge('leaf', 'weak', 0.9)],
  };
  const from = (id: string, over: string | null = null) => ({ node: id, edge: over });

  it('goes down along the strongest edge by size, and up the way one came', () => {
    expect(walk('ArrowDown', from('root'), graph)).toEqual(from('strong', 'strong>root'));
    expect(walk('ArrowDown', from('strong', 'strong>root'), graph)).toEqual(from('leaf', 'leaf>strong'));
    expect(walk('ArrowUp', from('leaf', 'leaf>strong'), graph)).toEqual(from('strong', 'strong>root'));
    expect(walk('ArrowUp', from('leaf'), graph)).toEqual(from('weak', 'weak>root'));
    expect(walk('ArrowUp', from('root'), graph)).toEqual(from('root'));
    expect(walk('ArrowDown', from('leaf'), graph)).toEqual(from('leaf'));
  });

  it('goes sideways among the causes of the same, strongest first, and along the line where one came over none', () => {
    expect(walk('ArrowRight', from('strong', 'strong>root'), graph)).toEqual(from('weak', 'weak>root'));
    expect(walk('ArrowLeft', from('weak', 'weak>root'), graph)).toEqual(from('strong', 'strong>root'));
    expect(walk('ArrowRight', from('weak'), graph)).toEqual(from('strong'));
    expect(walk('Home', from('leaf'), graph)).toEqual(from('root'));
    expect(walk('x', from('leaf'), graph)).toBeUndefined();
  });
});
