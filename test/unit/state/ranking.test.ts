import { describe, expect, it } from 'vitest';
import { indexFeatures } from '../../../src/state/explore/features.ts';
import { featuresCsv } from '../../../src/state/explore/featuresCsv.ts';
import {
  rankFeatures,
  rareValue,
  searchFeatures,
  specialPositions,
  spanValue,
  strongestFeature,
  tally,
  type Order,
  type Tally,
} from '../../../src/state/explore/ranking.ts';
import type { Densities } from '../../../src/state/shared/dictionaries.ts';
import { sparse, threeTokens } from '../../helpers/fakeDictionaries.ts';

const index = indexFeatures(threeTokens(24));
const all = tally(index);
const by = (ranking: Order['ranking'], more: Partial<Order> = {}): Order => ({
  ranking,
  position: 0,
  span: null,
  densities: null,
  ...more,
});
const order = (counted: Tally, how: Order) => rankFeatures(counted, how).map((r) => [r.row.latent, r.value]);

describe('rankFeatures', () => {
  it.each([
    ['max', '2:4 7:4 5:3.5'],
    ['sum', '5:5 2:4.5 7:4'],
    ['count', '2:2 5:2 7:1'],
  ] as const)('orders by %s, equals by number', (ranking, expected) => {
    const said = order(all, by(ranking)).map(([latent, value]) => `${latent}:${value}`);
    expect(said.join(' ')).toBe(expected);
  });

  it('lists only what fires at the chosen token', () => {
    expect(order(all, by('token'))).toEqual([
      [2, 4],
      [5, 1.5],
    ]);
    expect(order(all, by('token', { position: 1 }))).toEqual([]);
  });

  it('takes the maximum over a span, its end left out', () => {
    expect(order(all, by('span', { span: [1, 3] }))).toEqual([
      [7, 4],
      [5, 3.5],
      [2, 0.5],
    ]);
    expect(order(all, by('span', { span: [0, 2] }))).toEqual([
      [2, 4],
      [5, 1.5],
    ]);
    expect(order(all, by('span'))).toEqual([]);
    expect(spanValue(all, 3, [0, 3])).toBe(0);
  });

  it('weighs by rarity: maximum × ln(1 / density)', () => {
    const values = new Float32Array(24).fill(0.5);
    values[5] = 0.01;
    const densities: Densities = { values, source: 'file' };
    const ranked = order(all, by('rare', { densities }));
    expect(ranked.map(([latent]) => latent)).toEqual([5, 2, 7]);
    expect(ranked[0][1]).toBeCloseTo(3.5 * Math.log(100), 4);
    expect(ranked[1][1]).toBeCloseTo(4 * Math.log(2), 6);
  });

  it('counts rarity on the text when the dictionary does not say', () => {
    // 7 fires on one of three tokens, 2 on two.
    expect(rareValue(all, index.rows[2], null)).toBeCloseTo(4 * Math.log(3), 6);
    expect(rareValue(all, index.rows[0], null)).toBeCloseTo(4 * Math.log(1.5), 6);
  });

  it('gives a feature that was never seen the weight of half a token, and one always seen none', () => {
    const row = index.rows[0];
    const at = (density: number, tokens?: number) =>
      rareValue(all, row, { values: new Float32Array(24).fill(density), source: 'measured', ...(tokens && { tokens }) });
    expect(at(0, 50)).toBeCloseTo(4 * Math.log(100), 6);
    expect(at(0)).toBeCloseTo(4 * Math.log(1e6), 6);
    expect(at(1)).toBe(0);
  });
});

describe('special tokens', () => {
  it('are the ones written <|…|>', () => {
    expect([...specialPositions(['<|endoftext|>', ' a', '<|', '<|padding|>'])]).toEqual([0, 3]);
    expect(specialPositions(['a'])).toBe(specialPositions(['b', 'c']));
  });

  it('are left out of maxima, sums and counts, and a feature that fires nowhere else is not listed', () => {
    const counted = tally(index, new Set([2]));
    expect(counted.rows).toEqual([
      { latent: 2, max: 4, peak: 0, sum: 4, count: 1 },
      { latent: 5, max: 1.5, peak: 0, sum: 1.5, count: 1 },
    ]);
    expect(counted.tokens).toBe(2);
    expect(order(counted, by('max'))).toEqual([
      [2, 4],
      [5, 1.5],
    ]);
    expect(order(counted, by('span', { span: [1, 3] }))).toEqual([]);
    expect(strongestFeature(tally(index, new Set([0])), null)).toBe(7);
  });

  it('still answer when chosen by hand', () => {
    expect(order(tally(index, new Set([2])), by('token', { position: 2 }))[0]).toEqual([7, 4]);
  });

  it('are tallied once for each index', () => {
    const skipped = new Set([1]);
    expect(tally(index, skipped)).toBe(tally(index, skipped));
    expect(tally(index)).toBe(all);
  });
});

describe('searchFeatures', () => {
  const ranked = rankFeatures(all, by('max'));
  const labels = new Map([
    [7, 'Days of the week'],
    [21, 'weekend, days off'],
    [2, 'Ä ship'],
  ]);
  const found = (query: string) => searchFeatures(query, ranked, all, labels).map((r) => r.row.latent);

  it('leaves the list alone without a query', () => {
    expect(searchFeatures('  ', ranked, all, labels)).toBe(ranked);
  });

  it('finds numbers that begin so, the exact one first, silent ones last', () => {
    expect(found('2')).toEqual([2, 20, 21, 22, 23]);
    expect(found('#5')).toEqual([5]);
    expect(found('1')).toEqual([1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(found('24')).toEqual([]);
  });

  it('finds labels that hold every word, whatever the case, also of features that do not fire', () => {
    expect(found('DAYS week')).toEqual([7, 21]);
    expect(found('ä')).toEqual([2]);
    expect(found('a\u0308')).toEqual([2]);
    expect(found('month')).toEqual([]);
    expect(searchFeatures('weekend', ranked, all, labels)[0].row).toEqual({ latent: 21, max: 0, peak: 0, sum: 0, count: 0 });
  });
});

describe('strongestFeature', () => {
  it('is none on a text on which nothing fires', () => {
    expect(strongestFeature(tally(indexFeatures(sparse([[], []], 8))), null)).toBeNull();
  });

  it('is strong and rare', () => {
    expect(strongestFeature(all, null)).toBe(7);
    const values = new Float32Array(24).fill(0.5);
    values[5] = 0.01;
    const densities: Densities = { values, source: 'file' };
    expect(strongestFeature(all, densities)).toBe(5);
    expect(strongestFeature(all, densities)).toBe(5);
    // On one token everything fires always: then the largest.
    expect(
      strongestFeature(
        tally(
          indexFeatures(
            sparse(
              [
                [
                  [1, 2],
                  [3, 5],
                ],
              ],
              8,
            ),
          ),
        ),
        null,
      ),
    ).toBe(3);
  });
});

describe('featuresCsv', () => {
  const names = ['·a', '↵', ','];
  const facts = { counted: all, ranked: rankFeatures(all, by('max')), names, labels: new Map([[7, 'so, "this"']]), position: 2 };

  it('writes the list in its order, names and labels that hold commas quoted', () => {
    expect(featuresCsv({ ...facts, span: null, densities: null }).split('\r\n')).toEqual([
      'feature,label,maximum,sum,tokens,peak_position,peak_token,value_at_position_2,density_on_this_text,rarity_weighted',
      '2,,4,4.5,2,0,·a,0.5,0.666666667,1.62186043',
      '7,"so, ""this""",4,4,1,2,",",4,0.333333333,4.39444915',
      '5,,3.5,5,2,2,",",3.5,0.666666667,1.41912788',
      '',
    ]);
  });

  it('adds the span, and the density the dictionary states', () => {
    const densities: Densities = { values: new Float32Array(24).fill(0.5), source: 'file' };
    const [head, first] = featuresCsv({ ...facts, span: [1, 3], densities }).split('\r\n');
    expect(head).toContain('value_at_position_2,maximum_at_positions_1_to_2,density,rarity_weighted');
    expect(first).toBe('2,,4,4.5,2,0,·a,0.5,0.5,0.5,2.77258872');
  });

  it('leaves the peak of a silent feature empty', () => {
    const ranked = searchFeatures('20', facts.ranked, all, new Map());
    expect(featuresCsv({ ...facts, ranked, span: null, densities: null })).toContain('\r\n20,,0,0,0,,,0,0,0\r\n');
  });
});
