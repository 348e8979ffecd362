import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { MODELS } from '../helpers/goldens.ts';
import { describeModels, MODEL_CASES, WASM, type Engine } from '../helpers/modelSuite.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

let node: NodeApi;
let engine: Engine;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  engine = { api: node.api, load: (folder, paths) => node.api.models.load(diskFiles(join(MODELS, folder), paths)) };
});
afterAll(() => node.close());

describeModels(MODEL_CASES, () => engine, WASM);
