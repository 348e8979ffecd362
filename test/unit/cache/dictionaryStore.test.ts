import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createStore, keys, set } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDictionaryStore, type DictionaryStore, type StoredDictionary } from '../../../src/cache/dictionaryStore.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../../src/core/formats/dictionaries/opened.ts';

const FOLDER = resolve(import.meta.dirname, '../../fixtures/dictionaries/saelens-v6/standard');

const HASH = `sha256-${'0'.repeat(64)}`;

let name = '';
let count = 0;
let store: DictionaryStore;

beforeEach(() => {
  name = `test-${count++}`;
  store = createDictionaryStore(name);
});
afterEach(() => vi.restoreAllMocks());

async function standard(id: string): Promise<StoredDictionary> {
  const files = ['cfg.json', 'sae_weights.safetensors', 'sparsity.safetensors'].map((path) => ({
    path: `standard/${path}`,
    data: new Blob([readFileSync(join(FOLDER, path))]),
  }));
  const opened = (await openDictionaryFiles(files)).dictionaries[0];
  const { config, bytes } = opened;
  const { architecture, d_in, d_sae } = config;
  return { info: { id, label: 'standard', model: '', hook: '', architecture, d_in, d_sae, source: 'files', bytes, hash: HASH }, opened };
}

const tensorKeys = () => keys<string>(createStore(`${name}-tensors`, 'kv'));

describe('the dictionary store', () => {
  it('gives back what was saved, number for number, to another visit', async () => {
    const saved = await standard('a');
    await store.save(saved);
    const [found] = await createDictionaryStore(name).list();
    expect(found.info).toEqual(saved.info);
    expect(found.opened.cfgText).toBe(saved.opened.cfgText);
    expect(found.opened.sparsity).toEqual(saved.opened.sparsity);
    expect(found.opened.extras.map((e) => e.name)).toEqual(saved.opened.extras.map((e) => e.name));
    expect((await readDictionary(found.opened)).tensors).toEqual((await readDictionary(saved.opened)).tensors);
  });

  it('keeps where it was published, in the form of a place and no other', async () => {
    const from = { hub: 'a/b', revision: 'main', folder: 'c' };
    const one = await standard('a');
    await store.save({ ...one, info: { ...one.info, from } });
    expect((await store.list())[0].info.from).toEqual(from);
    await store.save({ ...one, info: { ...one.info, from: 7 as never } });
    expect((await store.list())[0].info).toEqual(one.info);
  });

  it('forgets what is removed and keeps the rest', async () => {
    await store.save(await standard('a'));
    await store.save(await standard('ab'));
    await store.remove('a');
    expect((await store.list()).map((d) => d.info.id)).toEqual(['ab']);
    expect((await tensorKeys()).every((key) => key.startsWith('ab/'))).toBe(true);
  });

  it('leaves out a dictionary whose tensors are not all there, and sweeps tensors nobody owns', async () => {
    await store.save(await standard('a'));
    await set('lost/tensor/W_enc', new Blob(['x']), createStore(`${name}-tensors`, 'kv'));
    const { delMany } = await import('idb-keyval');
    await delMany(['a/tensor/W_dec'], createStore(`${name}-tensors`, 'kv'));
    expect(await store.list()).toEqual([]);
    expect(await tensorKeys()).not.toContain('lost/tensor/W_enc');
  });

  it('says that there is no room, and keeps nothing half', async () => {
    const full = new DOMException('full', 'QuotaExceededError');
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
      this.transaction.abort();
      throw full;
    });
    await expect(store.save(await standard('a'))).rejects.toThrow(/could not be kept for the next visit: the browser has no room left/);
    put.mockRestore();
    expect(await store.list()).toEqual([]);
    expect(await tensorKeys()).toEqual([]);
  });

  it('without storage says so', async () => {
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const denied = createDictionaryStore(`${name}-denied`);
    await expect(denied.list()).rejects.toThrow(/cannot be read: the browser lets this page store nothing/);
    await expect(denied.save(await standard('a'))).rejects.toThrow(/lets this page store nothing/);
  });
});
