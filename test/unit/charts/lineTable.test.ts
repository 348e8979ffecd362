import { expect, it } from 'vitest';
import { lineTable } from '../../../src/charts/LineChart.tsx';

const line = { name: 'a', xs: [0, 10, 20], ys: [3, 2, 1], slot: 0, dash: 0 };
const words = { xName: 'Tokens', format: String, formatX: String };

it('reads each curve at the stops inside what is shown, as the cursor does', () => {
  const other = { ...line, name: 'b', xs: [15], ys: [7] };
  expect(lineTable({ ...words, lines: [line, other], domain: [5, 25], stops: [0, 10, 20] })).toEqual({
    columns: ['Tokens', 'a', 'b'],
    rows: [
      ['10', '2', '–'],
      ['20', '1', '7'],
    ],
  });
});

it('leaves rows out of a long run, never the last, and says so', () => {
  const stops = Array.from({ length: 1000 }, (_, i) => i);
  const { rows, note } = lineTable({ ...words, lines: [line], domain: [0, 999], stops });
  expect(rows).toHaveLength(40);
  expect(rows.at(-1)).toEqual(['999', '1']);
  expect(note).toBe('One of every 25 steps.');
});
