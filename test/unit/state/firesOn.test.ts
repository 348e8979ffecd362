import { describe, expect, it } from 'vitest';
import { namedText } from '../../../src/core/lm/glyphs.ts';
import { firesOn, type FiredToken } from '../../../src/state/explore/firesOn.ts';
import { indexFeatures } from '../../../src/state/explore/features.ts';
import { tally } from '../../../src/state/explore/ranking.ts';
import { sparse } from '../../helpers/fakeDictionaries.ts';

/** "·the 3×, ·a" */
const firedWords = (fired: readonly FiredToken[]) =>
  fired.map(({ name, times }) => `${namedText(name)}${times > 1 ? ` ${times}×` : ''}`).join(', ');

const names = [' the', ' sea', 'the', ' hat', '<|endoftext|>'].map((text) => ({ text, part: 1, of: 1 }));
// 3: the twice and sea a little; 5: sea and hat alike; 7: the end of text alone.
const index = indexFeatures(
  sparse([
    [[3, 2]],
    [
      [3, 1],
      [5, 4],
    ],
    [[3, 2]],
    [[5, 3]],
    [
      [3, 90],
      [7, 9],
    ],
  ]),
);

describe('what a feature fires on in this text', () => {
  it('is the token with the largest sum, with how often', () => {
    expect(firedWords(firesOn(tally(index, new Set([4])), 3, names))).toBe('·the 2×');
    expect(firesOn(tally(index, new Set([4])), 3, names)).toEqual([{ name: names[0], times: 2 }]);
  });

  it('names a second one that is not far behind', () => {
    expect(firedWords(firesOn(tally(index), 5, names))).toBe('·sea, ·hat');
  });

  it('counts tokens left out only when they are not', () => {
    expect(firedWords(firesOn(tally(index), 3, names))).toBe('<|endoftext|>');
    expect(firesOn(tally(index, new Set([4])), 7, names)).toEqual([]);
  });

  it('is nothing for a silent feature, or while tokens have no names', () => {
    expect(firesOn(tally(index), 8, names)).toEqual([]);
    expect(firesOn(tally(index), 3, [])).toEqual([]);
  });
});
