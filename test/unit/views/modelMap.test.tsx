import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { nextPlace } from '../../../src/views/shared/mapMoves.ts';
import { ModelMap, type MapCell } from '../../../src/views/shared/ModelMap.tsx';

const cell = (id: string, chosen = false): MapCell => ({ id, name: `place ${id}`, face: '●', chosen });

describe('the keys of a map', () => {
  // a b . d
  // . . g .
  // i . . l
  const cells = ['ab.d', '..g.', 'i..l'].map((row) => [...row].map((c) => c !== '.'));
  const go = (from: [number, number], key: string, toEnds = false) => {
    const place = nextPlace(cells, { row: from[0], column: from[1] }, key, toEnds);
    return place && [place.row, place.column];
  };
  it.each([
    [[0, 0], 'ArrowRight', [0, 1]],
    [[0, 1], 'ArrowRight', [0, 3]],
    [[0, 3], 'ArrowRight', undefined],
    [[0, 3], 'ArrowLeft', [0, 1]],
    [[0, 0], 'ArrowLeft', undefined],
    [[0, 0], 'ArrowDown', [1, 2]],
    [[1, 2], 'ArrowDown', [2, 3]],
    [[2, 0], 'ArrowUp', [1, 2]],
    [[0, 3], 'ArrowUp', undefined],
    [[0, 3], 'Home', [0, 0]],
    [[0, 0], 'End', [0, 3]],
    [[0, 0], 'a', undefined],
  ] as const)('from %j, %s leads to %j', (from, key, to) => expect(go([...from], key)).toEqual(to));

  it('has Ctrl Home and Ctrl End for the first and the last', () => {
    expect(go([1, 2], 'Home', true)).toEqual([0, 0]);
    expect(go([1, 2], 'End', true)).toEqual([2, 3]);
  });
});

describe('a map of the model', () => {
  const rows = [
    { id: 'resid', label: 'Residual', title: '', cells: [cell('r0'), cell('r1', true), null] },
    { id: 'mlp', label: 'MLP', title: '', cells: [null, cell('m1'), { ...cell('all'), tool: true }] },
  ];
  const html = (multiple = false) =>
    renderToStaticMarkup(<ModelMap label="Map" columns={['0', '1', '']} {...{ rows, multiple }} onPress={() => {}} />);

  it('is a grid with one tab stop, at what is chosen, and names every cell', () => {
    expect(html()).toContain('role="grid" aria-label="Map" aria-multiselectable="false"');
    expect(html().match(/tabindex="0"/gi)).toHaveLength(1);
    expect(html()).toMatch(/data-cell="r1" tabindex="0" aria-label="place r1" aria-selected="true"/i);
    expect(html().match(/role="gridcell"/g)).toHaveLength(6);
    expect(html(true)).toContain('aria-multiselectable="true"');
  });

  it('does not say of a tool whether it is chosen', () => {
    expect(html()).toMatch(/data-cell="all" tabindex="-1" aria-label="place all" title/i);
  });
});
