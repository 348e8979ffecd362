/** The screen's state with a model open and "the sea" read. The test has fake timers. */
import { vi } from 'vitest';
import { createAppStore } from '../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from './fakeApi.ts';

export async function readyStore(options: FakeOptions = {}) {
  const api = fakeApi(options);
  const store = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await vi.advanceTimersByTimeAsync(1000);
  return { api, store, get: store.getState, act: store.getState().actions };
}
