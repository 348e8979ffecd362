import { expect, it } from 'vitest';
import { isSameSource, readSource } from '../../src/core/publishedSource.ts';

it('two names of one place are one place', () => {
  expect(isSameSource({ hub: 'a/b', folder: 'c' }, { hub: 'a/b', revision: 'main', folder: 'c' })).toBe(true);
  expect(isSameSource({ hub: 'a/b' }, { hub: 'a/b', revision: 'main', folder: '' })).toBe(true);
  expect(isSameSource({ hub: 'a/b', folder: 'c' }, { hub: 'a/b', folder: 'd' })).toBe(false);
  expect(isSameSource({ hub: 'a/b' }, { hub: 'a/b', revision: 'v2' })).toBe(false);
  expect(isSameSource({ url: 'https://x/ae.pt' }, { url: 'https://x/ae.pt' })).toBe(true);
  expect(isSameSource({ url: 'https://x/ae.pt' }, { hub: 'a/b' })).toBe(false);
});

it('a place from outside is read in the form it has, or not at all', () => {
  expect(readSource({ hub: 'a/b', folder: 'c', more: 1 })).toEqual({ hub: 'a/b', folder: 'c' });
  for (const wrong of [null, 'a/b', {}, { hub: 7 }, { hub: 'a/b', folder: 7 }, { url: 'x'.repeat(301) }])
    expect(readSource(wrong)).toBeUndefined();
});
