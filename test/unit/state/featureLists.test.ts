import { expect, it } from 'vitest';
import type { IndexSummary } from '../../../src/api/features.ts';
import { listFeatures } from '../../../src/state/feature/lists.ts';

const summary: IndexSummary = {
  dictionary: 'd',
  corpus: 'c',
  tokens: 100,
  short: false,
  density: Float32Array.of(0, 0.5, 0.01, 0.02, 0.1),
  maximum: Float32Array.of(0, 9, 3, 2, 1),
  token: Int32Array.of(-1, 10, 11, 12, 11),
  share: Float32Array.of(0, 0.1, 0.9, 0.3, 0.2),
  entropy: Float32Array.of(0, 8, 0.4, 3, 5),
  tags: [['dead'], ['dense'], ['single-token'], [], ['first-token']],
};
const NAMES: Record<number, string> = { 10: ',', 11: ' the', 12: 'there' };
const list = (name: string, search = '') =>
  listFeatures(
    summary,
    { list: name, search },
    new Map([[3, 'Whale Names']]),
    (id) => NAMES[id],
    new Map([[2, { kind: 'class' as const, words: 'digits', share: 0.9 }]]),
  );

it('orders what each list is for', () => {
  expect(list('single')).toEqual([2, 3, 4, 1]);
  expect(list('polysemantic')).toEqual([4, 3, 2]);
  expect(list('dense')).toEqual([1, 4, 3, 2]);
  expect(list('rare')).toEqual([2, 3, 4, 1]);
  expect(list('dead')).toEqual([0]);
  expect(list('places')).toEqual([4]);
});

it('finds by label, number and token, a space in front counting', () => {
  expect(list('dense', 'whale')).toEqual([3]);
  expect(list('dense', 'the')).toEqual([4, 3, 2]);
  expect(list('dense', ' the')).toEqual([4, 2]);
  expect(list('dense', ',')).toEqual([1]);
  expect(list('dense', '0')).toEqual([0]);
  // What it is called counts as a label.
  expect(list('dense', 'digits')).toEqual([2]);
  expect(list('dense', 'nothing')).toEqual([]);
});
