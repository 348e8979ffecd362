import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../../src/api/featurescope.ts';
import { createIndexNames, indexNameOf } from '../../../src/state/explore/indexNames.ts';
import type { ExploreState } from '../../../src/state/explore/state.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const listeners: (() => void)[] = [];
  const summary = vi.fn(() =>
    Promise.resolve({ token: Int32Array.of(-1, 7, 8), share: Float32Array.of(0, 0.9, 0.4), corpus: 'moby-dick' }),
  );
  const detokenize = vi.fn((rows: number[][]) => Promise.resolve(rows.map(([id]) => ({ tokens: [`t${id}`] }))));
  const api = {
    index: { summary, subscribe: (listener: () => void) => listeners.push(listener) },
    detokenize,
  } as unknown as FeaturescopeApi;
  const store = createStore(() => ({ model: { hash: 'm' }, features: null, indexNames: null }) as unknown as ExploreState);
  createIndexNames(api, store);
  const read = (id: string) => store.setState({ features: { dictionary: { id } } as unknown as ExploreState['features'] });
  return { store, summary, detokenize, read, changed: () => listeners.forEach((tell) => tell()) };
}

it('names those whose activation lies mostly on one token, once a text is read and nobody waits', async () => {
  const { store, summary, read } = setUp();
  read('d');
  expect(summary).not.toHaveBeenCalled();
  read('d');
  await vi.runAllTimersAsync();
  expect(summary).toHaveBeenCalledTimes(1);
  expect(indexNameOf(store.getState(), 1)).toMatchObject({ name: { text: 't7' }, corpus: 'moby-dick' });
  expect([indexNameOf(store.getState(), 0), indexNameOf(store.getState(), 2)]).toEqual([undefined, undefined]);
});

it('those of another dictionary are nobody’s, and a new index is looked into', async () => {
  const { store, summary, read, changed } = setUp();
  read('d');
  await vi.runAllTimersAsync();
  read('e');
  expect(indexNameOf(store.getState(), 1)).toBeUndefined();
  await vi.runAllTimersAsync();
  expect(indexNameOf(store.getState(), 1)).toBeDefined();
  changed();
  await vi.runAllTimersAsync();
  expect(summary).toHaveBeenCalledTimes(3);
});

it('without an index, or when it cannot be read, nothing is named', async () => {
  const { store, summary, read } = setUp();
  summary.mockRejectedValueOnce(new Error('no'));
  read('d');
  await vi.runAllTimersAsync();
  expect(store.getState().indexNames).toBeNull();
});
