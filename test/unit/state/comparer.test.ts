import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Latents } from '../../../src/api/dictionaries.ts';
import { indexFeatures } from '../../../src/state/explore/features.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { MAX_TOKENS } from '../../../src/state/explore/windowReading.ts';
import { fakeApi, fakeStartup, fakeTokenize, type FakeOptions } from '../../helpers/fakeApi.ts';
import { sparse } from '../../helpers/fakeDictionaries.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function ready(options: FakeOptions = {}) {
  const api = fakeApi(options);
  const store = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await vi.advanceTimersByTimeAsync(1000);
  const asked = (call: string) => api.calls.filter((c) => c.startsWith(`${call} `));
  return { api, store, get: store.getState, act: store.getState().actions, asked };
}

/** Two features a token, one of them another at each. */
function latentsOf(tokens: number): Latents {
  return sparse(
    Array.from({ length: tokens }, (_, t) => [
      [7, 1 + (t % 5)],
      [20 + (t % 900), 0.5],
    ]),
  );
}

/** The api with made-up latents, and how many tokens they were asked for. */
function encodeCheaply(api: ReturnType<typeof fakeApi>) {
  const tokens: number[] = [];
  api.encode = (source) => {
    const count = 'ids' in source ? source.ids.length : 'text' in source ? fakeTokenize(source.text).ids.length : 0;
    tokens.push(count);
    return Promise.resolve(latentsOf(count));
  };
  return tokens;
}

describe('a second text of more tokens than are read', () => {
  const LONG = ' a b c d'.repeat(60_000);

  it('is cut where the first would be, before anything is computed', async () => {
    const { api, get, act, asked } = await ready();
    const encoded = encodeCheaply(api);
    api.calls.length = 0;
    act.setCompare(LONG);
    await vi.advanceTimersByTimeAsync(5000);
    expect(encoded).toEqual([MAX_TOKENS]);
    expect(asked('tokenize').every((call) => call.length < 8 * MAX_TOKENS + 20)).toBe(true);
    expect(get().compareTask).toEqual({ status: 'done' });
    expect(get().compared?.text).toBe(LONG.slice(0, 2 * MAX_TOKENS));
    expect(get().compared?.index.tokens).toBe(MAX_TOKENS);
  });

  it('is indexed in slices, to the same index as at once', async () => {
    const { api, get, act } = await ready();
    const latents = latentsOf(1000);
    let frames = 0;
    const beat = () => {
      if (get().compared) return;
      frames++;
      setTimeout(beat);
    };
    api.encode = () => {
      setTimeout(beat);
      return Promise.resolve(latents);
    };
    // Every look at the clock finds the slice over.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
    act.setCompare(' a b c d'.repeat(250));
    await vi.advanceTimersByTimeAsync(1000);
    expect(get().compared?.index).toEqual(indexFeatures(latents));
    expect(frames).toBeGreaterThan(8);
  });

  it('is no longer indexed once another is typed', async () => {
    const { api, store, act } = await ready();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
    const encoded = encodeCheaply(api);
    const shown = new Set<string | undefined>();
    store.subscribe(({ compared }) => shown.add(compared?.text));
    act.setCompare(' a b c d'.repeat(20_000));
    await vi.advanceTimersByTimeAsync(122);
    expect(encoded).toEqual([MAX_TOKENS]);
    act.setCompare('one');
    await vi.advanceTimersByTimeAsync(1000);
    expect([...shown]).toEqual([undefined, 'one']);
  });
});

describe('the second text and the model', () => {
  it('has its tokens asked for again of another model only', async () => {
    const { api, act, asked } = await ready();
    act.setCompare('one two');
    await vi.advanceTimersByTimeAsync(500);
    api.calls.length = 0;
    act.chooseDictionary('bookworm-9m/blocks.1.hook_resid_post/r4');
    await vi.advanceTimersByTimeAsync(500);
    expect(asked('tokenize one')).toEqual([]);
    expect(asked('encode one')).toHaveLength(1);
    const { current } = api.models;
    api.models.current = () => ({ ...current(), hash: 'another' });
    void act.loadModel('other', 'other');
    await vi.advanceTimersByTimeAsync(500);
    expect(asked('tokenize one')).toHaveLength(1);
  });

  it('waits for the list of dictionaries, however long that takes', async () => {
    const { api, get, act } = await ready({ delayMs: (call) => (call === 'dictionaries' ? 400 : 0) });
    act.setCompare('one two');
    await vi.advanceTimersByTimeAsync(500);
    const { current } = api.models;
    api.models.current = () => ({ ...current(), hash: 'another' });
    void act.loadModel('other', 'other');
    await vi.advanceTimersByTimeAsync(300);
    expect(get().compareTask).toEqual({ status: 'idle' });
    await vi.advanceTimersByTimeAsync(500);
    expect(get().compareTask).toEqual({ status: 'done' });
    expect(get().compared?.text).toBe('one two');
  });
});
