import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tokenWindows } from '../../../src/core/lm/windows.ts';
import { groupTokens } from '../../../src/core/lm/glyphs.ts';
import { answerAt } from '../../../src/state/explore/analysis.ts';
import { compileEdits } from '../../../src/state/explore/edits.ts';
import { promptOf } from '../../../src/state/explore/generator.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { blockAt, stripBlocks } from '../../../src/state/explore/stripBlocks.ts';
import { createByteCache } from '../../../src/core/byteCache.ts';
import { MAX_TOKENS, nextWindow, windowAt } from '../../../src/state/explore/windowReading.ts';
import { fakeApi, fakeModel, fakeStartup, fakeTokenize, type FakeOptions } from '../../helpers/fakeApi.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const N_CTX = 8;
/** Words that are one token each, all different enough to tell windows apart. */
const words = (count: number) =>
  Array.from({ length: count }, (_, i) => ` w${'abcdefghij'[i % 10]}${'klmnopqrst'[Math.floor(i / 10) % 10]}`).join('');

async function ready(text: string, options: FakeOptions = {}) {
  const api = fakeApi({ n_ctx: N_CTX, ...options });
  const store = createAppStore(api, fakeStartup(), { text });
  await vi.advanceTimersByTimeAsync(3000);
  const asked = (call: string) => api.calls.filter((c) => c.startsWith(`${call} `));
  return { api, store, get: store.getState, act: store.getState().actions, asked };
}

describe('a text longer than the context', () => {
  it('is read in windows; every token has the values of the window with most text before it', async () => {
    const { get, asked } = await ready(words(20));
    const { analysis } = get();
    expect(get().reading).toEqual({ status: 'done' });
    expect(analysis?.windows).toEqual(tokenWindows(20, N_CTX));
    expect(analysis?.known.count).toBe(20);
    expect(asked('predict')).toHaveLength(3);
    const ids = analysis!.before.ids;
    expect(ids).toEqual(fakeTokenize(words(20)).ids);
    // The third window holds tokens 12 to 19; 14 is the first that it gives.
    const { answer, at } = answerAt(analysis!, 14)!;
    expect(at).toBe(2);
    expect(answer.before.ids).toEqual(ids.slice(12, 20));
    expect(analysis!.before.surprise[14]).toBe(answer.before.surprise[2]);
    expect(analysis!.before.surprise[13]).toBe(answerAt(analysis!, 13)!.answer.before.surprise[7]);
    expect(Number.isNaN(analysis!.before.surprise[0])).toBe(true);
    expect([...analysis!.before.surprise.slice(1)].every((x) => x >= 0)).toBe(true);
  });

  it('has its features put together from the windows', async () => {
    const { get, asked } = await ready(words(20));
    const { features } = get();
    expect(
      asked('features')
        .map((c) => c.slice(9))
        .sort(),
    ).toEqual(['6 rows', '6 rows', '8 rows']);
    expect(features?.known.count).toBe(20);
    expect([...features!.index.active]).toEqual(Array.from({ length: 20 }, () => 40));
    expect(features?.explained?.tokens.every((x) => x > 0.9)).toBe(true);
  });

  it('is asked for only where it changed when typing goes on at its end', async () => {
    const { act, get, asked, api } = await ready(words(20));
    api.calls.length = 0;
    act.setText(words(21));
    await vi.advanceTimersByTimeAsync(3000);
    expect(get().analysis?.before.ids).toHaveLength(21);
    expect(asked('predict')).toHaveLength(1);
    expect(asked('features')).toHaveLength(1);
    act.setText(words(20));
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked('predict')).toHaveLength(1);
    expect(get().analysis?.known.count).toBe(20);
  });

  it('is read from what is on screen outward, shown as it comes, and stops when typing goes on', async () => {
    const { act, get, asked, api } = await ready('a', { delayMs: 200 });
    act.setVisibleTokens([40, 46]);
    api.calls.length = 0;
    act.setText(words(60));
    await vi.advanceTimersByTimeAsync(700);
    const flags = get().analysis!.known.flags;
    expect(get().reading).toEqual({ status: 'running' });
    expect(flags[42]).toBe(1);
    expect(flags[0]).toBe(0);
    expect(get().analysis!.known.count).toBeLessThan(20);
    const before = asked('predict').length;
    act.setText('b');
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked('predict').length).toBeLessThanOrEqual(before + 2);
    expect(get().analysis?.text).toBe('b');
    expect(get().features?.text).toBe('b');
  });

  it('of more tokens than are read is read up to there, and says so', async () => {
    const { get } = await ready(words(100).repeat(MAX_TOKENS / 100 + 1), { n_ctx: 2048 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(get().analysis?.whole).toBe(false);
    expect(get().analysis?.before.ids).toHaveLength(MAX_TOKENS);
    expect(get().analysis?.text).toBe(words(100).repeat(MAX_TOKENS / 100));
  }, 60_000);

  it('has its activations read in the window of the chosen token', async () => {
    const { act, get } = await ready(words(20));
    expect(get().activations).toMatchObject({ start: 12 });
    act.selectPosition(3);
    await vi.advanceTimersByTimeAsync(500);
    expect(get().activations).toMatchObject({ start: 0 });
    expect(get().activations?.values.shape).toEqual([8, 256]);
    act.keepVector(new Float32Array(256), 3);
    expect(get().bench.vectors[0]).toMatchObject({ position: 3, token: '·wdk' });
  });

  it('is edited window by window', async () => {
    const { act, get, api, asked } = await ready(words(20));
    api.calls.length = 0;
    act.addEdit({ hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 0 }, where: { kind: 'list', text: '13' } });
    await vi.advanceTimersByTimeAsync(3000);
    // Token 13 is in the second window and, as text before, in the third.
    expect(asked('predict')).toHaveLength(2);
    const kl = get().analysis!.after!.kl;
    expect([...kl.slice(0, 8)].every((x) => x === 0)).toBe(true);
    expect(kl[16]).toBeGreaterThan(0);
  });
});

describe('edits for a window', () => {
  const context = { model: fakeModel(), vectors: [], tokens: 20, selected: 13 };
  const edit = { id: 1, on: true, hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 0 } } as const;

  it('have their positions moved into it, and are left out where they have none', () => {
    const list = { ...edit, where: { kind: 'list', text: '2, 13-15' } } as const;
    expect(compileEdits([list], context, { start: 6, end: 14 })).toMatchObject([{ positions: [7] }]);
    expect(compileEdits([list], context, { start: 12, end: 20 })).toMatchObject([{ positions: [1, 2, 3] }]);
    expect(compileEdits([list], context, { start: 4, end: 12 })).toEqual([]);
    expect(compileEdits([{ ...edit, where: { kind: 'selected' } }], context, { start: 12, end: 20 })).toMatchObject([{ positions: [1] }]);
    expect(compileEdits([{ ...edit, where: { kind: 'all' } }], context, { start: 4, end: 12 })[0]).not.toHaveProperty('positions');
  });
});

describe('which window comes next', () => {
  const windows = tokenWindows(100, 8);
  it('what is on screen, then the chosen token, then the nearest', () => {
    const done = new Set<number>();
    const gaze = { visible: [50, 62] as const, chosen: 99 };
    const order = Array.from({ length: windows.length }, () => {
      const next = nextWindow(windows, (i) => done.has(i), gaze)!;
      done.add(next);
      return next;
    });
    expect(order).toHaveLength(new Set(order).size);
    expect(nextWindow(windows, (i) => done.has(i), gaze)).toBeUndefined();
    const onScreen = [windowAt(windows, 50), windowAt(windows, 61)];
    expect(order.slice(0, 2)).toEqual(onScreen);
    expect(order[2]).toBe(windows.length - 1);
  });
});

describe('a cache of so many bytes', () => {
  it('forgets what was unused for longest', () => {
    const cache = createByteCache<number>(10);
    cache.set('a', 1, 4);
    cache.set('b', 2, 4);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3, 4);
    expect(cache.get('b')).toBeUndefined();
    expect(cache.get('a')).toBe(1);
    cache.set('huge', 4, 11);
    expect(cache.get('huge')).toBeUndefined();
    expect(cache.get('c')).toBe(3);
  });
});

describe('blocks of the strip', () => {
  const groupsOf = (text: string) => {
    const { tokens, spans } = fakeTokenize(text);
    return groupTokens(text, tokens, spans);
  };

  it('begin where windows do, hold every group once and never cut one', () => {
    const groups = groupsOf(`${'🦊'.repeat(200)}${words(300)}`);
    const tokens = groups.reduce((sum, g) => sum + g.count, 0);
    const blocks = stripBlocks(groups, tokenWindows(tokens, 250));
    expect(blocks[0]).toMatchObject({ first: 0, fromGroup: 0, border: false });
    expect(blocks.at(-1)).toMatchObject({ end: tokens, toGroup: groups.length });
    blocks.slice(1).forEach((block, i) => {
      expect(block.first).toBe(blocks[i].end);
      expect(block.fromGroup).toBe(blocks[i].toGroup);
      expect(block.border).toBe(true);
    });
    expect(blockAt(blocks, blocks[2].first)).toBe(2);
    expect(blockAt(blocks, blocks[2].first - 1)).toBe(1);
  });

  it('are smaller than a long window', () => {
    const blocks = stripBlocks(groupsOf(words(1000)), tokenWindows(1000, 2048));
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.some((b) => b.border)).toBe(false);
    expect(stripBlocks(groupsOf(words(250)), tokenWindows(250, 256))).toHaveLength(1);
  });
});

describe('the prompt of a continuation', () => {
  it('is the whole text while it leaves room, else its end', () => {
    expect(promptOf(10, 40, 256)).toEqual({ start: 0, tokens: 40 });
    expect(promptOf(250, 40, 256)).toEqual({ start: 0, tokens: 6 });
    expect(promptOf(256, 40, 256)).toEqual({ start: 40, tokens: 40 });
    expect(promptOf(20_000, 4000, 256)).toEqual({ start: 19_872, tokens: 128 });
  });
});
