/** The hub's code is fetched when first asked for; a failure then is not the last word. */
import 'fake-indexeddb/auto';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('../../../../src/cache/hub/hub.ts');
  vi.doUnmock('../../../../src/cache/hub/published.ts');
});

const fails = () => {
  throw new Error('Failed to fetch dynamically imported module');
};

it('is asked for again after it could not be had: models', async () => {
  const { openHub } = await import('../../../../src/engine/model/openModel.ts');
  vi.doMock('../../../../src/cache/hub/hub.ts', fails);
  await expect(openHub()).rejects.toThrow();
  vi.doUnmock('../../../../src/cache/hub/hub.ts');
  const hub = await openHub();
  expect(hub.store).toBeDefined();
  expect(await openHub()).toBe(hub);
});

it('is asked for again after it could not be had: dictionaries', async () => {
  const { openPublished } = await import('../../../../workers/lens/published.ts');
  vi.doMock('../../../../src/cache/hub/published.ts', fails);
  await expect(openPublished()).rejects.toThrow();
  vi.doUnmock('../../../../src/cache/hub/published.ts');
  const hub = await openPublished();
  expect(await hub.begun()).toEqual([]);
  expect(await openPublished()).toBe(hub);
});
