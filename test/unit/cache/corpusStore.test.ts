import 'fake-indexeddb/auto';
import { createStore, keys, set } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkCorpusName, createCorpusStore, type CorpusStore } from '../../../src/cache/corpusStore.ts';

let name = '';
let count = 0;
let store: CorpusStore;

beforeEach(() => {
  name = `corpora-${count++}`;
  store = createCorpusStore(name);
});
afterEach(() => vi.restoreAllMocks());

async function read(corpus: string): Promise<string[] | undefined> {
  const text = await createCorpusStore(name).open(corpus);
  return text && collect(text.documents());
}

async function collect(documents: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const document of documents) all.push(document);
  return all;
}
const textKeys = () => keys<string>(createStore(`${name}-corpus-texts`, 'kv'));

describe('the corpus store', () => {
  it('gives another visit the documents that were saved, letter for letter', async () => {
    const documents = ['Call me Ishmael.\n', 'é 東京 😀', 'x'.repeat(200_000)];
    const info = await store.save('my text', documents);
    expect(info).toEqual({ name: 'my text', source: 'added', bytes: 17 + 14 + 200_000, documents: 3 });
    expect(await createCorpusStore(name).list()).toEqual([info]);
    expect(await read('my text')).toEqual(documents);
  });

  it('forgets what is removed, text and all', async () => {
    await store.save('a', ['one']);
    await store.save('b', ['two']);
    await store.remove('a');
    expect((await store.list()).map((c) => c.name)).toEqual(['b']);
    expect(await read('a')).toBeUndefined();
    expect(await read('b')).toEqual(['two']);
    expect(await textKeys()).toHaveLength(1);
  });

  it('refuses a name that is taken, in any case, and keeps the old text', async () => {
    await store.save('Whales', ['old']);
    await expect(store.save('whales', ['new'])).rejects.toThrow(/already a text called "Whales"/);
    expect(await read('Whales')).toEqual(['old']);
    expect(await textKeys()).toHaveLength(1);
  });

  it('tells two texts of one name apart by version', async () => {
    await store.save('a', ['one']);
    const first = (await store.open('a'))!.version;
    await store.remove('a');
    await store.save('a', ['one']);
    expect((await store.open('a'))!.version).not.toBe(first);
  });

  it('leaves out what another build wrote and what is cut off', async () => {
    await store.save('a', ['one', 'two']);
    const manifests = createStore(`${name}-corpora`, 'kv');
    await set('later', { version: 2, name: 'later' }, manifests);
    await set('odd', 'text', manifests);
    await set('other', { version: 1, name: 'not other', bytes: 3, documents: 1, key: 'k' }, manifests);
    const [key] = await textKeys();
    await set(key, new Blob(['on']), createStore(`${name}-corpus-texts`, 'kv'));
    expect((await store.list()).map((c) => c.name)).toEqual(['a']);
    expect(await read('a')).toBeUndefined();
    expect(await read('later')).toBeUndefined();
  });

  it('says that there is no room, and keeps nothing half', async () => {
    await store.save('a', ['one']);
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
      this.transaction.abort();
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(store.save('b', ['two'])).rejects.toThrow(/"b" was not added: the browser has no room left for this page. What was here/);
    put.mockRestore();
    expect((await store.list()).map((c) => c.name)).toEqual(['a']);
    expect(await textKeys()).toHaveLength(1);
  });

  it('stops when asked', async () => {
    await store.save('a', ['one', 'two']);
    const text = (await store.open('a'))!;
    await expect(collect(text.documents({ aborted: true }))).rejects.toMatchObject({ code: 'abort' });
  });
});

describe('names of corpora', () => {
  it('are tidied', () => {
    expect(checkCorpusName('  My text 2.0_a-b ', [])).toBe('My text 2.0_a-b');
    expect(checkCorpusName('Войнá и мир', [])).toBe('Войнá и мир');
  });

  it.each(['', ' ', 'a/b', '-a', 'a\u0000', 'x'.repeat(61), 7])('are refused: %j', (bad) =>
    expect(() => checkCorpusName(bad, [])).toThrow(/The name of a text has 1 to 60 letters/),
  );

  it('may not be one that ships with the page', () => {
    expect(() => checkCorpusName('Moby-Dick', ['moby-dick', 'sotu'])).toThrow(/ships with the page/);
  });
});
