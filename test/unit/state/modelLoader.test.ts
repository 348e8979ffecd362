/** The model on screen is the one that runs, whoever opened it. */
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { readyStore } from '../../helpers/readyStore.ts';

// Fetched when first needed, which fake clocks do not wait for.
beforeAll(() => import('../../../src/state/explore/generator.ts'));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a script’s choice is shown, and the text is read with it', async () => {
  const { api, get } = await readyStore();
  api.calls.length = 0;
  void api.models.load({ random: 1 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(get().model?.id).toBe('bookworm-9m+random.1');
  expect(api.calls).toContain('predict the sea');
  expect(get().load).toEqual({ status: 'idle' });
});

it('a stop that came too late shows what is open now', async () => {
  const { api, get, act } = await readyStore();
  let current = api.models.current();
  vi.spyOn(api.models, 'current').mockImplementation(() => current);
  const late = { ...current, id: 'late', hash: 'other' };
  let refuse = (_: Error) => {};
  vi.spyOn(api.models, 'load').mockImplementation(() => new Promise((_, reject) => (refuse = reject)));
  void act.loadModel({ hub: 'a/late' }, 'late');
  act.cancelLoad();
  current = late;
  refuse(new DOMException('Stopped on request.', 'AbortError'));
  await vi.advanceTimersByTimeAsync(10);
  expect(get().model?.id).toBe('bookworm-9m');
  api.tellModels();
  await vi.advanceTimersByTimeAsync(1000);
  expect(get().model?.id).toBe('late');
});

it('the list follows what is deleted here and in other tabs, and a name of it fetches nothing', async () => {
  const { api, get, act } = await readyStore();
  const gone = { ...api.models.current(), id: 'EleutherAI/pythia-70m', source: 'hub' as const };
  const list = vi.spyOn(api.models, 'list').mockResolvedValue([api.models.current(), gone]);
  api.tellModels();
  await vi.advanceTimersByTimeAsync(10);
  expect(get().models).toHaveLength(2);
  const load = vi.spyOn(api.models, 'load');
  void act.loadModel(gone.id, gone.id);
  expect(load.mock.lastCall?.[1]).toMatchObject({ keptOnly: true });
  act.cancelLoad();
  void act.loadModel({ hub: gone.id }, gone.id);
  expect(load.mock.lastCall?.[1]).not.toHaveProperty('keptOnly');
  act.cancelLoad();
  list.mockResolvedValue([api.models.current()]);
  api.tellModels();
  await vi.advanceTimersByTimeAsync(10);
  expect(get().models).toHaveLength(1);
});

it('what the model before counted does not rank the features of the next', async () => {
  const { api, get } = await readyStore();
  const densities = vi.spyOn(api.dictionaries, 'densities').mockResolvedValue(null);
  const { dictionary } = get();
  expect(dictionary).not.toBe('');
  void api.models.load({ random: 1 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(densities).toHaveBeenCalledWith(dictionary);
  expect(get().densities).toBeNull();
});

it('text that one model was continuing is not gone on with by the next', async () => {
  const { api, get, act } = await readyStore({ delayMs: (call) => (call === 'generate' ? 500 : 0) });
  const running = act.generate();
  await vi.advanceTimersByTimeAsync(100);
  expect(get().generation.status).toBe('running');
  void api.models.load({ random: 1 });
  await vi.advanceTimersByTimeAsync(2000);
  await running;
  expect(get().generation.status).toBe('stopped');
});

it('a dictionary that was removed is not said to need another model', async () => {
  const { get, act } = await readyStore();
  const explored = act.exploreDictionary('sha256-gone');
  await vi.advanceTimersByTimeAsync(100);
  await explored;
  expect(get().notice?.text).toMatch(/is not here any more/);
});
