import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../../src/state/addressBar.ts';
import { densitiesOf } from '../../../src/state/featureFacts.ts';
import { labelsOf } from '../../../src/state/labels.ts';
import { encodeLink, parseLink, type LinkState } from '../../../src/state/link.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MIDDLE = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const FIRST = 'bookworm-9m/blocks.0.hook_resid_post/r4';

/** A browser's address with its list of pages gone through. */
function fakeAddress(hash = '') {
  const entries: { hash: string; kept: unknown }[] = [{ hash, kept: null }];
  let at = 0;
  let listener = () => {};
  let writes = 0;
  const address: Address = {
    read: () => entries[at],
    write(next, kept, how) {
      writes++;
      if (how === 'push') entries.splice(++at, Infinity, { hash: next, kept });
      else entries[at] = { hash: next, kept };
    },
    onMove: (l) => (listener = l),
  };
  const go = (step: number) => {
    at += step;
    listener();
  };
  const type = (next: string) => {
    entries.splice(++at, Infinity, { hash: next, kept: null });
    listener();
  };
  return { address, go, type, entries, writes: () => writes, state: () => read(entries[at].hash) };
}

function read(hash: string): LinkState {
  const link = parseLink(hash);
  if (link.status !== 'link') throw new Error(`no link: ${hash}`);
  return link.state;
}

async function listed() {
  const list = fakeApi().dictionaries.list();
  await vi.advanceTimersByTimeAsync(10);
  return list;
}

async function linkedTo(id: string) {
  const { hash, label, hook, model } = (await listed()).find((d) => d.id === id)!;
  return { id, hash, label, hook, model };
}

async function open(hash = '', options: FakeOptions = {}) {
  const bar = fakeAddress(hash);
  const api = fakeApi(options);
  const store = createAppStore(api, { ...fakeStartup(), address: bar.address });
  await vi.advanceTimersByTimeAsync(3000);
  return { ...bar, api, get: store.getState, act: store.getState().actions };
}

const later = () => vi.advanceTimersByTimeAsync(2000);

describe('the address', () => {
  it('holds what is on screen, and opens the same elsewhere', async () => {
    const { act, get, state, entries } = await open();
    act.setText('the sea and the hat');
    act.setRanking('sum');
    act.pin(7);
    act.setHook('blocks.1.hook_resid_post');
    await later();
    act.selectPosition(2);
    act.setSpan([1, 3]);
    act.setCompare('another');
    await later();
    expect(state()).toMatchObject({ text: 'the sea and the hat', ranking: 'sum', position: 2, span: [1, 3], compare: 'another' });
    expect(state().dictionary).toMatchObject({ id: MIDDLE, hook: 'blocks.3.hook_resid_post' });
    const there = (await open(entries.at(-1)!.hash)).get();
    expect(there).toMatchObject({ text: 'the sea and the hat', ranking: 'sum', position: 2, span: [1, 3], compare: { text: 'another' } });
    expect(there.pins).toEqual(get().pins);
    expect(there.colourBy).toBe('feature');
    expect(there.hook).toBe('blocks.1.hook_resid_post');
    expect(there.dictionary).toBe(MIDDLE);
    expect(there.wanted).toBeNull();
  });

  it('brings the labels, densities and comparison of its dictionary, which nobody can tell before the model is open', async () => {
    const { hash } = encodeLink({ text: 'the sea', compare: 'another', dictionary: { ...(await linkedTo(FIRST)) } });
    let answer = () => {};
    const api = fakeApi({ ready: new Promise<void>((resolve) => (answer = resolve)) });
    await api.labels.set(FIRST, 7, 'sea words');
    let isReady = false;
    const early = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
      return (...args: A) => (isReady ? call(...args) : Promise.reject(new Error('There is no such dictionary.')));
    };
    api.labels.list = early(api.labels.list.bind(api.labels));
    const values = new Float32Array(1024).fill(0.25);
    api.dictionaries.densities = early(() => Promise.resolve({ values, source: 'file' as const }));
    const store = createAppStore(api, { ...fakeStartup(), address: fakeAddress(hash).address });
    await vi.advanceTimersByTimeAsync(1000);
    isReady = true;
    answer();
    await vi.advanceTimersByTimeAsync(3000);
    const state = store.getState();
    expect(state.dictionary).toBe(FIRST);
    expect([...labelsOf(state)]).toEqual([[7, 'sea words']]);
    expect(densitiesOf(state)?.values).toBe(values);
    expect(state.compared).toMatchObject({ text: 'another', dictionary: { id: FIRST } });
  });

  it('that names an older dictionary of the same id opens the one here, and says what is missing', async () => {
    const { hash } = encodeLink({ text: 'the sea', dictionary: { ...(await linkedTo(FIRST)), hash: 'sha256-older' } });
    const { get } = await open(hash);
    expect(get()).toMatchObject({ dictionary: FIRST, wanted: { hash: 'sha256-older' } });
  });

  it('changes seldom while a person types, and is never a step back', async () => {
    const { act, entries, writes } = await open();
    const before = writes();
    for (let i = 0; i < 100; i++) {
      act.setText('x'.repeat(i + 1));
      await vi.advanceTimersByTimeAsync(30);
    }
    await later();
    expect(writes() - before).toBeLessThan(10);
    expect(entries).toHaveLength(1);
  });

  it('makes a step of another dictionary, and goes back', async () => {
    const { act, get, go, entries } = await open();
    act.pin(7);
    act.chooseDictionary(FIRST);
    await later();
    act.setText('later');
    await later();
    expect(entries).toHaveLength(2);
    go(-1);
    await later();
    expect(get().dictionary).toBe(MIDDLE);
    expect(get().features?.dictionary.id).toBe(MIDDLE);
    expect(entries).toHaveLength(2);
    go(1);
    await later();
    expect(get()).toMatchObject({ dictionary: FIRST, text: 'later' });
    expect(get().analysis?.text).toBe('later');
  });

  it('that is damaged gives a sentence and the usual page', async () => {
    const { get } = await open('#v1.!!!');
    expect(get().notice?.text).toMatch(/^The link could not be read/);
    expect(get().features?.dictionary.id).toBe(MIDDLE);
    expect(get().analysis).not.toBeNull();
  });

  it('pasted over the old one is followed; a damaged one changes nothing', async () => {
    const { act, get, type } = await open();
    act.setText('mine');
    await later();
    type('#v1.AAAA');
    await later();
    expect(get().text).toBe('mine');
    expect(get().notice?.text).toMatch(/could not be read/);
    type(encodeLink({ text: 'theirs', ranking: 'count' }).hash);
    await later();
    expect(get()).toMatchObject({ text: 'theirs', ranking: 'count' });
    expect(get().analysis?.text).toBe('theirs');
  });

  it('keeps a text too long for it beside it', async () => {
    const { act, get, entries, state } = await open();
    const text =
      Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(97 + ((i * i * 7 + i) % 26))).join('') + Math.PI.toString().repeat(2000);
    const noisy = [...text].map((c, i) => String.fromCharCode(c.charCodeAt(0) + (((i * 2654435761) % 7919) % 400))).join('');
    act.setText(noisy);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(state().text).toBeUndefined();
    expect(get().linkHasText).toBe(false);
    expect(entries.at(-1)!.kept).toEqual({ text: noisy });
  });
});

describe('a link to a dictionary that is not here', () => {
  const elsewhere = { id: 'sha256-1', hash: 'sha256-mine', label: 'theirs', hook: 'blocks.2.hook_resid_post', model: 'bookworm-9m' };
  const hash = encodeLink({
    text: 'the hat',
    dictionary: elsewhere,
    ranking: 'sum',
    pins: [{ dictionary: 'sha256-1', latent: 3, slot: 0 }],
  }).hash;

  it('is applied but for that, says so, and takes it when it is imported', async () => {
    const { act, get, api, state } = await open(hash);
    expect(get()).toMatchObject({ text: 'the hat', ranking: 'sum', wanted: elsewhere, dictionary: MIDDLE });
    await later();
    expect(state().dictionary).toEqual(elsewhere);
    const list = await vi.waitFor(() => api.dictionaries.list());
    api.dictionaries.list = () => Promise.resolve([...list, { ...list[0], id: 'mine', hash: 'sha256-mine', source: 'files' }]);
    void act.importDictionaries([]);
    await later();
    expect(get()).toMatchObject({ wanted: null, dictionary: 'mine', pins: [{ dictionary: 'mine', latent: 3, slot: 0 }] });
  });

  it('can be left at that', async () => {
    const { act, get } = await open(hash);
    act.dismissWanted();
    expect(get().wanted).toBeNull();
  });
});

describe('a link to another model', () => {
  it('says so, and reads the text with the one that is open', async () => {
    const { get } = await open(encodeLink({ text: 'the hat', model: { id: 'pythia-70m', hash: 'ff' } }).hash);
    expect(get().wantedModel).toEqual({ id: 'pythia-70m', hash: 'ff' });
    expect(get().analysis?.text).toBe('the hat');
  });
});
