import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../../src/api/featurescope.ts';
import { createIndexNames, indexNameOf } from '../../../src/state/explore/indexNames.ts';
import type { ExploreState } from '../../../src/state/explore/state.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const listeners: (() => void)[] = [];
  const summary = vi.fn(() => Promise.resolve({ maximum: Float32Array.of(0, 2, 3), corpus: 'moby-dick' }));
  const names = vi.fn((id: string) => Promise.resolve([{ latent: 1, kind: 'class', words: `digits of ${id}`, share: 0.9 }]));
  const api = { index: { summary, names, subscribe: (listener: () => void) => listeners.push(listener) } } as unknown as FeaturescopeApi;
  const store = createStore(() => ({ model: { hash: 'm' }, features: null, indexNames: null }) as unknown as ExploreState);
  createIndexNames(api, store);
  const read = (id: string) => store.setState({ features: { dictionary: { id } } as unknown as ExploreState['features'] });
  return { store, summary, names, read, changed: () => listeners.forEach((tell) => tell()) };
}

it('names those that the index has a name for, once a text is read and nobody waits', async () => {
  const { store, names, read } = setUp();
  read('d');
  expect(names).not.toHaveBeenCalled();
  read('d');
  await vi.runAllTimersAsync();
  expect(names).toHaveBeenCalledTimes(1);
  expect(indexNameOf(store.getState(), 1)).toMatchObject({ words: 'digits of d', corpus: 'moby-dick' });
  expect(store.getState().indexNames!.maximum[2]).toBe(3);
  expect([indexNameOf(store.getState(), 0), indexNameOf(store.getState(), 2)]).toEqual([undefined, undefined]);
});

it('those of another dictionary are nobody’s, and a new index is looked into', async () => {
  const { store, names, read, changed } = setUp();
  read('d');
  await vi.runAllTimersAsync();
  read('e');
  expect(indexNameOf(store.getState(), 1)).toBeUndefined();
  await vi.runAllTimersAsync();
  expect(indexNameOf(store.getState(), 1)).toBeDefined();
  changed();
  await vi.runAllTimersAsync();
  expect(names).toHaveBeenCalledTimes(3);
});

it('without an index, or when it cannot be read, nothing is named', async () => {
  const { store, summary, read } = setUp();
  summary.mockRejectedValueOnce(new Error('no'));
  read('d');
  await vi.runAllTimersAsync();
  expect(store.getState().indexNames).toBeNull();
});
