/** Deleting what is on its way, and what is left of a beginning when the same thing is fetched from elsewhere. */
import 'fake-indexeddb/auto';
import { createStore, keys } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CACHE } from '../../../../src/cache/hub/address.ts';
import { PATIENCE, type Patience } from '../../../../src/cache/hub/ask.ts';
import { fetchHubFile } from '../../../../src/cache/hub/fetchFile.ts';
import { createHub } from '../../../../src/cache/hub/hub.ts';
import { createPartStore } from '../../../../src/cache/hub/parts.ts';
import { createPublishedHub } from '../../../../src/cache/hub/published.ts';
import type { PublishedSource } from '../../../../src/api/dictionaries.ts';
import { fakeCaches } from '../../../helpers/fakeCaches.ts';
import { checkpointRepo, dictionaryRepo, serveHub, type HubServer } from '../../../helpers/hub.ts';
import { zeroSae } from '../../../helpers/zeroSae.ts';

const QUICK: Patience = { ...PATIENCE, retries: 1, stallMs: 300, backoffMs: () => 5 };
const MODEL = { hub: 'a/model', revision: 'main' };
const DICTIONARIES = 'a/dictionaries';
const WEIGHTS = 'sae/sae_weights.safetensors';

let server: HubServer;
let mirror: HubServer;
let name = '';
let count = 0;
let caches: ReturnType<typeof fakeCaches>;

const repositories = (): HubServer['repositories'] => {
  const sae = zeroSae({ d_in: 64, d_sae: 512, noise: 1 });
  const { 'ae.pt': weights, 'config.json': config } = dictionaryRepo({ '': 'dictionary_learning/AutoEncoder' });
  return {
    [MODEL.hub]: { main: checkpointRepo({ 'pytorch_model.bin': 'pytorch_model.bin' }) },
    [DICTIONARIES]: {
      main: {
        ...Object.fromEntries(Object.entries(sae).map(([path, bytes]) => [`sae/${path}`, bytes])),
        // Two that share their settings.
        'both/one.pt': weights,
        'both/two.pt': weights,
        'both/config.json': config,
      },
    },
  };
};

beforeEach(async () => {
  [server, mirror] = [await serveHub(repositories()), await serveHub(repositories())];
  name = `deleting-${count++}`;
  caches = fakeCaches();
  vi.stubGlobal('caches', caches.storage);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await Promise.all([server.close(), mirror.close()]);
});

/** The locks of all tabs. Those in `taken` are held by another. */
function useLocks() {
  const taken = new Set<string>();
  const request = async (lock: string, _: object, work: (lock: object | null) => Promise<unknown>) => {
    if (taken.has(lock)) return work(null);
    taken.add(lock);
    return work({}).finally(() => taken.delete(lock));
  };
  vi.stubGlobal('navigator', { locks: { request } });
  return taken;
}

const visit = () => createHub({ name, patience: QUICK, pieceBytes: 16_384 });
const visitPublished = () => createPublishedHub({ name, patience: QUICK, pieceBytes: 16_384 });
const noted = () => keys<string>(createStore(`${name}-hub-notes`, 'kv'));
const pieces = () => keys<string>(createStore(`${name}-hub-pieces`, 'kv'));
const cached = () => [...(caches.stores.get(CACHE)?.keys() ?? [])];
const bytesOf = async (blob: Blob) => Buffer.from(await blob.arrayBuffer());

/** A fetch that is told of once it has brought something of its weights. */
function start<T>(run: (options: { signal: AbortSignal; onProgress: (p: { loaded: number }) => void }) => Promise<T>) {
  const stop = new AbortController();
  let tell = () => {};
  const underWay = new Promise<void>((resolve) => (tell = resolve));
  const done = run({ signal: stop.signal, onProgress: ({ loaded }) => loaded > 60_000 && tell() });
  done.catch(() => undefined);
  return { stop, underWay, done };
}
const startModel = () => start((options) => visit().fetch(MODEL, server.url, options));
const startDictionary = () => start((options) => visitPublished().fetch({ hub: DICTIONARIES, folder: 'sae' }, server.url, options));
const slowly = (end: string, bytes: number): HubServer['fault'] =>
  function fault({ path, before }) {
    return path.endsWith(end) && (path.endsWith('.bin') || before > 0) ? { kind: 'slow', ms: 60, bytes } : undefined;
  };

describe('what is being fetched', () => {
  it('is not deleted: a model', async () => {
    server.fault = slowly('.bin', 8000);
    const { underWay, done } = startModel();
    await underWay;
    await expect(visit().store.remove(MODEL.hub)).rejects.toMatchObject({
      name: 'UsageError',
      message: 'a/model is being fetched; cancel it first, here or in another tab of this page.',
    });
    const { files } = await done;
    expect(await bytesOf(files.at(-1)!.data)).toEqual(server.repositories[MODEL.hub].main['pytorch_model.bin']);
    expect(await visit().store.list()).toMatchObject([{ id: MODEL.hub, whole: true }]);
    await visit().store.remove(MODEL.hub);
    expect([...cached(), ...(await noted()), ...(await pieces()), ...(await visit().store.list())]).toEqual([]);
  });

  it('is not deleted: a dictionary', async () => {
    server.fault = slowly(WEIGHTS, 16_000);
    const { underWay, done } = startDictionary();
    await underWay;
    await expect(visitPublished().remove(`${DICTIONARIES}/sae`)).rejects.toThrow('a/dictionaries/sae is being fetched; cancel it first');
    const { files, forget } = await done;
    const weights = files.find(({ path }) => path.endsWith(WEIGHTS))!;
    expect(await bytesOf(weights.data)).toEqual(server.repositories[DICTIONARIES].main[WEIGHTS]);
    await forget();
    expect([...(await noted()), ...(await pieces()), ...(await visitPublished().begun())]).toEqual([]);
  });

  it('by another tab is not deleted either, nor given up by a tab that is through with it', async () => {
    const taken = useLocks();
    await visit().fetch(MODEL, server.url, { signal: new AbortController().signal, onProgress: () => {} });
    const { forget } = await startDictionary().done;
    expect([...taken]).toEqual([]);
    const [model, dictionary] = [`${name}-hub/${MODEL.hub}`, `${name}-hub/dictionary/${DICTIONARIES}/sae`];
    taken.add(model).add(dictionary);
    const before = [cached(), await noted(), await pieces()];
    await expect(visit().store.remove(MODEL.hub)).rejects.toThrow(/is being fetched; cancel it first/);
    await expect(visitPublished().remove(`${DICTIONARIES}/sae`)).rejects.toThrow(/is being fetched; cancel it first/);
    await forget();
    expect([cached(), await noted(), await pieces()]).toEqual(before);
    expect(await visit().store.list()).toMatchObject([{ whole: true }]);
    taken.clear();
    await visit().store.remove(MODEL.hub);
    await visitPublished().remove(`${DICTIONARIES}/sae`);
    expect([...cached(), ...(await noted()), ...(await pieces()), ...taken]).toEqual([]);
  });

  it('holds a lock that other tabs see', async () => {
    const taken = useLocks();
    server.fault = slowly('.bin', 8000);
    const { stop, underWay, done } = startModel();
    await underWay;
    expect([...taken]).toEqual([`${name}-hub/${MODEL.hub}`]);
    stop.abort();
    await expect(done).rejects.toMatchObject({ name: 'AbortError' });
    expect([...taken]).toEqual([]);
  });

  it('can be deleted at once after it was cancelled', async () => {
    server.fault = (ask) => slowly('.bin', 8000)(ask) ?? slowly(WEIGHTS, 16_000)(ask);
    const [model, dictionary] = [startModel(), startDictionary()];
    await Promise.all([model.underWay, dictionary.underWay]);
    model.stop.abort();
    dictionary.stop.abort();
    await Promise.all([visit().store.remove(MODEL.hub), visitPublished().remove(`${DICTIONARIES}/sae`)]);
    expect([...cached(), ...(await noted()), ...(await pieces())]).toEqual([]);
    expect([...(await visit().store.list()), ...(await visitPublished().begun())]).toEqual([]);
  });
});

describe('a piece', () => {
  const url = 'https://example.org/file';
  const about = { total: 30, validator: '"1"' };
  const piece = new Blob(['0123456789']);

  it.each([
    ['in the storage', () => undefined],
    [
      'where the browser keeps nothing',
      () =>
        vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
          throw new DOMException('full', 'QuotaExceededError');
        }),
    ],
  ])('is only added where what is held ends, %s', async (_, prepare) => {
    prepare();
    const parts = createPartStore(name);
    await expect(parts.add(url, about, piece, 10)).rejects.toMatchObject({ name: 'EndsElsewhereError' });
    expect(await parts.held(url)).toBeUndefined();
    await parts.add(url, about, piece, 0);
    await parts.add(url, about, piece, 10);
    for (const at of [0, 10, 21, 30]) await expect(parts.add(url, about, piece, at)).rejects.toThrow(`begins at byte ${at}, but 20`);
    expect(await parts.held(url)).toMatchObject({ bytes: 20 });
    expect(await (await parts.join(url)).text()).toBe('01234567890123456789');
  });

  it('whose beginning goes while it is written leaves nothing', async () => {
    const parts = createPartStore(name);
    await parts.add(url, about, piece, 0);
    const add = parts.add(url, about, piece, 10);
    await Promise.all([add.catch(() => undefined), createPartStore(name).forget(url)]);
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
  });

  const model = MODEL;
  const path = 'pytorch_model.bin';
  const fileUrl = () => `${server.url}${MODEL.hub}/resolve/main/${path}`;
  const fetchIt = (signal: AbortSignal, onBytes: (loaded: number) => void) => {
    const means = { parts: createPartStore(name), patience: QUICK, pieceBytes: 16_384, onNote: () => {}, signal, onBytes };
    return fetchHubFile({ url: fileUrl() }, { model, host: server.url, path }, means);
  };

  it('of a file that was deleted meanwhile ends the fetch with a sentence, and the next one begins anew', async () => {
    const { signal } = new AbortController();
    server.fault = slowly('.bin', 20_000);
    let deleted: Promise<void> | undefined;
    const first = fetchIt(signal, (loaded) => {
      // As by a tab of a browser that has no locks.
      if (loaded > 50_000) deleted ??= createPartStore(name).forget(fileUrl());
    });
    await expect(first).rejects.toMatchObject({
      name: 'EngineError',
      message: 'What had arrived of pytorch_model.bin of a/model was deleted while the rest was on its way. Fetch it again.',
    });
    await deleted;
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
    server.fault = () => undefined;
    server.asked.length = 0;
    expect(await bytesOf((await fetchIt(signal, () => {}))!)).toEqual(server.repositories[MODEL.hub].main[path]);
    expect(server.asked.map(({ from }) => from)).toEqual([0]);
  });

  it('of a file that was deleted and given up is no failure', async () => {
    const stop = new AbortController();
    server.fault = slowly('.bin', 10_000);
    let seen = 0;
    const fetched = fetchIt(stop.signal, (loaded) => {
      seen = loaded;
    });
    await vi.waitUntil(() => seen > 30_000);
    await createPartStore(name).forget(fileUrl());
    stop.abort();
    await expect(fetched).rejects.toMatchObject({ name: 'AbortError' });
    expect(await noted()).toEqual([]);
  });
});

describe('a beginning', () => {
  const cut = (end: string): HubServer['fault'] =>
    function fault({ path, from, before }) {
      return path.endsWith(end) && (path.endsWith('.bin') || before > 0) ? { kind: 'cut', after: from === 0 ? 50_000 : 0 } : undefined;
    };
  const fetchModel = (host: string) => visit().fetch(MODEL, host, { signal: new AbortController().signal, onProgress: () => {} });
  const fetchDictionary = (host: string, source: PublishedSource = { hub: DICTIONARIES, folder: 'sae' }) =>
    visitPublished().fetch(source, host, { signal: new AbortController().signal, onProgress: () => {} });
  const of = (host: string, urls: string[]) => urls.filter((url) => url.startsWith(host));

  it('of a model leaves nothing behind when it is fetched from a mirror', async () => {
    server.fault = cut('.bin');
    await expect(fetchModel(server.url)).rejects.toThrow(/are here and kept/);
    expect([of(server.url, cached()).length, of(server.url, await noted()).length]).toEqual([4, 1]);
    await fetchModel(mirror.url);
    expect([...of(server.url, cached()), ...of(server.url, await noted()), ...of(server.url, await pieces())]).toEqual([]);
    await visit().store.remove(MODEL.hub);
    expect([...cached(), ...(await noted()), ...(await pieces())]).toEqual([]);
  });

  it('of a model leaves nothing behind when other weights are chosen', async () => {
    server.fault = cut('.bin');
    await expect(fetchModel(server.url)).rejects.toThrow(/are here and kept/);
    server.repositories[MODEL.hub].main = { ...server.repositories[MODEL.hub].main, ...checkpointRepo() };
    server.asked.length = 0;
    await fetchModel(server.url);
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
    expect(cached().filter((url) => /weights|model\./.test(url))).toEqual([`${server.url}a/model/resolve/main/model.safetensors`]);
    // What both need stayed.
    expect(server.asked.filter(({ path }) => path.endsWith('tokenizer.json'))).toEqual([]);
  });

  it('of a model takes no file of another one with it', async () => {
    server.repositories['a/other'] = { main: repositories()[MODEL.hub].main };
    const other = { hub: 'a/other', revision: 'main' };
    await visit().fetch(other, server.url, { signal: new AbortController().signal, onProgress: () => {} });
    const shared = { path: 'config.json', url: `${server.url}a/other/resolve/main/config.json`, bytes: 5 };
    await visit().store.note({ model: MODEL, host: server.url, files: [shared], whole: false });
    await visit().store.note({ model: MODEL, host: mirror.url, files: [], whole: false });
    await visit().store.note({ model: MODEL, host: server.url, files: [shared], whole: false });
    await visit().store.remove(MODEL.hub);
    expect((await visit().open(other)).files).toHaveLength(5);
  });

  it('of a dictionary leaves nothing behind when it is fetched from a mirror', async () => {
    server.fault = cut(WEIGHTS);
    await expect(fetchDictionary(server.url)).rejects.toThrow(/are here and kept/);
    expect(await noted()).toHaveLength(2);
    mirror.fault = cut(WEIGHTS);
    await expect(fetchDictionary(mirror.url)).rejects.toThrow(/are here and kept/);
    expect(of(server.url, [...(await noted()), ...(await pieces())])).toEqual([]);
    expect(await visitPublished().begun()).toMatchObject([{ id: `${DICTIONARIES}/sae` }]);
    await visitPublished().remove(`${DICTIONARIES}/sae`);
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
  });

  it('of a dictionary is known by its last address to all tabs', async () => {
    const first = visitPublished();
    const options = { signal: new AbortController().signal, onProgress: () => {} };
    server.fault = mirror.fault = cut(WEIGHTS);
    await expect(first.fetch({ hub: DICTIONARIES, folder: 'sae' }, server.url, options)).rejects.toThrow(/are here and kept/);
    await expect(fetchDictionary(mirror.url)).rejects.toThrow(/are here and kept/);
    await first.remove(`${DICTIONARIES}/sae`);
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
  });

  it('of a dictionary keeps the settings that another one shares', async () => {
    await fetchDictionary(server.url, { hub: DICTIONARIES, folder: 'both/one.pt' });
    const { forget } = await fetchDictionary(server.url, { hub: DICTIONARIES, folder: 'both/two.pt' });
    await forget();
    expect((await noted()).map((url) => url.slice(url.indexOf('both/'))).sort()).toEqual(['both/config.json', 'both/one.pt']);
    await visitPublished().remove(`${DICTIONARIES}/both/one.pt`);
    expect([...(await noted()), ...(await pieces())]).toEqual([]);
  });
});
