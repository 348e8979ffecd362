/** The library over its store: hashes, another tab's changes, what cannot be kept. */
import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { createStore, get, set } from 'idb-keyval';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createDictionaryStore } from '../../../src/cache/dictionaryStore.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { tensorHash } from '../../../src/engine/dictionary/tensorHash.ts';
import { DictionaryLibrary } from '../../../workers/lens/dictionaries.ts';

const PUBLIC = resolve(import.meta.dirname, '../../../public');
const FIXTURES = resolve(import.meta.dirname, '../../fixtures/dictionaries/saelens-v6');
const BASE = `${pathToFileURL(PUBLIC).href}/`;

interface Shipped {
  id: string;
  path: string;
  files: string[];
  hash: string;
}
const index = JSON.parse(readFileSync(join(PUBLIC, 'dictionaries/index.json'), 'utf8')) as Shipped[];

const filesOf = (folder: string, names: string[]) => names.map((path) => ({ path, data: new Blob([readFileSync(join(folder, path))]) }));
const standard = () => filesOf(join(FIXTURES, 'standard'), ['cfg.json', 'sae_weights.safetensors']);
const options = () => ({ onProgress: () => undefined, signal: new AbortController().signal });

let name = '';
let count = 0;
const library = () => new DictionaryLibrary(BASE, createDictionaryStore(name));
const ids = async (from: DictionaryLibrary) => (await from.list(undefined)).filter((d) => d.source === 'files').map((d) => d.id);

beforeEach(() => {
  name = `library-${count++}`;
  vi.stubGlobal('fetch', (url: string) => Promise.resolve(new Response(readFileSync(fileURLToPath(url)))));
});

describe('what was removed', () => {
  it('comes back as it was, also for the next visit, and only the last one', async () => {
    const from = library();
    const tied = filesOf(join(FIXTURES, '../sparse_coding/tied'), ['learned_dicts.pt']);
    const [a] = (await from.import(tied, { ...options(), pick: [0] })).infos;
    const [b] = (await from.import(standard(), options())).infos;
    await from.remove(a.id);
    expect(await ids(library())).toEqual([b.id]);
    await from.restore(a.id);
    expect((await ids(library())).sort()).toEqual([a.id, b.id].sort());
    // Tied as before, with the same numbers: an export would have written another form.
    expect((await library().get(a.id)).config.architecture).toBe('tied');
    await from.remove(a.id);
    await from.remove(b.id);
    await expect(from.restore(a.id)).rejects.toThrow('cannot be brought back any more');
    await from.restore(b.id);
    expect(await ids(library())).toEqual([b.id]);
    await expect(from.restore(b.id)).rejects.toThrow('cannot be brought back any more');
  });
});

describe('hashes', () => {
  it.each(index)('public/dictionaries/index.json names the tensors of $id', async ({ path, files, hash }) => {
    const { dictionaries } = await openDictionaryFiles(filesOf(join(PUBLIC, 'dictionaries', path), files));
    expect(hash).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(hash).toBe(await tensorHash(dictionaries[0]));
  });

  it('are all different, and an opened dictionary has its own, with which its id begins', async () => {
    expect(new Set(index.map(({ hash }) => hash)).size).toBe(index.length);
    const { infos } = await library().import(standard(), options());
    expect(infos[0].hash).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(infos[0].id).toMatch(new RegExp(`^${infos[0].hash.slice(0, 23)}-[0-9a-f]{8}$`));
  });

  it('are the same for the same tensors; ids tell settings apart, so that neither takes the place of the other', async () => {
    const from = library();
    const topk = filesOf(join(FIXTURES, 'topk'), ['cfg.json', 'sae_weights.safetensors']);
    const settings = JSON.parse(await topk[0].data.text()) as { k: number };
    const other = { path: 'cfg.json', data: new Blob([JSON.stringify({ ...settings, k: settings.k + 1 })]) };
    const renamed = topk.map(({ path, data }) => ({ path: `renamed/${path}`, data }));
    const [first, again, changed] = await Promise.all(
      [topk, renamed, [other, topk[1]]].map(async (files) => (await from.import(files, options())).infos[0]),
    );
    expect(again.id).toBe(first.id);
    expect(changed.hash).toBe(first.hash);
    expect(changed.id).not.toBe(first.id);
    expect((await from.get(first.id)).config.k).toBe(settings.k);
    expect((await from.get(changed.id)).config.k).toBe(settings.k + 1);
    expect((await ids(library())).sort()).toEqual([first.id, changed.id].sort());
  });

  it('are found for dictionaries kept before there were hashes', async () => {
    const { infos } = await library().import(standard(), options());
    const manifests = createStore(`${name}-dictionaries`, 'kv');
    const manifest = (await get<{ info: { hash?: string } }>(infos[0].id, manifests))!;
    delete manifest.info.hash;
    await set(infos[0].id, manifest, manifests);
    expect((await library().list(undefined)).at(-1)?.hash).toBe(infos[0].hash);
  });
});

describe('another tab', () => {
  it('sees what was opened and removed here, after reading again', async () => {
    const [here, there] = [library(), library()];
    expect(await ids(there)).toEqual([]);
    const { infos } = await here.import(standard(), options());
    await there.refresh();
    expect(await ids(there)).toEqual([infos[0].id]);
    expect((await there.get(infos[0].id)).config.d_sae).toBe(infos[0].d_sae);
    await here.remove(infos[0].id);
    await there.refresh();
    expect(await ids(there)).toEqual([]);
    await expect(there.get(infos[0].id)).rejects.toThrow(/no dictionary called/);
  });

  it('never takes away what could not be kept here', async () => {
    const store = createDictionaryStore(name);
    const here = new DictionaryLibrary(BASE, { ...store, save: () => Promise.reject(new Error('There is no room.')) });
    const { infos, warnings } = await here.import(standard(), options());
    expect(warnings).toContain('There is no room.');
    await here.refresh();
    expect(await ids(here)).toEqual([infos[0].id]);
    expect(await here.kept()).toEqual([]);
    await here.remove(infos[0].id);
    expect(await ids(here)).toEqual([]);
  });

  it('a store that cannot be read changes nothing', async () => {
    const store = createDictionaryStore(name);
    const list = vi.fn(store.list);
    const here = new DictionaryLibrary(BASE, { ...store, list });
    const { infos } = await here.import(standard(), options());
    expect(await ids(here)).toEqual([infos[0].id]);
    list.mockRejectedValueOnce(new Error('no'));
    await expect(here.refresh()).rejects.toThrow('no');
    expect(await ids(here)).toEqual([infos[0].id]);
  });

  it('what cannot be deleted stays', async () => {
    const store = createDictionaryStore(name);
    const here = new DictionaryLibrary(BASE, { ...store, remove: () => Promise.reject(new Error('locked')) });
    const { infos } = await here.import(standard(), options());
    await expect(here.remove(infos[0].id)).rejects.toThrow('locked');
    expect(await ids(here)).toEqual([infos[0].id]);
  });
});
