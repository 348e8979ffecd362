import 'fake-indexeddb/auto';
import { createStore, entries, set } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLabelStore, type LabelStore } from '../../../src/cache/labelStore.ts';
import { labelKey, type Label } from '../../../src/core/formats/labels.ts';

const HASH = `sha256-${'a'.repeat(64)}`;
const label = (latent: number, text: string): Label => ({ hash: HASH, latent, text, changed: '2026-01-01T00:00:00.000Z' });

let name = '';
let count = 0;
let store: LabelStore;
beforeEach(() => {
  name = `test-${count++}`;
  store = createLabelStore(name);
});
afterEach(() => vi.restoreAllMocks());

const inDatabase = () => createStore(`${name}-labels`, 'kv');
const texts = async (from: LabelStore) => [...(await from.all()).values()].map((l) => `${l.latent} ${l.text}`).sort();

/** Every put fails as it does when the quota is used up. */
function fill() {
  return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
}

describe('the label store', () => {
  it('gives back what was written to another visit, and forgets what was removed', async () => {
    await store.change([label(1, 'one'), label(2, 'two')]);
    await store.change([label(1, 'uno')], [labelKey(label(2, ''))]);
    expect(await texts(createLabelStore(name))).toEqual(['1 uno']);
    expect(store.problem()).toBeNull();
  });

  it('reads only what is a label under its own key', async () => {
    await set('junk', 'x', inDatabase());
    await set(labelKey(label(1, '')), label(2, 'another’s key'), inDatabase());
    await set(labelKey(label(3, '')), { ...label(3, 'a\u0000b') }, inDatabase());
    await set(labelKey(label(4, '')), { ...label(4, 'x'.repeat(600)) }, inDatabase());
    await set(labelKey(label(5, '')), { ...label(5, 'no time'), changed: 'never' }, inDatabase());
    expect(await texts(createLabelStore(name))).toEqual(['3 a b']);
  });

  it('sees at a reload what another tab wrote and removed', async () => {
    await store.change([label(1, 'one'), label(2, 'two')]);
    await createLabelStore(name).change([label(3, 'three')], [labelKey(label(1, ''))]);
    await store.reload();
    expect(await texts(store)).toEqual(['2 two', '3 three']);
  });

  it('a change that overlaps a reload is not lost', async () => {
    await store.all();
    const reloaded = store.reload();
    const changed = store.change([label(1, 'one')]);
    await Promise.all([reloaded, changed, store.reload()]);
    expect(await texts(store)).toEqual(['1 one']);
  });

  it('of two changes at once the last one given is kept', async () => {
    await Promise.all([store.change([label(1, 'first')]), store.change([label(1, 'second')])]);
    expect(await texts(createLabelStore(name))).toEqual(['1 second']);
  });

  it('without room keeps labels in memory, says so, and keeps them when there is room again', async () => {
    await store.change([label(1, 'kept')]);
    const full = fill();
    await store.change([label(2, 'not kept')]);
    expect(store.problem()).toMatch(/^Labels are not kept for the next visit: the browser has no room left/);
    await store.reload();
    expect(await texts(store)).toEqual(['1 kept', '2 not kept']);
    expect((await store.kept()).map((l) => l.text)).toEqual(['kept']);
    full.mockRestore();
    await store.change([label(3, 'room')]);
    expect(store.problem()).toBeNull();
    expect((await entries(inDatabase())).length).toBe(3);
  });

  it('without storage works in memory and says so', async () => {
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const denied = createLabelStore(`${name}-denied`);
    expect(await texts(denied)).toEqual([]);
    expect(denied.problem()).toMatch(/lets this page store nothing/);
    await denied.change([label(1, 'one')]);
    expect(await texts(denied)).toEqual(['1 one']);
  });
});
