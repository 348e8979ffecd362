/** Rules about features: what they match, how they are counted, and what is refused. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { RuleCounts, RuleMatcher, wordSpans } from '../../../src/core/interp/rule.ts';
import type { Rule } from '../../../src/core/interp/types.ts';

const place = (id: number, token = '', before = '', word = '') => ({ id, token: () => token, before: () => before, word: () => word });
const still = () => 0;
const make = (rule: Rule, now = still) => new RuleMatcher(rule, now);

describe('a rule', () => {
  it('matches where all of its parts do', () => {
    const rule = make({ tokens: [4, 5], token: "^'$", before: 'O$', word: '^O' });
    expect(rule.matches(place(4, "'", 'Mr O', "O'Brien"))).toBe(true);
    expect(rule.matches(place(6, "'", 'Mr O', "O'Brien"))).toBe(false);
    expect(rule.matches(place(4, '’', 'Mr O', "O'Brien"))).toBe(false);
    expect(rule.matches(place(4, "'", 'Mr A', "O'Brien"))).toBe(false);
    expect(rule.matches(place(4, "'", 'Mr O', 'don'))).toBe(false);
    expect(make({ word: '\\p{Lu}' }).matches(place(1, 'x', '', 'Élan'))).toBe(true);
    expect(make({ tokens: [2] }).matches(place(2))).toBe(true);
  });

  it('tries a token once, however often it comes', () => {
    let asked = 0;
    const rule = make({ token: 'a' }, () => asked++);
    for (let i = 0; i < 5; i++) expect(rule.matches(place(1, 'abc'))).toBe(true);
    expect(asked).toBe(2);
  });

  it.each([
    [{}, /needs at least one of/],
    [null, /must be an object/],
    [{ tokens: [] }, /at least one/],
    [{ tokens: [1.5] }, /list of token ids/],
    [{ token: '(' }, /What is given for `token` is no regular expression: .*Unterminated group/],
    [{ word: '\\u{110000}' }, /`word` is no regular expression/],
    [{ before: 7 }, /`before` of a rule must be a regular expression/],
    [{ before: 'a'.repeat(1001) }, /longer than 1000 characters/],
  ])('such as %j is refused', (rule, sentence) => {
    expect(() => make(rule as Rule)).toThrow(sentence);
  });

  it('that takes long on one place is given up', () => {
    let time = 0;
    const rule = make({ before: '(a+)+$' }, () => (time += 60));
    expect(rule.matches(place(1, '', 'aaa'))).toBe(true);
    const slow = make({ before: '(a+)+$' }, () => (time += 101));
    expect(() => slow.matches(place(1, '', 'aaa'))).toThrow(/`before`, \(a\+\)\+\$, takes too long\. Make it simpler/);
  });

  it('whose repetition is catastrophic really is, and the clock sees it', () => {
    const rule = make({ before: '^(a+)+$' }, () => performance.now());
    expect(() => rule.matches(place(1, '', `${'a'.repeat(22)}b`))).toThrow(/takes too long/);
  });
});

it('finds words with what is inside them', () => {
  const text = "Don’t “ask” Mr O'Brien’s well-known 2nd café-- 'tis";
  expect(wordSpans(text).map(([from, to]) => text.slice(from, to))).toEqual([
    'Don’t',
    'ask',
    'Mr',
    "O'Brien’s",
    'well-known',
    '2nd',
    'café',
    'tis',
  ]);
});

describe('counts', () => {
  it('give precision, recall and F1, and the interval of a plain bootstrap', () => {
    const random = createRandom(9);
    const stretches = Array.from({ length: 14 }, () =>
      Array.from({ length: 50 }, () => {
        const fires = random() < 0.2;
        return { fires, isMatch: random() < (fires ? 0.8 : 0.05) };
      }),
    );
    const counts = new RuleCounts();
    for (const stretch of stretches) {
      counts.begin();
      for (const { isMatch, fires } of stretch) counts.add(isMatch, fires);
    }
    const figures = (all: typeof stretches) => {
      const tokens = all.flat();
      const hits = tokens.filter(({ isMatch, fires }) => isMatch && fires).length;
      const precision = hits / tokens.filter(({ isMatch }) => isMatch).length;
      const recall = hits / tokens.filter(({ fires }) => fires).length;
      return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
    };
    const found = counts.finish(3);
    const { precision, recall, f1 } = figures(stretches);
    expect(found.precision).toBeCloseTo(precision, 12);
    expect(found.recall).toBeCloseTo(recall, 12);
    expect(found.f1).toBeCloseTo(f1, 12);
    const draw = createRandom(3);
    const resamples = Array.from({ length: 1000 }, () => figures(stretches.map(() => stretches[Math.floor(draw() * 14)])).f1);
    resamples.sort((a, b) => a - b);
    expect(found.interval[0]).toBeCloseTo(resamples[24] + 0.975 * (resamples[25] - resamples[24]), 10);
    expect(found.interval[1]).toBeCloseTo(resamples[974] + 0.025 * (resamples[975] - resamples[974]), 10);
    expect(found.interval[0]).toBeLessThan(f1);
    expect(counts.finish(3)).toEqual(found);
  });

  it('of nothing are 0', () => {
    const counts = new RuleCounts();
    counts.begin();
    counts.add(false, false);
    expect(counts.finish(0)).toMatchObject({ precision: 0, recall: 0, f1: 0, interval: [0, 0] });
  });
});
