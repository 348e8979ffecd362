import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../../src/state/shared/startup.ts';
import { densitiesOf, shownLabels } from '../../../src/state/explore/featureFacts.ts';
import { encodeLink, parseLink, type LinkState } from '../../../src/state/shared/link.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, noise, type FakeOptions } from '../../helpers/fakeApi.ts';

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
    expect([...shownLabels(state)]).toEqual([[7, 'sea words']]);
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

  it('that is at hand opens it at the start, where the link says', async () => {
    const at = { position: 1, span: [1, 3] as [number, number], hook: 'blocks.1.hook_resid_post' };
    const { hash } = encodeLink({ text: 'the sea and the hat', model: { id: 'a/b', hash: '' }, ...at });
    const { models, ...api } = fakeApi();
    const load: typeof models.load = (id, call) => models.load(typeof id === 'string' ? { hub: id } : id, call);
    const list = async () => (await models.list()).flatMap((m) => [m, { ...m, id: 'a/b' }]);
    const { address, state } = fakeAddress(hash);
    const store = createAppStore({ ...api, models: { ...models, load, list } }, { ...fakeStartup(), address });
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.getState()).toMatchObject({ model: { id: 'a/b' }, wantedModel: null, ...at });
    expect(state()).toMatchObject(at);
  });
});

describe('a second text', () => {
  /** Letters that hardly fold. */
  const long = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(97 + Math.floor(noise(i, 3) * 26))).join('');

  it('too long for the address is kept beside it, the first one in it, and the page says so once', async () => {
    const { act, get, entries, state } = await open('', { silent: true });
    act.setText('the sea');
    act.setCompare(long);
    await later();
    expect(state()).toMatchObject({ text: 'the sea' });
    expect(state().compare).toBeUndefined();
    expect(entries.at(-1)!.kept).toEqual({ compare: long });
    expect(get().linkHasText).toBe(true);
    expect(get().notice?.text).toBe('The second text is too long for a link and is left out of it.');
    act.setNotice(null);
    act.setRanking('sum');
    await later();
    expect(get().notice).toBeNull();
  });

  it('comes back on reload, and not once it was closed', async () => {
    const { entries, act } = await open('', { silent: true });
    act.setText('the sea');
    act.setCompare(long);
    await later();
    const there = fakeAddress();
    there.entries[0] = entries.at(-1)!;
    const { text, compare } = createAppStore(fakeApi({ silent: true }), { ...fakeStartup(), address: there.address }).getState();
    expect(text).toBe('the sea');
    expect(compare?.text === long).toBe(true);
    act.setCompare(null);
    await later();
    expect(entries.at(-1)!.kept === null).toBe(true);
  });

  it('and the first one come back from beside an address that cannot be read', async () => {
    const bar = fakeAddress(`#v1.${'A'.repeat(160_000)}`);
    bar.entries[0].kept = { text: 'mine', compare: 'other' };
    const { text, compare, notice } = createAppStore(fakeApi(), { ...fakeStartup(), address: bar.address }).getState();
    expect({ text, compare }).toEqual({ text: 'mine', compare: { text: 'other' } });
    expect(notice?.text).toBe('The link could not be read. It is far too long.');
  });
});

describe('a link in a running tab', () => {
  /** A page with another model open than the one that comes with it. */
  async function withOther(options: FakeOptions = {}) {
    const page = await open('', options);
    void page.act.loadModel({ hub: 'a/b' }, 'a/b');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(page.get().model?.id).toBe('a/b');
    return page;
  }
  const slowLoads = { delayMs: (call: string) => (call === 'load' ? 400 : 0) };
  const bookworm = { id: 'bookworm-9m', hash: '' };

  it('to another model is read by the one at hand, and stays so when the load is cancelled', async () => {
    const { act, get, type } = await withOther(slowLoads);
    type(encodeLink({ text: 'the hat', model: bookworm }).hash);
    await vi.advanceTimersByTimeAsync(300);
    expect(get()).toMatchObject({ text: 'the hat', load: { status: 'loading' } });
    act.cancelLoad();
    await later();
    expect(get()).toMatchObject({ model: { id: 'a/b' }, reading: { status: 'done' } });
    expect(get().analysis?.text).toBe('the hat');
    expect(get().features?.text).toBe('the hat');
    expect(get().activations?.text).toBe('the hat');
  });

  it('to another model is read by the one at hand when the load fails', async () => {
    const options: FakeOptions = {};
    const { get, type } = await withOther(options);
    options.fail = { load: 'The model is gone.' };
    type(encodeLink({ text: 'the hat', model: bookworm }).hash);
    await later();
    expect(get()).toMatchObject({ model: { id: 'a/b' }, load: { status: 'failed' } });
    expect(get().analysis?.text).toBe('the hat');
  });

  it('to another model opens it at the position, the span and the hook it names', async () => {
    const { api, get, type, entries, go } = await withOther(slowLoads);
    const current = api.models.current();
    api.models.current = () => ({
      ...current,
      id: 'bookworm-9m',
      hooks: [...current.hooks, { ...current.hooks[1], name: 'blocks.9.new' }],
    });
    const at = { position: 1, span: [1, 3] as [number, number], hook: 'blocks.9.new' };
    type(encodeLink({ text: 'the sea and the hat', model: bookworm, ...at }).hash);
    const before = entries.length;
    await vi.advanceTimersByTimeAsync(300);
    expect(get().hook).not.toBe('blocks.9.new');
    await vi.advanceTimersByTimeAsync(5000);
    expect(get()).toMatchObject({ model: { id: 'bookworm-9m' }, text: 'the sea and the hat', ...at });
    // Its own entry, not one more.
    expect(entries).toHaveLength(before);
    go(0);
    await later();
    expect(get()).toMatchObject(at);
  });

  it('to another model does not put its span into a text typed meanwhile', async () => {
    const { act, get, type } = await withOther(slowLoads);
    type(encodeLink({ text: 'the sea and the hat', model: bookworm, position: 1, span: [1, 3] }).hash);
    await vi.advanceTimersByTimeAsync(300);
    act.setText('another text of some length');
    await vi.advanceTimersByTimeAsync(5000);
    expect(get()).toMatchObject({ model: { id: 'bookworm-9m' }, position: null, span: null });
  });

  it('with another text has its span, cut to that text', async () => {
    const { act, get, type, state } = await open('', { delayMs: (call, text) => (call === 'predict' && text === 'slow' ? 300 : 1) });
    act.setText('slow');
    await vi.advanceTimersByTimeAsync(150);
    type(encodeLink({ text: 'the sea and the hat', span: [1, 3] }).hash);
    await later();
    expect(get().span).toEqual([1, 3]);
    expect(state().span).toEqual([1, 3]);
    type(encodeLink({ text: 'a hat', span: [1, 30] }).hash);
    await later();
    expect(get().span).toEqual([1, 2]);
    // From here on it is as any other.
    act.setText('no hat');
    await later();
    expect(get().span).toBeNull();
  });

  it('with a hook that the model does not have leaves the one chosen', async () => {
    const { act, get, type } = await open();
    act.setHook('blocks.1.hook_resid_post');
    await later();
    type(encodeLink({ text: 'the hat', hook: 'blocks.9.hook_resid_post' }).hash);
    await later();
    expect(get()).toMatchObject({ hook: 'blocks.1.hook_resid_post', activationsTask: { status: 'done' } });
    expect(get().activations?.text).toBe('the hat');
  });
});

describe('what changes while a model loads', () => {
  it.each([
    ['is cancelled', undefined],
    ['fails', { load: 'The model is gone.' }],
  ])('is in the address once the load %s', async (_, fail) => {
    const options: FakeOptions = { delayMs: (call) => (call === 'load' ? 3000 : 0) };
    const { act, get, state } = await open('', options);
    options.fail = fail;
    void act.loadModel({ hub: 'a/b' }, 'a/b');
    act.setText('typed meanwhile');
    act.pin(7);
    await later();
    expect(state().text).not.toBe('typed meanwhile');
    if (fail) await later();
    else act.cancelLoad();
    expect(get().load.status).toBe(fail ? 'failed' : 'idle');
    await later();
    expect(state()).toMatchObject({ text: 'typed meanwhile', pins: [{ latent: 7 }] });
  });
});

describe('the page of a feature', () => {
  it('has an address that says which, and "back" goes to Explore as it was, also what was done just before', async () => {
    const { act, get, go, entries } = await open();
    act.setText('the sea and the hat');
    await later();
    act.setRanking('sum');
    act.openFeature({ dictionary: FIRST, latent: 12 });
    await later();
    expect(entries.map(({ hash }) => hash.slice(0, 10))).toEqual(['#v1.' + entries[0].hash.slice(4, 10), '#/feature/']);
    expect(entries[1].hash).toBe(`#/feature/${FIRST}/12`);
    expect(read(entries[0].hash)).toMatchObject({ ranking: 'sum', text: 'the sea and the hat' });
    const was = get();
    go(-1);
    await later();
    expect(get()).toMatchObject({ view: 'explore', text: 'the sea and the hat', ranking: 'sum' });
    // Nothing was read anew.
    expect([get().analysis, get().features, get().pins]).toEqual([was.analysis, was.features, was.pins]);
    go(1);
    expect(get()).toMatchObject({ view: 'feature', feature: { dictionary: FIRST, latent: 12 } });
    await later();
    expect(entries).toHaveLength(2);
  });

  it('is one step for neighbours gone through, and a step each for features opened', async () => {
    const { act, get, entries } = await open();
    act.openFeature({ dictionary: FIRST, latent: 12 });
    await later();
    const from = get().feature!;
    act.openFeature({ dictionary: FIRST, latent: 13, from });
    await later();
    act.openFeature({ dictionary: FIRST, latent: 14, from });
    await later();
    expect(entries.map(({ hash }) => hash).slice(1)).toEqual([`#/feature/${FIRST}/14`]);
    act.openFeature({ dictionary: MIDDLE, latent: 3 });
    await later();
    expect(entries.map(({ hash }) => hash).slice(1)).toEqual([`#/feature/${FIRST}/14`, `#/feature/${MIDDLE}/3`]);
  });

  it('is left at once for the list of all, and the list for it', async () => {
    const { act, get, go, type, entries } = await open();
    act.openFeature({ dictionary: FIRST, latent: 12 });
    type('#/feature');
    expect(get()).toMatchObject({ view: 'feature', feature: null });
    act.openFeature({ dictionary: FIRST, latent: 3 });
    expect(entries.map(({ hash }) => hash).slice(1)).toEqual([`#/feature/${FIRST}/12`, '#/feature', `#/feature/${FIRST}/3`]);
    go(-1);
    expect(get()).toMatchObject({ view: 'feature', feature: null });
  });

  it('opens from its address, with the text kept beside it', async () => {
    const bar = fakeAddress(`#/feature/${FIRST}/12`);
    bar.address.write(`#/feature/${FIRST}/12`, { text: 'the old hat' }, 'replace');
    const store = createAppStore(fakeApi(), { ...fakeStartup(), address: bar.address });
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.getState()).toMatchObject({ view: 'feature', feature: { dictionary: FIRST, latent: 12 }, text: 'the old hat' });
    expect(bar.entries).toHaveLength(1);
    expect(bar.entries[0].hash).toBe(`#/feature/${FIRST}/12`);
    store.getState().actions.show('explore');
    await later();
    expect(read(bar.entries[1].hash)).toMatchObject({ text: 'the old hat' });
  });

  it.each(['#/feature/%E0%A4%A/x', '#/feature/a', `#/feature/${'x'.repeat(5000)}/1`])(
    'that names nothing opens the page all the same: %s',
    async (hash) => {
      const { get, type } = await open(hash.slice(0, 60));
      expect(get().view).toBe('feature');
      type(hash);
      await later();
      expect(get()).toMatchObject({ view: 'feature', notice: null });
    },
  );

  it('typed or pasted is opened', async () => {
    const { get, type } = await open();
    type(`#/feature/${FIRST}/5`);
    expect(get()).toMatchObject({ view: 'feature', feature: { dictionary: FIRST, latent: 5 } });
  });
});

describe('the address of the Circuits screen', () => {
  const TREE = `#/circuits/tree/${FIRST}/12`;

  it('opens it, and keeps what it says to the letter', async () => {
    const { get, entries } = await open(`${TREE}?mode=mean`);
    expect(get()).toMatchObject({ view: 'circuits', circuits: `${TREE}?mode=mean`, notice: null });
    await later();
    expect(entries.map(({ hash }) => hash)).toEqual([`${TREE}?mode=mean`]);
  });

  it('takes settings without a step of history, another target with one, and goes back to Explore as it was', async () => {
    const bar = fakeAddress();
    const store = createAppStore(fakeApi(), { ...fakeStartup(), address: bar.address });
    await vi.advanceTimersByTimeAsync(3000);
    store.getState().actions.setText('the sea and the hat');
    await later();
    bar.type(TREE);
    expect(store.getState()).toMatchObject({ view: 'circuits', circuits: TREE });
    store.setState({ circuits: `${TREE}?parents=5` });
    await later();
    store.setState({ circuits: `#/circuits/tree/${FIRST}/13` });
    await later();
    expect(bar.entries.map(({ hash }) => hash).slice(1)).toEqual([`${TREE}?parents=5`, `#/circuits/tree/${FIRST}/13`]);
    bar.go(-1);
    expect(store.getState().circuits).toBe(`${TREE}?parents=5`);
    bar.go(-1);
    await later();
    expect(store.getState()).toMatchObject({ view: 'explore', text: 'the sea and the hat' });
  });
});
