/** A publisher changes files between two visits: nothing that is opened is made of both versions. */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CACHE } from '../../../../src/cache/hub/address.ts';
import { PATIENCE, type Patience } from '../../../../src/cache/hub/ask.ts';
import { createHub } from '../../../../src/cache/hub/hub.ts';
import { createPartStore } from '../../../../src/cache/hub/parts.ts';
import { createPublishedHub } from '../../../../src/cache/hub/published.ts';
import { fakeCaches } from '../../../helpers/fakeCaches.ts';
import { repoFiles, serveHub, sha256, type HubServer, type RepoFiles } from '../../../helpers/hub.ts';
import { zeroSae } from '../../../helpers/zeroSae.ts';

const QUICK: Patience = { ...PATIENCE, retries: 1, stallMs: 300, backoffMs: () => 5 };
const DICTIONARY = { hub: 'a/dictionaries', folder: 'sae' };
const CFG = 'sae/cfg.json';
const WEIGHTS = 'sae/sae_weights.safetensors';
const MODEL = { hub: 'a/model', revision: 'main' };
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

let server: HubServer;
let name = '';
let count = 0;
let caches: ReturnType<typeof fakeCaches>;

/** Two of one shape: all lengths are the same. */
function dictionary(layer: number): RepoFiles {
  const files = zeroSae({ d_in: 64, d_sae: 512, noise: layer, hook: `blocks.${layer}.hook_resid_post` });
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`sae/${path}`, bytes]));
}

function sharded(): RepoFiles {
  const small = { 'config.json': 'sharded/config.json', 'model.safetensors.index.json': 'sharded/model.safetensors.index.json' };
  return repoFiles('tiny-neox', { ...small, ...Object.fromEntries(SHARDS.map((path) => [path, `sharded/${path}`])) });
}

/** The same architecture, trained on. */
function retrained(files: RepoFiles): RepoFiles {
  const flipped = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -400), Buffer.from(bytes.subarray(-400).map((byte) => byte ^ 1))]);
  return { ...files, ...Object.fromEntries(SHARDS.map((path) => [path, flipped(files[path])])) };
}

beforeEach(async () => {
  server = await serveHub({ [DICTIONARY.hub]: { main: dictionary(2) }, [MODEL.hub]: { main: sharded() } });
  name = `versions-${count++}`;
  useRoom(Infinity);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function useRoom(room: number): void {
  caches = fakeCaches(room);
  vi.stubGlobal('caches', caches.storage);
}
const options = () => ({ signal: new AbortController().signal, onProgress: () => {} });
/** Hashes by path: what differs is short to read. */
const contents = async (files: { path: string; data: Blob }[]) => {
  const read = files.map(async ({ path, data }) => [path.slice(path.indexOf('/') + 1), Buffer.from(await data.arrayBuffer())] as const);
  return hashes(Object.fromEntries(await Promise.all(read)));
};
const hashes = (files: RepoFiles) => Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)]));
const asksFor = (path: string) => server.asked.filter((ask) => ask.path.endsWith(`/${path}`)).length;
/** As by an earlier build, and by transformers.js: without a version. */
function forgetVersions(): void {
  for (const [url, { body }] of caches.stores.get(CACHE)!) {
    caches.stores.get(CACHE)!.set(url, { body, headers: new Headers({ 'content-length': String(body.byteLength) }) });
  }
}

describe('a dictionary', () => {
  const visit = () => createPublishedHub({ name, patience: QUICK, pieceBytes: 16_384 });
  const fetchIt = async () => contents((await visit().fetch(DICTIONARY, server.url, options())).files);

  /** Its settings have come, its weights have not. */
  async function begin(): Promise<void> {
    // Asked before: for the length where there is no list, and for the header.
    const looks = server.lists ? 1 : 2;
    server.fault = ({ path, before }) => (path === WEIGHTS && before >= looks ? { kind: 'status', status: 500 } : undefined);
    await expect(fetchIt()).rejects.toThrow(/answered 500/);
    server.fault = () => undefined;
    server.asked.length = 0;
  }

  it.each([
    ['the list names contents', () => {}],
    ['there is no list, but ETags', () => (server.lists = false)],
  ])('changed after its settings had come is fetched anew where %s', async (_, prepare) => {
    prepare();
    await begin();
    const next = (server.repositories[DICTIONARY.hub].main = dictionary(3));
    expect(next[CFG].length).toBe(dictionary(2)[CFG].length);
    const { here } = await visit().plan(DICTIONARY, server.url, new AbortController().signal);
    expect(here).toBe(0);
    expect(await fetchIt()).toEqual(hashes(next));
  });

  it.each([
    ['the list names contents', () => {}],
    ['there is no list, but ETags', () => (server.lists = false)],
    ['nothing has a name', () => ((server.lists = false), (server.validators = false))],
  ])('that stayed as it was is not asked for its settings again where %s', async (_, prepare) => {
    prepare();
    await begin();
    await visit().plan(DICTIONARY, server.url, new AbortController().signal);
    const looks = asksFor(CFG);
    expect(await fetchIt()).toEqual(hashes(dictionary(2)));
    // Only looked into once more.
    expect(asksFor(CFG)).toBe(2 * looks);
  });

  it('of a store that hides all names counts by its lengths', async () => {
    server.lists = false;
    server.validators = false;
    await begin();
    server.repositories[DICTIONARY.hub].main = dictionary(3);
    expect((await fetchIt())[CFG]).toBe(sha256(dictionary(2)[CFG]));
  });

  it('noted by an earlier build, which kept no names, counts by its lengths', async () => {
    const url = `${server.url}${DICTIONARY.hub}/resolve/main/${CFG}`;
    const cfg = dictionary(2)[CFG];
    await createPartStore(name).add(url, { total: cfg.length, validator: null }, new Blob([new Uint8Array(cfg)]), 0);
    expect(await fetchIt()).toEqual(hashes(dictionary(2)));
    expect(await createPartStore(name).held(url)).toMatchObject({ validator: null, bytes: cfg.length });
  });
});

describe('a model', () => {
  const visit = () => createHub({ name, patience: QUICK, pieceBytes: 16_384 });
  const fetchIt = async () => contents((await visit().fetch(MODEL, server.url, options())).files);
  const openIt = async () => contents((await visit().open(MODEL)).files);

  /** Its first shard is here, its second is not. */
  async function begin(): Promise<void> {
    let looks = server.lists ? 0 : 1;
    server.fault = ({ path }) => (path === SHARDS[1] && looks-- <= 0 ? { kind: 'status', status: 500 } : undefined);
    await expect(fetchIt()).rejects.toThrow(/answered 500/);
    server.fault = () => undefined;
    server.asked.length = 0;
  }

  it.each([
    ['the list names contents', () => {}],
    ['there is no list, but ETags', () => (server.lists = false)],
    ['files are kept in pieces', () => vi.stubGlobal('caches', undefined)],
    ['files are kept in pieces and there is no list', () => ((server.lists = false), vi.stubGlobal('caches', undefined))],
  ])('retrained after its first shard had come is fetched anew where %s', async (_, prepare) => {
    prepare();
    await begin();
    const old = server.repositories[MODEL.hub].main;
    const next = (server.repositories[MODEL.hub].main = retrained(old));
    expect(next[SHARDS[0]]).not.toEqual(old[SHARDS[0]]);
    const { here, bytes } = await visit().plan(MODEL, server.url, new AbortController().signal);
    expect(here).toBe(bytes - SHARDS.reduce((sum, path) => sum + next[path].length, 0));
    expect(await fetchIt()).toEqual(hashes(next));
    expect(await openIt()).toEqual(hashes(next));
  });

  it('cancelled once more between its shards is of one version all the same', async () => {
    await begin();
    const next = (server.repositories[MODEL.hub].main = retrained(sharded()));
    server.fault = ({ path }) => (SHARDS.includes(path) ? { kind: 'status', status: 500 } : undefined);
    await expect(fetchIt()).rejects.toThrow(/answered 500/);
    server.fault = () => undefined;
    expect(await fetchIt()).toEqual(hashes(next));
  });

  it('that stayed as it was is not asked for its first shard again', async () => {
    for (const lists of [true, false]) {
      server.lists = lists;
      await begin();
      expect(await fetchIt()).toEqual(hashes(sharded()));
      // Without a list each is asked for its length.
      expect(asksFor(SHARDS[0])).toBe(lists ? 0 : 1);
      await visit().store.remove(MODEL.hub);
    }
  });

  it('whose files nobody named counts by their lengths', async () => {
    await begin();
    forgetVersions();
    expect(await fetchIt()).toEqual(hashes(sharded()));
    expect(asksFor(SHARDS[0])).toBe(0);
    await visit().store.remove(MODEL.hub);
    server.lists = false;
    server.validators = false;
    await begin();
    const next = (server.repositories[MODEL.hub].main = retrained(sharded()));
    expect(await fetchIt()).toEqual(hashes({ ...next, [SHARDS[0]]: sharded()[SHARDS[0]] }));
  });

  it('that is whole opens without asking anybody, kept by this build or an earlier one', async () => {
    await fetchIt();
    server.repositories[MODEL.hub].main = retrained(sharded());
    server.asked.length = 0;
    expect(await openIt()).toEqual(hashes(sharded()));
    expect(await fetchIt()).toEqual(hashes(sharded()));
    forgetVersions();
    expect(await openIt()).toEqual(hashes(sharded()));
    expect(server.asked).toEqual([]);
  });

  it('does not open with a file of another version in its place', async () => {
    await fetchIt();
    const url = `${server.url}${MODEL.hub}/resolve/main/${SHARDS[0]}`;
    const entries = caches.stores.get(CACHE)!;
    const { body } = entries.get(url)!;
    const headers = { 'content-length': String(body.byteLength), 'x-featurescope-oid': 'ab'.repeat(32) };
    entries.set(url, { body, headers: new Headers(headers) });
    await expect(openIt()).rejects.toThrow(/not kept/);
    expect((await visit().store.list())[0]).toMatchObject({ whole: false });
  });

  it('whose new shards find no room in the cache is not opened with an old one from there', async () => {
    const old = sharded();
    const small = old['config.json'].length + old['model.safetensors.index.json'].length;
    useRoom(small + old[SHARDS[0]].length + 10);
    server.lists = false;
    await begin();
    const next = (server.repositories[MODEL.hub].main = retrained(old));
    expect(await fetchIt()).toEqual(hashes(next));
    expect(await openIt()).toEqual(hashes(next));
  });
});
