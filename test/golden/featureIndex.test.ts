/** Indices of the model's own features: against plain loops over all values, broken off and resumed, in shards. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DictionaryInfo } from '../../src/api/dictionaries.ts';
import { AbortedError } from '../../src/core/errors.ts';
import { openIndex, openPart, writeIndex, writePart, type IndexPart } from '../../src/core/interp/featureIndex/indexFile.ts';
import { IndexState } from '../../src/core/interp/featureIndex/indexState.ts';
import { sizesOf } from '../../src/core/interp/featureIndex/sizes.ts';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import { buildParts, identityOf, planIndex, splitDocuments, startPart } from '../../src/engine/study/indexBuild.ts';
import { openModelFolder, readCorpus, type NodeModel } from '../../src/engine/node/engine.ts';
import { expectBrute } from '../helpers/bruteIndex.ts';
import { readPlaces } from '../helpers/indexPlaces.ts';
import { createNodeEngine } from '../helpers/kernels.ts';
import { createNodeApi, createNodeRuntime, type NodeApi } from '../helpers/nodeEngine.ts';

const PUBLIC = resolve(import.meta.dirname, '../../public');
const FOLDERS = ['resid_post_3_r4-a0.004', 'mlp_post_3_r2-a0.002'];
const IDS = ['bookworm-9m/blocks.3.hook_resid_post/r4-a0.004', 'bookworm-9m/blocks.3.mlp.hook_post/r2-a0.002'];
const TOKENS = 20_000;

let node: NodeApi;
let model: NodeModel;
let ids: Uint16Array | Uint32Array;
const dictionaries: Dictionary[] = [];
const engine = createNodeEngine();

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  model = await openModelFolder(createNodeRuntime(), join(PUBLIC, 'models/bookworm-9m'));
  ids = await readCorpus(['moby-dick'], model, () => {});
  for (const folder of FOLDERS) {
    const files = ['cfg.json', 'sae_weights.safetensors'].map((name) => {
      const path = `${folder}/${name}`;
      return { path, data: new Blob([readFileSync(join(PUBLIC, 'dictionaries/bookworm-9m', path))]) };
    });
    dictionaries.push(await readDictionary((await openDictionaryFiles(files)).dictionaries[0]));
  }
});
afterAll(() => node.close());

describe(`an index of ${TOKENS} tokens, made through the scripting interface`, () => {
  let infos: DictionaryInfo[];
  beforeAll(async () => {
    infos = (await node.api.dictionaries.list()).filter(({ id }) => IDS.includes(id));
    const made = await node.api.index.build(
      infos.map(({ id }) => id),
      { tokens: TOKENS },
    );
    expect(made.map(({ dictionary, tokens, total, source }) => [dictionary, tokens, total, source]).sort()).toEqual(
      infos.map(({ id }) => [id, TOKENS, TOKENS, 'made']).sort(),
    );
  });

  it.each(FOLDERS.map((folder, i) => [folder, i]))('equals plain loops over all values: %s', async (_, i) => {
    const { d_sae, hook_name } = dictionaries[i].config;
    const { id } = infos.find(({ hook }) => hook === hook_name)!;
    const documents = splitDocuments(ids, model.model.config.eos_token_id);
    const { placesOf } = await readPlaces({ model: model.model, engine, documents, tokens: TOKENS }, dictionaries[i]);
    let compared = 0;
    for (let latent = 0; latent < d_sae; latent += 13) {
      expectBrute(await node.api.index.feature(id, latent), placesOf(latent), latent, d_sae);
      compared++;
    }
    expect(compared).toBeGreaterThan(70);
  });

  it('says what its latents are called, each by its own record', async () => {
    const { id, d_sae } = infos.find(({ hook }) => hook.endsWith('resid_post'))!;
    const names = await node.api.index.names(id);
    expect(names.length).toBeGreaterThan(d_sae / 50);
    expect(names.some(({ kind }) => kind === 'class')).toBe(true);
    for (const { latent, kind, words, share } of names.slice(0, 60)) {
      const { firing, firing_exact } = await node.api.index.feature(id, latent);
      const rows = await node.api.detokenize(firing.map((token) => [token.id]));
      const all = firing.reduce((sum, token) => sum + token.sum, 0);
      if (kind === 'token') expect([words, firing[0].sum / all >= 0.49]).toEqual([rows[0].tokens[0], true]);
      if (kind === 'class' && firing_exact && firing.length < 200) {
        const digits = firing.reduce((sum, token, i) => sum + (/^\s*\p{N}+$/u.test(rows[i].tokens[0]) ? token.sum : 0), 0) / all;
        expect(words.startsWith('digits')).toBe(digits >= 0.8);
        expect(share).toBeGreaterThanOrEqual(0.8);
      }
    }
  });

  it('is listed, summed up, refused where there is none, and deleted', async () => {
    const { id } = infos.find(({ hook }) => hook.endsWith('resid_post'))!;
    const summary = (await node.api.index.summary(id))!;
    const record = await node.api.index.feature(id, 14);
    expect(summary.tokens).toBe(TOKENS);
    expect([summary.density[14], summary.token[14]]).toEqual([Math.fround(record.density), record.firing[0]?.id ?? -1]);
    await expect(node.api.index.feature(id, 99_999)).rejects.toThrow('There is no latent 99999');
    await expect(node.api.index.build('nobody')).rejects.toThrow('There is no dictionary called "nobody"');
    await expect(node.api.index.build(id, { corpus: 'nothing' })).rejects.toThrow('There is no text called "nothing"');
    await node.api.index.remove(id, 'moby-dick');
    // The short one that ships is left, and cannot be removed.
    expect((await node.api.index.summary(id))?.short).toBe(true);
    await expect(node.api.index.remove(id, 'moby-dick')).rejects.toThrow('comes with the page');
    const other = infos.find((info) => info.id !== id)!.id;
    await node.api.index.remove(other, 'moby-dick');
    await expect(node.api.index.feature(other, 14)).rejects.toThrow('There is no index');
  });
});

const bytesOf = async (file: { arrayBuffer(): Promise<ArrayBuffer> }) => Buffer.from(await file.arrayBuffer()).toString('base64');
const planOf = (tokens: number, shard = 0, shards = 1) =>
  planIndex({ name: 'moby-dick', ids, hash: 'h' }, model.model, tokens, { shard, shards });

function begin(plan: ReturnType<typeof planOf>) {
  return dictionaries.slice(0, 1).map((dictionary) => ({
    dictionary,
    part: startPart(plan, identityOf(plan, model.model, dictionary, 'd'), dictionary),
  }));
}

async function whole(tokens: number, shard = 0, shards = 1): Promise<IndexPart[]> {
  const plan = planOf(tokens, shard, shards);
  const subjects = begin(plan);
  await buildParts({ model: model.model, engine, plan, subjects });
  return subjects.map(({ part }) => part);
}

it('broken off at ten places and resumed from what was written gives the same bytes', async () => {
  const plan = planOf(2800);
  let subjects = begin(plan);
  for (let stops = 0; stops < 10; stops++) {
    const stop = { aborted: false };
    const until = stops + 1;
    const onBatch = () => void (stop.aborted = subjects[0].part.done >= until);
    await buildParts({ model: model.model, engine, plan, subjects, stop, onBatch }).catch((error: unknown) =>
      expect(error).toBeInstanceOf(AbortedError),
    );
    const parts = await Promise.all(subjects.map(({ part }) => openPart(writePart(part))));
    subjects = subjects.map(({ dictionary }, s) => ({ dictionary, part: parts[s] }));
  }
  await buildParts({ model: model.model, engine, plan, subjects });
  const straight = await whole(2800);
  for (const [s, { part }] of subjects.entries()) expect(await bytesOf(writePart(part))).toBe(await bytesOf(writePart(straight[s])));
});

it.each([[2], [5]])('%i shards merge into the bytes of the whole', async (shards) => {
  const merged = new IndexState(sizesOf(dictionaries[0].config.d_sae));
  let identity: IndexPart['identity'] | null = null;
  for (let shard = 0; shard < shards; shard++) {
    const [part] = await whole(2600, shard, shards);
    merged.merge(part.state);
    identity = part.identity;
  }
  const [straight] = await whole(2600);
  expect(await bytesOf(writeIndex(identity!, merged))).toBe(await bytesOf(writeIndex(straight.identity, straight.state)));
  expect((await openIndex(writeIndex(identity!, merged))).summary.tokens).toBe(2600);
});
