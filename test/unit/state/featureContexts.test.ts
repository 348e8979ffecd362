import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/api/features.ts';
import { contextGroups, contextTokens, fullColour, rowColour, shownTokens } from '../../../src/state/feature/contexts.ts';
import { contextsCsv, effectsCsv, stackCsv, textEffectCsv } from '../../../src/state/feature/files.ts';
import { summaryIn } from '../../../src/state/feature/inText.ts';
import { strongestPositions } from '../../../src/state/feature/textEffect.ts';
import {
  countOf,
  densityRank,
  firingsIn,
  largestChange,
  restWords,
  shareBelow,
  stackEdges,
  stacksAt,
  strongestTokens,
  tagsOf,
} from '../../../src/state/feature/words.ts';
import { leftWords } from '../../../src/state/shared/leftWords.ts';
import { threeTokens } from '../../helpers/fakeDictionaries.ts';
import { fakeEffects, fakeIndex, fakeRecord, fakeSummary } from '../../helpers/fakeFeatures.ts';

const words = ['One', '.', ' Two', ' three', ' four', ',', ' five', '!"', ' Six', '\n', 'Seven'];

describe('a context', () => {
  it('is cut to a few tokens, a sentence, or not at all', () => {
    expect(shownTokens(words, 6, 'short')).toEqual([1, 11]);
    expect(shownTokens(words, 6, 'sentence')).toEqual([2, 8]);
    expect(shownTokens(words, 8, 'sentence')).toEqual([8, 10]);
    expect(shownTokens(words, 10, 'sentence')).toEqual([10, 11]);
    expect(shownTokens(words, 6, 'long')).toEqual([0, 11]);
  });

  it('joins tokens that share a character, with the value of largest size', () => {
    const context: Context = { document: 0, position: 5, ids: [1, 2, 3], at: 2, values: [0, 1, -2], value: -2 };
    const spelled = {
      ids: [1, 2, 3],
      text: 'a🦊',
      tokens: ['a', '\uFFFD', '\uFFFD'],
      spans: [
        [0, 1],
        [1, 3],
        [1, 3],
      ] as [number, number][],
    };
    const [first, fox] = contextTokens(context, spelled, 'long');
    expect(first).toMatchObject({ group: { text: 'a' }, value: 0, isMeant: false });
    expect(fox).toMatchObject({ group: { text: '🦊', count: 2 }, value: -2, isMeant: true });
    expect(rowColour(context)).toBe(2);
  });

  it('stands in its groups, those of a range alone when one is chosen', () => {
    const record = fakeRecord(0);
    const all = contextGroups(record, null);
    expect(all.map(({ name, lists }) => [name, lists.length])).toEqual([
      ['top', 1],
      ['bands', 5],
      ['random', 1],
      ['near', 1],
    ]);
    const chosen = contextGroups(record, [1, 2]);
    const values = chosen.flatMap(({ lists }) => lists.flatMap(({ contexts }) => contexts.map(({ value }) => value)));
    expect(values.length).toBeGreaterThan(3);
    expect(values.every((value) => value >= 1 && value < 2)).toBe(true);
    expect(contextGroups(fakeRecord(2), null).map(({ lists }) => lists.flatMap(({ contexts }) => contexts).length)).toEqual([0, 0, 0, 10]);
  });

  it('is coloured by the largest size, below 0 too', () => {
    expect(fullColour(fakeRecord(0))).toBe(fakeRecord(0).maximum);
    const signed = fakeRecord(3);
    expect(fullColour({ ...signed, maximum: 0.5 })).toBe(-signed.histogram.edges[0]);
  });
});

describe('figures', () => {
  const record = fakeRecord(0);

  it('of the stack are those of the histogram, joined', () => {
    const edges = stackEdges(record);
    expect(edges).toHaveLength(11);
    expect([edges[0], edges[1], edges[10]]).toEqual([record.histogram.edges[0], record.histogram.edges[5], record.histogram.edges[50]]);
    expect(firingsIn(record, [edges[0], edges[1]])).toBe(record.histogram.counts.slice(0, 5).reduce((a, b) => a + b, 0));
  });

  it('place a value among the firings', () => {
    const small = { histogram: { edges: [0, 1, 2], counts: [3, 1] } };
    expect([0, 0.5, 1, 1.5, 9].map((value) => shareBelow(small, value))).toEqual([0, 0.375, 0.75, 0.875, 1]);
    expect(shareBelow({ histogram: { edges: [0, 1], counts: [0] } }, 1)).toBeNaN();
  });

  it('rank by density, 1 the densest', () => {
    const summary = fakeSummary('d');
    expect([densityRank(summary, 1), densityRank(summary, 0), densityRank(summary, 2)]).toEqual([1, 2, 1024]);
  });

  it('name what it fires on: the second where it is not far behind', () => {
    const firing = (sums: number[]) => ({ firing: sums.map((sum, id) => ({ id, count: 1, sum, max: 1 })) });
    expect([[9, 3], [9, 2], []].map((sums) => strongestTokens(firing(sums)))).toEqual([[0, 1], [0], []]);
  });

  it('tell tags by letters too, each once', () => {
    const quotes = { ...fakeRecord(0), tags: ['opening' as const] };
    expect(tagsOf(quotes, new Map(quotes.firing.map(({ id }) => [id, ' “'])))).toEqual(['opening']);
    expect(tagsOf(fakeRecord(1), new Map())).toEqual(['dense']);
    expect(tagsOf(fakeRecord(2), new Map())).toEqual(['dead']);
  });

  it('say what they rest on', () => {
    expect(restWords(fakeIndex('d'))).toBe('100\u202F000 tokens of moby-dick');
    expect(restWords(fakeIndex('d', 500))).toBe('the first 500 of 100\u202F000 tokens of moby-dick');
    expect([leftWords(0, 10, 9), leftWords(5, 10, 1), leftWords(5, 10, 40), leftWords(1, 10, 40)]).toEqual([
      '',
      '',
      ', about 40 s left',
      ', about 6 min left',
    ]);
  });
});

describe('an effect', () => {
  it('is counted anew at each threshold, by next token', () => {
    const effects = fakeEffects(0, 20_000);
    const { up, down } = effects;
    expect(stacksAt(effects, effects.next, 0.1)).toEqual({ up, down });
    const counts = [0, 0.1, 1, 3, 99].map((threshold) => countOf(stacksAt(effects, effects.next, threshold).up.series));
    expect(counts).toEqual([0, 0.1, 1, 3, 99].map((threshold) => effects.deltas!.filter((delta) => delta > threshold).length));
    expect(counts.at(-1)).toBe(0);
    expect(largestChange(effects)).toBeGreaterThan(5);
    // Without the changes themselves, as they were counted.
    expect(stacksAt({ up, down }, effects.next, 3)).toEqual({ up, down });
  });

  it('in a text is largest first', () => {
    const effects = { ...fakeEffects(0, 3), per_position: [{ delta: [0.1, -0.9, 0, 5], kl: [0, 0.4, 0, 1], value: [1, 2, 3, 4] }] };
    // The last position predicts nothing that is known.
    expect(strongestPositions({ text: '', effects, tokens: ['a', 'b', 'c', 'd'] }, 6)).toEqual([
      { position: 1, token: 'b', next: 'c', value: 2, delta: -0.9, kl: 0.4 },
      { position: 0, token: 'a', next: 'b', value: 1, delta: 0.1, kl: 0 },
    ]);
  });
});

it('one feature is found among all that a text fires', () => {
  expect(summaryIn(threeTokens(8), 5, ['a', 'b', 'c'])).toEqual({ max: 3.5, token: 'c', count: 2, tokens: 3 });
  expect(summaryIn(threeTokens(8), 6, ['a', 'b', 'c'])).toEqual({ max: 0, token: '', count: 0, tokens: 3 });
});

describe('files', () => {
  const names = new Map([
    [10, ' the'],
    [11, '=1+1'],
  ]);

  it('hold every token of every context', () => {
    const record = fakeRecord(0);
    const texts = new Map(record.top.map((c) => [c, { ids: c.ids, tokens: c.ids.map(() => '=x'), text: '', spans: [] }]));
    const lines = contextsCsv({ record, index: fakeIndex('d'), texts })
      .trim()
      .split('\r\n');
    const contexts =
      record.top.length + record.bands.reduce((n, { contexts: c }) => n + c.length, 0) + record.random.length + record.near.length;
    expect(lines).toHaveLength(1 + 25 * contexts);
    // No spreadsheet takes a token for a formula.
    expect(lines[1]).toContain(",'=x,");
  });

  it('hold every position of a text', () => {
    const effects = { ...fakeEffects(0, 2), per_position: [{ delta: [0.5, -1, 9], kl: [0.25, 1, 9], value: [1, 0, 9] }] };
    expect(textEffectCsv({ text: '', effects, tokens: ['a', '=b', 'c'] })).toBe(
      "position,token,next token,value,delta,kl\r\n0,a,'=b,1,0.5,0.25\r\n1,'=b,c,0,-1,1\r\n",
    );
  });

  it('have a column for each token of a stack', () => {
    expect(
      stackCsv(
        [0, 1, 2],
        [
          { id: 10, counts: [3, 4] },
          { id: null, counts: [1, 0] },
        ],
        names,
      ),
    ).toBe('from,to,·the,other tokens\r\n0,1,3,1\r\n1,2,4,0\r\n');
    expect(effectsCsv(fakeEffects(0, 20_000), 0.1, names)).toMatch(/^feature,up,0,0\.\d+,·the,\d+\r$/m);
  });
});
