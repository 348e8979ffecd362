import { describe, expect, it } from 'vitest';
import { initialDictionaryFacts } from '../../../src/state/shared/dictionaries.ts';
import {
  initialFeatureFacts,
  selectedLatent,
  shownSeries,
  togglePin,
  type FeatureReading,
  type Pin,
} from '../../../src/state/explore/featureFacts.ts';
import {
  binnedSeries,
  commonPrefix,
  defaultDictionary,
  dictionaryName,
  featureSeries,
  featureValue,
  indexFeatures,
  indexing,
} from '../../../src/state/explore/features.ts';
import { atOnce } from '../../../src/state/shared/timeSlices.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';
import { fakeDictionaries, sparse, threeTokens } from '../../helpers/fakeDictionaries.ts';

const index = indexFeatures(threeTokens(8));
describe('indexFeatures', () => {
  it('of parts of a text is the same as of the whole, and knows nothing of parts not there', () => {
    const entries: [number, number][][] = [
      [
        [2, 4],
        [5, 1.5],
      ],
      [],
      [
        [2, 0.5],
        [5, 3.5],
        [7, 4],
      ],
    ];
    const parts = [
      { first: 0, latents: sparse(entries.slice(0, 2), 8) },
      { first: 2, latents: sparse(entries.slice(2), 8) },
    ];
    expect(atOnce(indexing(parts, 3, 8))).toEqual(index);
    const later = atOnce(indexing(parts.slice(1), 3, 8));
    expect([...later.active]).toEqual([0, 0, 3]);
    expect(later.rows.map((r) => [r.latent, r.peak])).toEqual([
      [2, 2],
      [5, 2],
      [7, 2],
    ]);
  });

  it('turns rows by token into rows by latent', () => {
    expect(index.rows).toEqual([
      { latent: 2, max: 4, peak: 0, sum: 4.5, count: 2 },
      { latent: 5, max: 3.5, peak: 2, sum: 5, count: 2 },
      { latent: 7, max: 4, peak: 2, sum: 4, count: 1 },
    ]);
    expect([...index.active]).toEqual([2, 0, 3]);
    expect([...index.offsets]).toEqual([0, 2, 4, 5]);
    expect([...index.positions]).toEqual([0, 2, 0, 2, 2]);
  });

  it('gives a value at every token, zeros where nothing fires', () => {
    expect([...featureSeries(index, 5)]).toEqual([1.5, 0, 3.5]);
    expect([...featureSeries(index, 3)]).toEqual([0, 0, 0]);
    expect(featureValue(index, 5, 2)).toBe(3.5);
    expect(featureValue(index, 5, 1)).toBe(0);
    expect(featureValue(index, 0, 0)).toBe(0);
  });

  it('draws long texts with the largest value of each bar', () => {
    expect([...binnedSeries(index, 5, 240)]).toEqual([1.5, 0, 3.5]);
    // Tokens 0 and 1 share a bar.
    expect([...binnedSeries(index, 5, 2)]).toEqual([1.5, 3.5]);
    expect([...binnedSeries(index, 5, 2, new Set([2]))]).toEqual([1.5, 0]);
    expect([...binnedSeries(index, 3, 2)]).toEqual([0, 0]);
  });

  it('has no rows for a text on which nothing fires', () => {
    const silent = indexFeatures(sparse([[], []], 8));
    expect(silent.rows).toEqual([]);
  });

  it('takes the last latent of the dictionary', () => {
    expect(indexFeatures(sparse([[[7, 1]]], 8)).rows).toEqual([{ latent: 7, max: 1, peak: 0, sum: 1, count: 1 }]);
  });
});

describe('dictionaries', () => {
  const list = fakeDictionaries();

  it('starts with the middle layer, what comes with the page before what was imported', () => {
    const mine = { ...list[3], id: 'mine', source: 'files' as const };
    expect(defaultDictionary([mine, ...list], fakeModel())?.id).toBe('bookworm-9m/blocks.3.hook_resid_post/r4');
    expect(defaultDictionary([mine], fakeModel())).toBe(mine);
    const attention = { ...list[3], id: 'attention', hook: 'blocks.3.hook_attn_out' };
    expect(defaultDictionary([attention, ...list], fakeModel())?.id).toBe('bookworm-9m/blocks.3.hook_resid_post/r4');
    expect(defaultDictionary([attention, mine], fakeModel())).toBe(attention);
    expect(defaultDictionary(fakeDictionaries(false), fakeModel())).toBeUndefined();
  });

  it('names what is beyond the hook', () => {
    expect(dictionaryName(list[2])).toBe('r4');
    expect(dictionaryName({ ...list[2], id: 'a1b2', label: 'mine' })).toBe('mine');
  });
});

describe('pins and the feature shown', () => {
  const reading = {
    dictionary: fakeDictionaries()[0],
    ids: [1, 2, 3],
    tokens: ['a', 'b', 'c'],
    index,
    known: { flags: Uint8Array.of(1, 1, 1), count: 3 },
  } as unknown as FeatureReading;
  const { id } = reading.dictionary;
  const pinAll = (latents: number[], from: readonly Pin[] = []) => latents.reduce((pins, l) => togglePin(pins, id, l), from);

  it('gives each pin the first free place, up to six in a dictionary', () => {
    const six = pinAll([10, 11, 12, 13, 14, 15]);
    expect(six.map((p) => p.slot)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(togglePin(six, id, 16)).toBe(six);
    const again = pinAll([11, 16], six);
    expect(again.at(-1)).toEqual({ dictionary: id, latent: 16, slot: 1 });
    expect(togglePin(six, 'other', 16)).toHaveLength(7);
  });

  it('shows the feature pointed at, else the last pinned, else the most telling', () => {
    const none = { ...initialDictionaryFacts, ...initialFeatureFacts };
    const state = { ...none, features: reading };
    expect(selectedLatent(state)).toBe(7);
    expect(selectedLatent({ ...state, pins: pinAll([7, 5]) })).toBe(5);
    expect(selectedLatent({ ...state, pins: [{ dictionary: 'other', latent: 1, slot: 0 }] })).toBe(7);
    expect(selectedLatent({ ...state, pins: pinAll([7, 5]), pointed: 0 })).toBe(0);
    expect(selectedLatent(none)).toBeNull();
  });

  it('knows values only of the tokens that were read', () => {
    expect(commonPrefix([1, 2, 3], [1, 2, 4, 5])).toBe(2);
    expect([...shownSeries(reading, 5, [1, 2, 4, 5])]).toEqual([1.5, 0, NaN, NaN]);
  });
});
