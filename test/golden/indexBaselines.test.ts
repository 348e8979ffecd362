/** Indices of directions that nobody trained, of both signs, stacked, and the k largest: against plain loops over all values. */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBaseline, type BaselineOptions } from '../../src/core/baselines/options.ts';
import { createPlainProducts } from '../../src/core/baselines/products.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { FeatureRecord } from '../../src/core/interp/types.ts';
import { getPlan } from '../../src/core/sae/plan.ts';
import { makeBaseline } from '../../src/engine/baselines/make.ts';
import { openModelFolder, readCorpus, type NodeModel } from '../../src/engine/node/engine.ts';
import { splitDocuments } from '../../src/engine/study/indexBuild.ts';
import { expectBrute } from '../helpers/bruteIndex.ts';
import { readPlaces, type WindowRead } from '../helpers/indexPlaces.ts';
import { createNodeEngine } from '../helpers/kernels.ts';
import { createNodeApi, createNodeRuntime, type NodeApi } from '../helpers/nodeEngine.ts';

const MODEL = join(resolve(import.meta.dirname, '../../public'), 'models/bookworm-9m');
const TOKENS = 4000;
const HOOK = 'blocks.3.hook_resid_post';
const pca: BaselineOptions = { kind: 'pca', hook: HOOK, tokens: 1024 };

/** Name, what is asked, features, and every how manieth is compared. */
const CASES: [string, BaselineOptions, number, number][] = [
  ['neurons of the MLP, stacked', { kind: 'neurons', hook: 'blocks.3.mlp.hook_post' }, 2048, 101],
  ['PCA, signed', pca, 256, 13],
  ['PCA, stacked', { ...pca, non_negative: true }, 512, 29],
  ['PCA, the 8 largest', { ...pca, k: 8 }, 512, 29],
];

let node: NodeApi;
let model: NodeModel;
let ids: Uint16Array | Uint32Array;
const made: string[] = [];
const engine = createNodeEngine();

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  model = await openModelFolder(createNodeRuntime(), MODEL);
  ids = await readCorpus(['moby-dick'], model, () => {});
  for (const [, options] of CASES) made.push((await node.api.baselines.make(options)).id);
  // One pass for all.
  const built = await node.api.index.build(made, { tokens: TOKENS });
  expect(built.map(({ tokens, total }) => [tokens, total])).toEqual(CASES.map(() => [TOKENS, TOKENS]));
}, 600_000);
afterAll(() => node.close());

/** The same directions once more, without the scripting interface. */
async function makeAgain(options: BaselineOptions): Promise<Dictionary> {
  const opened = await makeBaseline({
    model: model.model,
    id: model.id,
    settings: checkBaseline(options),
    text: () => Promise.resolve({ ids, hash: '' }),
    products: () => Promise.resolve(createPlainProducts()),
    onProgress: () => {},
  });
  return readDictionary(opened);
}

function readingOf(dictionary: Dictionary) {
  const documents = splitDocuments(ids, model.model.config.eos_token_id);
  return readPlaces({ model: model.model, engine, documents, tokens: TOKENS }, dictionary);
}

/** A neuron's values are the hook's themselves, those of the second half their negatives. */
function expectNeuron(record: FeatureRecord, windows: readonly WindowRead[], latent: number, width: number): void {
  const sign = latent < width ? 1 : -1;
  const own = windows.flatMap(({ ids, acts }) => ids.map((_, r) => sign * acts[r * width + (latent % width)]));
  const firing = own.filter((value) => value > 0);
  expect([record.density, record.maximum]).toEqual([firing.length / TOKENS, Math.max(0, ...firing)]);
}

describe(`an index of ${TOKENS} tokens`, () => {
  it.each(CASES.map((one, i) => [...one, i] as const))(
    'equals plain loops over all values: %s',
    async (_, options, d_sae, step, i) => {
      const dictionary = await makeAgain(options);
      expect(dictionary.config.d_sae).toBe(d_sae);
      const { placesOf, windows } = await readingOf(dictionary);
      const { isSigned = false } = getPlan(dictionary);
      expect(isSigned).toBe(options === pca);
      let dense = 0;
      for (let latent = 0; latent < d_sae; latent += step) {
        const record = await node.api.index.feature(made[i], latent);
        expectBrute(record, placesOf(latent), latent, d_sae, isSigned);
        if (options.kind === 'neurons') expectNeuron(record, windows, latent, d_sae / 2);
        if (isSigned) expect([record.density, record.near]).toEqual([1, []]);
        if (record.density > 0.25) dense++;
      }
      // Where more fire than samples keep, quantiles come from histograms.
      expect(dense > 3).toBe(options.k === undefined);
    },
    600_000,
  );
});
