import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODELS } from '../helpers/goldens.ts';
import { checkInterleaving, type InterleavingEngine } from '../helpers/interleaving.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

let node: NodeApi;
let engine: InterleavingEngine;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  engine = {
    api: node.api,
    live: () => node.api.live(),
    load: (folder, paths, signal) => node.api.models.load(diskFiles(join(MODELS, folder), paths), signal ? { signal } : {}),
  };
});
afterAll(() => node.close());

test.each([1, 2, 3])('500 calls in random order (seed %d) all end, each as it does alone, and leave nothing behind', async (seed) => {
  const counts = await checkInterleaving(engine, { calls: 500, tolerance: 1e-4, seed });
  expect(counts.answered).toBeGreaterThan(200);
  expect(counts.refused).toBeGreaterThan(50);
  expect(counts.aborted).toBeGreaterThan(20);
  expect(counts.loads).toBeGreaterThan(5);
  expect(await node.api.live()).toMatchObject({ buffers: 0, calls: 0 });
});
