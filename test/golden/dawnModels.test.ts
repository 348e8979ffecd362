/** The goldens of models on a graphics device without a browser: onnxruntime-web's WebGPU on Dawn. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { EVERYTHING, HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { MODELS } from '../helpers/goldens.ts';
import { describeModels, FEW_CASES, MODEL_CASES, WEBGPU, type Engine } from '../helpers/modelSuite.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let node: NodeApi;
  let engine: Engine;

  beforeAll(async () => {
    const { gpu } = await openDawn();
    node = createNodeApi('bookworm-9m', { gpu });
    await node.api.ready;
    engine = { api: node.api, load: (folder, paths) => node.api.models.load(diskFiles(join(MODELS, folder), paths)) };
  });
  afterAll(() => node.close());

  describeModels(EVERYTHING ? MODEL_CASES : FEW_CASES.slice(0, 2), () => engine, WEBGPU);
});
