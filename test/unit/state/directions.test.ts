/** Making other directions from the library: progress, stop, refusal. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readyStore } from '../../helpers/readyStore.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const asked = { kind: 'pca', hook: 'blocks.3.hook_resid_post' } as const;

it('says how far it is, and lists the dictionary', async () => {
  const { get, act } = await readyStore({ delayMs: 100 });
  const made = act.makeDirections(asked);
  await vi.advanceTimersByTimeAsync(250);
  expect(get().directionsTask).toEqual({ status: 'running', done: 2, total: 3, message: 'Read 2 of 3 tokens.' });
  await vi.advanceTimersByTimeAsync(2000);
  await made;
  expect(get().directionsTask).toMatchObject({ status: 'done', id: 'pca' });
  const { dictionaries } = get();
  expect(dictionaries.status === 'done' && dictionaries.list.some(({ id }) => id === 'pca')).toBe(true);
});

it('stops on request, and says why it failed', async () => {
  const { get, act } = await readyStore({ delayMs: 100 });
  const stopped = act.makeDirections(asked);
  await vi.advanceTimersByTimeAsync(150);
  act.cancelDirections();
  await vi.advanceTimersByTimeAsync(500);
  await stopped;
  expect(get().directionsTask).toEqual({ status: 'idle' });
  const failing = await readyStore({ fail: { baselines: 'PCA with 256 components needs at least 257 tokens; there are 100.' } });
  const failed = failing.act.makeDirections(asked);
  await vi.advanceTimersByTimeAsync(100);
  await failed;
  expect(failing.get().directionsTask).toEqual({
    status: 'failed',
    message: 'PCA with 256 components needs at least 257 tokens; there are 100.',
  });
});
