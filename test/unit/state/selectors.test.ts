import { describe, expect, it } from 'vitest';
import type { Predictions } from '../../../src/api/model.ts';
import { toCsv } from '../../../src/state/shared/csv.ts';
import { hookGroups, hookInGroup, hookParts, hookWidth, isPattern } from '../../../src/state/shared/hooks.ts';
import { dimensionName, largestIndices, normsByPosition, predictionRows, vectorAt } from '../../../src/state/explore/selectors.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';

function predictions(topIds: number[], topProbs: number[], nextSurprise: number): Predictions {
  return {
    ids: [9, 30],
    tokens: ['a', ' z'],
    spans: [
      [0, 1],
      [1, 3],
    ],
    surprise: Float32Array.of(NaN, nextSurprise),
    entropy: Float32Array.of(1, 1),
    rank: Int32Array.of(-1, 17),
    k: 2,
    topIds: Uint32Array.from([...topIds, 0, 0]),
    topProbs: Float32Array.from([...topProbs, 0, 0]),
    topTokens: { 10: 'x', 11: 'y', 12: 'w' },
  };
}
const before = predictions([10, 11], [0.5, 0.25], -Math.log(0.125));
const after: Predictions = {
  ...predictions([12, 10], [0.75, 0.125], -Math.log(0.0625)),
  comparison: {
    kl: Float32Array.of(1, 1),
    topProbsBefore: Float32Array.of(0.03125, 0.5, 0, 0),
    idsBefore: Uint32Array.of(10, 11, 0, 0),
    probsBefore: Float32Array.of(0.5, 0.25, 0, 0),
    probsAfter: Float32Array.of(0.125, 0.015625, 0, 0),
  },
};

describe('predictionRows', () => {
  it('lists the likeliest and the actual next token with its own probability and rank', () => {
    expect(predictionRows(before, null, 0)).toEqual([
      { id: 10, token: 'x', before: 0.5, after: undefined, rank: 1, actual: false },
      { id: 11, token: 'y', before: 0.25, after: undefined, rank: 2, actual: false },
      { id: 30, token: ' z', before: expect.closeTo(0.125, 6) as number, after: undefined, rank: 18, actual: true },
    ]);
  });

  it('joins what is likely before and after, each with both its probabilities', () => {
    const rows = predictionRows(before, after, 0, 'after');
    expect(rows.map((r) => r.id)).toEqual([12, 10, 30, 11]);
    expect(rows[0]).toMatchObject({ before: 0.03125, after: 0.75, rank: undefined });
    expect(rows[1]).toMatchObject({ before: 0.5, after: 0.125, rank: 1 });
    expect(rows[3]).toMatchObject({ before: 0.25, after: 0.015625, rank: 2 });
  });

  it('orders by the size of the change', () => {
    expect(predictionRows(before, after, 0, 'change').map((r) => r.id)).toEqual([12, 10, 11, 30]);
  });

  it('has no actual token after the last', () => {
    expect(predictionRows(before, null, 1).some((r) => r.actual)).toBe(false);
  });
});

describe('activations', () => {
  const values = { data: Float32Array.of(3, 4, 0, 0, 0, -2), shape: [3, 2] };

  it('measures the length of each position', () => {
    expect([...normsByPosition(values)]).toEqual([5, 0, 2]);
  });

  it('takes one position and finds its largest magnitudes', () => {
    expect([...vectorAt(values, 2)]).toEqual([0, -2]);
    expect(largestIndices(Float32Array.of(1, -3, 2, 3), 3)).toEqual([1, 3, 2]);
  });

  it('names dimensions of hooks with heads by head and dimension', () => {
    expect(dimensionName(17, [5, 256])).toBe('17');
    expect(dimensionName(70, [5, 8, 32])).toBe('2, 6');
  });
});

describe('hooks', () => {
  const { hooks } = fakeModel();
  const hook = (name: string) => hooks.find((h) => h.name === name) ?? hooks[0];

  it('takes names apart and puts menus together', () => {
    expect(hookParts('blocks.11.attn.hook_z')).toEqual({ group: 11, site: 'attn.hook_z' });
    expect(hookGroups(hooks)).toEqual(['start', 0, 1, 2, 3, 4, 5, 'end']);
    expect(hookInGroup(hooks, 2, 'blocks.4.hook_mlp_out')).toBe('blocks.2.hook_mlp_out');
    expect(hookInGroup(hooks, 'end', 'blocks.4.hook_mlp_out')).toBe('ln_final.hook_normalized');
  });

  it('knows how wide a position is, and where there is no such width', () => {
    expect(hookWidth(hook('blocks.0.attn.hook_z'))).toBe(256);
    expect(hookWidth(hook('blocks.0.mlp.hook_post'))).toBe(1024);
    expect(hookWidth(hook('blocks.0.attn.hook_pattern'))).toBeNull();
    expect(isPattern(hook('blocks.0.attn.hook_pattern'))).toBe(true);
  });
});

it('quotes cells that need it', () => {
  expect(
    toCsv([
      ['a', 1.5],
      ['say "x"', ' lead'],
      ['p,q', 'l\nm'],
    ]),
  ).toBe('a,1.5\r\n"say ""x"""," lead"\r\n"p,q","l\nm"\r\n');
});

it('makes no formula of a label or a token, and leaves numbers numbers', () => {
  expect(
    toCsv([
      ['=1+1', '+2', '-', '@SUM(A1)', '\tx', '=HYPERLINK("http://x","y")'],
      [-1.5, '·-', "it's", 'a=b', '', -1e-7],
    ]),
  ).toBe(`'=1+1,'+2,'-,'@SUM(A1),'\tx,"'=HYPERLINK(""http://x"",""y"")"\r\n-1.5,·-,it's,a=b,,-1e-7\r\n`);
});
