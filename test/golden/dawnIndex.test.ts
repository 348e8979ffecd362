/** The index of features on a graphics device without a browser, against plain loops over the processor's values. */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openModelFolder, readCorpus, createRuntime } from '../../src/engine/node/engine.ts';
import { splitDocuments } from '../../src/engine/study/indexBuild.ts';
import { BLOCK_3, openShipped } from '../helpers/candidates.ts';
import { EVERYTHING, HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { readPlaces } from '../helpers/indexPlaces.ts';
import { createNodeEngine } from '../helpers/kernels.ts';
import { TOLERANCES } from '../helpers/latents.ts';
import { expectNear } from '../helpers/nearIndex.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const ID = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';
/** A window of the model's context and a short one. */
const TOKENS = EVERYTHING ? 4000 : 300;
const STEP = EVERYTHING ? 1 : 7;

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let node: NodeApi;
  const kinds: string[] = [];
  beforeAll(async () => {
    const { gpu } = await openDawn();
    const createRuntime = async () => {
      const runtime = await gpu.createRuntime();
      kinds.push(runtime.kind);
      return runtime;
    };
    node = createNodeApi('bookworm-9m', { gpu: { ...gpu, createRuntime } });
    await node.api.ready;
  });
  afterAll(() => node?.close());

  it(`an index of only ${TOKENS} tokens and one dictionary, one feature of ${STEP}, says what the processor's values say`, async () => {
    const [built] = await node.api.index.build(ID, { tokens: TOKENS });
    expect([built.tokens, built.source]).toEqual([TOKENS, 'made']);
    expect([...new Set(kinds)]).toEqual(['webgpu']);
    const opened = await openModelFolder(createRuntime(1), join(resolve(import.meta.dirname, '../../public'), 'models/bookworm-9m'));
    const dictionary = (await openShipped(BLOCK_3)).get(BLOCK_3)!;
    const documents = splitDocuments(await readCorpus(['moby-dick'], opened, () => {}), opened.model.config.eos_token_id);
    const reading = { model: opened.model, engine: createNodeEngine(), documents, tokens: TOKENS };
    const { placesOf } = await readPlaces(reading, dictionary);
    let [alive, sure] = [0, 0];
    for (let latent = 0; latent < dictionary.config.d_sae; latent += STEP) {
      const places = placesOf(latent);
      const largest = places.reduce((most, { value }) => Math.max(most, value), 0);
      const tolerance = TOLERANCES.webgpu * Math.max(1, largest / 10);
      const record = await node.api.index.feature(ID, latent);
      const unsure = expectNear({ record, places, latent, tolerance });
      if (record.density > 0) alive++;
      if (record.density > 0 && unsure === 0) sure++;
    }
    // Features that fire, and those whose places are known for certain.
    expect(alive).toBeGreaterThan(80);
    expect(sure).toBeGreaterThan(60);
    await opened.model.release();
  });
});
