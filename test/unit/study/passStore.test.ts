/** What passes leave, within a bound. */
import { expect, it } from 'vitest';
import { PassStore } from '../../../src/engine/study/passStore.ts';

it('keeps what was used last, but never drops for a newcomer what the same scan brought', () => {
  const store = new PassStore(10);
  store.begin();
  for (const key of ['a', 'b', 'c']) store.set(key, key, 4);
  expect(['a', 'b', 'c'].map((key) => store.get(key))).toEqual(['a', 'b', undefined]);
  store.begin();
  expect(store.get('a')).toBe('a');
  store.set('d', 'd', 4);
  expect(['a', 'b', 'd'].map((key) => store.get(key))).toEqual(['a', undefined, 'd']);
  expect(store.bytes).toBe(8);
});

it('drops nothing for what is too large in any case, and counts what takes the place of its like', () => {
  const store = new PassStore(10);
  store.set('a', 1, 6);
  store.begin();
  store.set('b', 2, 11);
  expect(store.get('a')).toBe(1);
  store.set('a', 3, 9);
  expect([store.get('a'), store.bytes]).toEqual([3, 9]);
});
