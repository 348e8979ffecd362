import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { comparedCsv, compareFeatures } from '../../../src/state/explore/comparing.ts';
import { comparedTop } from '../../../src/state/explore/compareFacts.ts';
import { indexFeatures } from '../../../src/state/explore/features.ts';
import { tally } from '../../../src/state/explore/ranking.ts';
import type { Densities } from '../../../src/state/shared/dictionaries.ts';
import { readyStore } from '../../helpers/readyStore.ts';
import { sparse } from '../../helpers/fakeDictionaries.ts';

/** Two tokens against four; 1 only in the first, 3 only in the second, 2 in both. */
const first = tally(
  indexFeatures(
    sparse(
      [
        [
          [1, 3],
          [2, 1],
        ],
        [[2, 2]],
      ],
      8,
    ),
  ),
);
const second = tally(indexFeatures(sparse([[[2, 5]], [], [[3, 4]], [[2, 1]]], 8)));
const order = (...args: Parameters<typeof compareFeatures>) => compareFeatures(...args).map((c) => [c.latent, c.difference]);

describe('compareFeatures', () => {
  it('takes maxima, the largest difference first whatever its sign, equal ones by number', () => {
    expect(compareFeatures(first, second, 'max', null)).toEqual([
      { latent: 3, first: 0, second: 4, difference: -4 },
      { latent: 1, first: 3, second: 0, difference: 3 },
      { latent: 2, first: 2, second: 5, difference: -3 },
    ]);
  });

  it('takes means over the tokens of each text, so that length does not count', () => {
    expect(order(first, second, 'mean', null)).toEqual([
      [1, 1.5],
      [3, -1],
      [2, 0],
    ]);
  });

  it('takes the share of tokens', () => {
    expect(order(first, second, 'share', null)).toEqual([
      [1, 0.5],
      [2, 0.5],
      [3, -0.25],
    ]);
  });

  it('weighs both texts by one density', () => {
    const densities: Densities = { values: new Float32Array(8).fill(0.5), source: 'file' };
    densities.values[2] = 0.01;
    const ranked = compareFeatures(first, second, 'rare', densities);
    expect(ranked.map((c) => c.latent)).toEqual([2, 3, 1]);
    expect(ranked[0].difference).toBeCloseTo(-3 * Math.log(100), 4);
    // Without one: 2 fires on four of the six tokens of both, 1 on one.
    const counted = compareFeatures(first, second, 'rare', null);
    expect(counted.find((c) => c.latent === 1)?.difference).toBeCloseTo(3 * Math.log(6), 5);
    expect(counted.find((c) => c.latent === 2)?.difference).toBeCloseTo(-3 * Math.log(6 / 4), 5);
  });

  it('leaves out what is left out of either text', () => {
    const without = tally(second.index, new Set([0]));
    expect(compareFeatures(first, without, 'max', null).find((c) => c.latent === 2)).toEqual({
      latent: 2,
      first: 2,
      second: 1,
      difference: 1,
    });
  });

  it('writes a CSV', () => {
    expect(comparedCsv(compareFeatures(first, second, 'max', null).slice(0, 2), 'max', new Map([[1, 'a, b']]))).toBe(
      'feature,label,max_first,max_second,difference\r\n3,,0,4,-4\r\n1,"a, b",3,0,3\r\n',
    );
  });
});

describe('the second text', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is read with the dictionary on screen, and again with another', async () => {
    const { get, act } = await readyStore();
    act.setCompare('the hat and the man');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().compared?.tokens).toHaveLength(5);
    expect(get().compared?.dictionary.id).toBe(get().dictionary);
    act.chooseDictionary('bookworm-9m/blocks.1.hook_resid_post/r4');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().compared?.dictionary.hook).toBe('blocks.1.hook_resid_post');
  });

  it('shows the newest text only, reads once for a burst of keys, and is gone when closed', async () => {
    const { api, get, act } = await readyStore({ delayMs: (call, text) => (call === 'encode' && text === 'one two' ? 800 : 0) });
    api.calls.length = 0;
    act.setCompare('one two');
    await vi.advanceTimersByTimeAsync(200);
    for (const text of ['o', 'on', 'one']) act.setCompare(text);
    await vi.advanceTimersByTimeAsync(2000);
    expect(get().compared?.text).toBe('one');
    expect(api.calls.filter((c) => c.startsWith('encode'))).toEqual(['encode one two', 'encode one']);
    act.setCompare(null);
    await vi.advanceTimersByTimeAsync(500);
    expect(get().compared).toBeNull();
  });

  it('keeps the sentence of a failure', async () => {
    const { get, act } = await readyStore({ fail: { encode: 'Its file ends early.' } });
    act.setCompare('one');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().compareTask).toEqual({ status: 'failed', message: 'Its file ends early.' });
    expect(get().compared).toBeNull();
  });

  it('shares one scale with the first', async () => {
    const { get, act } = await readyStore();
    act.setCompare('the hat and the man');
    await vi.advanceTimersByTimeAsync(500);
    const { features, compared } = get();
    for (const latent of [0, 17, 40, 109]) {
      const tops = [features, compared].map((text) => text?.index.rows.find((r) => r.latent === latent)?.max ?? 0);
      expect(comparedTop(get(), latent)).toBe(Math.max(...tops));
    }
  });
});
