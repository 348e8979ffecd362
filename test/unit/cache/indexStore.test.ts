import 'fake-indexeddb/auto';
import { createStore, keys, set } from 'idb-keyval';
import { expect, it } from 'vitest';
import { createIndexStore } from '../../../src/cache/indexStore.ts';
import type { IndexIdentity } from '../../../src/core/interp/featureIndex/indexFile.ts';

const identity: IndexIdentity = { dictionary: 'd 1', model: 'm', hook: 'h', corpus: 'moby-dick', text: 't', total: 100, n_ctx: 8 };
const about = { identity, tokens: 40, total: 100, made: 1, source: 'made' as const };
const text = async (blob: Blob | undefined) => blob && (await blob.text());

it('keeps a part, then the index in its place, and deletes both kinds', async () => {
  const store = createIndexStore('a');
  await store.save({ ...about, kind: 'part' }, new Blob(['part']));
  expect(await store.list()).toEqual([{ ...about, kind: 'part', bytes: 4 }]);
  expect(await text(await store.open(identity, 'part'))).toBe('part');
  await store.save({ ...about, tokens: 100, kind: 'index' }, new Blob(['whole']));
  expect((await store.list()).map(({ kind }) => kind)).toEqual(['index']);
  expect(await store.open(identity, 'part')).toBeUndefined();
  expect(await text(await store.open(identity, 'index'))).toBe('whole');
  // Another text's is another index.
  await store.save({ ...about, identity: { ...identity, corpus: 'mine' }, kind: 'index' }, new Blob(['mine']));
  await store.remove('d 1', 'moby-dick');
  expect((await store.list()).map((one) => one.identity.corpus)).toEqual(['mine']);
  expect(await keys(createStore('a-index-pieces', 'kv'))).toHaveLength(1);
});

it('what is not whole or not ours is not given, and not lost', async () => {
  const store = createIndexStore('b');
  await store.save({ ...about, kind: 'index' }, new Blob(['whole']));
  await set('of another build', { version: 2, pieces: ['of another build 0'] }, createStore('b-indices', 'kv'));
  await set('of another build 0', new Blob(['theirs']), createStore('b-index-pieces', 'kv'));
  await set('nobody’s', new Blob(['lost']), createStore('b-index-pieces', 'kv'));
  await store.save({ ...about, kind: 'index' }, new Blob(['anew']));
  const pieces = createStore('b-index-pieces', 'kv');
  expect((await keys<string>(pieces)).filter((key) => key === 'of another build 0' || key === 'nobody’s')).toEqual(['of another build 0']);
  expect(await store.list()).toHaveLength(1);
  const [piece] = (await keys<string>(pieces)).filter((key) => key.startsWith('['));
  await set(piece, new Blob(['cut']), pieces);
  expect(await store.open(identity, 'index')).toBeUndefined();
});
