/** What latents without a label are called, on records made for it. */
import { describe, expect, it } from 'vitest';
import { activationOf, nameOf } from '../../../src/core/interp/featureIndex/names.ts';
import type { Context, FeatureRecord } from '../../../src/core/interp/types.ts';

const LETTERS = [' the', '1', ' 23', '$', '(', ' [', ' Ishmael', 'ing', '.', '\n', ' a', ' NASA', '"', ' sea'];
const idOf = (letters: string) => {
  const id = LETTERS.indexOf(letters);
  return id >= 0 ? id : expect.fail(`no token ${letters}`);
};

/** Contexts of the tokens; the last is the one meant. */
const context = (...letters: string[]): Context => ({
  document: 0,
  position: 9,
  ids: letters.map(idOf),
  at: letters.length - 1,
  values: letters.map(() => 1),
  value: 1,
});

type Named = Pick<FeatureRecord, 'firing' | 'places' | 'bands' | 'random'>;

/** @param sums of each token's values */
function record(sums: Record<string, number>, { random = [] as Context[], places = [1, 1, 1, 1, 4, 8, 16, 68] } = {}): Named {
  const firing = Object.entries(sums).map(([letters, sum]) => ({ id: idOf(letters), count: sum, sum, max: 1 }));
  return { firing: firing.sort((a, b) => b.sum - a.sum), places, bands: [], random };
}

const named = (one: Named, total = one.firing.reduce((sum, token) => sum + token.sum, 0)) => nameOf(one, (id) => LETTERS[id], total);

describe('a name', () => {
  it('is the token that has half of its activation or more', () => {
    expect(named(record({ ' the': 60, ' a': 40 }))).toEqual({ kind: 'token', words: ' the', share: 0.6 });
    expect(named(record({ ' the': 49, ' a': 51 }))).toEqual({ kind: 'token', words: ' a', share: 0.51 });
    expect(named(record({ ' the': 40, ' a': 30, ' sea': 30 }))).toBeNull();
  });

  it.each([
    [{ '1': 45, ' 23': 40, ' a': 15 }, 'digits', 0.85],
    [{ '(': 45, ' [': 45, ' a': 10 }, 'opening brackets and quotation marks', 0.9],
    [{ '.': 45, '"': 40, ' a': 15 }, 'punctuation', 0.85],
    [{ ' NASA': 45, ' Ishmael': 5, ' a': 50 - 1 }, null, 0],
  ])('is the class that holds four fifths: %o', (sums, words, share) => {
    expect(named(record(sums))).toEqual(words === null ? null : { kind: 'class', words, share });
  });

  it('counts what a record that keeps few tokens leaves out', () => {
    const short = record({ '1': 45, ' 23': 40 });
    expect(named(short, 100)).toMatchObject({ words: 'digits', share: 0.85 });
    expect(named(short, 200)).toBeNull();
    expect(activationOf(short, 0.3)).toBeCloseTo(150, 10);
    expect(named(short, 0)).toBeNull();
  });

  it('says what stands before, where that is nearly always the same', () => {
    const digits = { '1': 49, ' 23': 46, ' a': 5 };
    const after = (n: number, others: number) => [
      ...Array.from({ length: n }, () => context(' a', '$', '1')),
      ...Array.from({ length: others }, () => context(' the', ' 23')),
    ];
    expect(named(record(digits, { random: after(8, 2) }))!.words).toBe('digits after “$”');
    expect(named(record(digits, { random: after(7, 3) }))!.words).toBe('digits');
    // Four contexts say nothing.
    expect(named(record(digits, { random: after(4, 0) }))!.words).toBe('digits');
  });

  it('is the second of a repeated pair where most contexts show the pair twice', () => {
    const sums = { ' the': 25, ' sea': 25, ' a': 25, ' Ishmael': 25 };
    const twice = context(' a', ' sea', ' the', ' a', ' sea');
    const once = context(' a', ' the', ' sea', ' a', ' Ishmael');
    expect(named(record(sums, { random: [twice, twice, twice, twice, once] }))).toEqual({
      kind: 'repeat',
      words: 'the second of a repeated pair of tokens',
      share: 0.8,
    });
    expect(named(record(sums, { random: [twice, twice, once, once, once] }))).toBeNull();
  });

  it('is the place where most of its firings are', () => {
    const sums = { ' the': 25, ' sea': 25, ' a': 25, ' Ishmael': 25 };
    expect(named(record(sums, { places: [60, 0, 0, 0, 0, 0, 20, 20] }))).toMatchObject({
      kind: 'place',
      words: 'the first token of a window',
      share: 0.6,
    });
    expect(named(record(sums, { places: [0, 0, 0, 90, 0, 0, 5, 5] }))).toMatchObject({
      kind: 'place',
      words: 'tokens 4 to 7 of a window',
      share: 0.9,
    });
    // The late ranges are most of a window.
    expect(named(record(sums, { places: [0, 0, 0, 0, 0, 0, 5, 95] }))).toBeNull();
  });

  it('is none of what never fires', () => expect(named(record({}), 1)).toBeNull());
});
