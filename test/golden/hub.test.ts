/** Models of the hub through the whole product short of the page: same numbers as from files, kept, remembered, let go. */
import 'fake-indexeddb/auto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { join, resolve } from 'node:path';
import { PATIENCE } from '../../src/cache/hub/ask.ts';
import { createHub } from '../../src/cache/hub/hub.ts';
import { fakeCaches } from '../helpers/fakeCaches.ts';
import { fakeKept } from '../helpers/fakeKept.ts';
import { checkpointRepo, onnxRepo, serveHub, type HubServer } from '../helpers/hub.ts';
import { zeroSae } from '../helpers/zeroSae.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

const TINY = join(resolve(import.meta.dirname, '../fixtures/models'), 'tiny-neox');
const ONNX = 'Xenova/pythia-70m';
const CHECKPOINT = 'EleutherAI/pythia-70m-deduped';

let server: HubServer;
let kept: ReturnType<typeof fakeKept>;
const open: NodeApi[] = [];

beforeAll(async () => {
  vi.stubGlobal('caches', fakeCaches().storage);
  server = await serveHub({
    [ONNX]: { main: onnxRepo() },
    [CHECKPOINT]: { main: checkpointRepo(), step3000: checkpointRepo({ 'model.safetensors': 'model_fp16.safetensors' }) },
  });
  kept = fakeKept();
  kept.settings.set('hub', server.url);
});
afterEach(() => open.splice(0).forEach((node) => node.close()));
afterAll(() => server.close());

async function visit(model?: string) {
  return (await visitWith(model)).api;
}

async function visitWith(model?: string) {
  const hub = createHub({ name: 'golden', patience: { ...PATIENCE, retries: 1, backoffMs: () => 5 } });
  const node = createNodeApi(model, { kept, hub, fallback: 'bookworm-9m' });
  open.push(node);
  await node.api.ready;
  return node;
}

describe('a model of the hub', () => {
  it('has the hash and the numbers of its files', async () => {
    const api = await visit();
    const files = await api.models.load(diskFiles(TINY, ['config.json', 'tokenizer.json', 'model.safetensors']));
    const wanted = await api.predict({ text: 'the cat' });
    const info = await api.models.load({ hub: ONNX });
    expect(info).toMatchObject({ id: ONNX, source: 'hub', hash: files.hash, n_layers: 3 });
    expect([...(await api.predict({ text: 'the cat' })).topProbs]).toEqual([...wanted.topProbs]);
    const checkpoint = await api.models.load({ hub: CHECKPOINT });
    expect(checkpoint).toMatchObject({ id: CHECKPOINT, hash: files.hash });
    const step = await api.models.load({ hub: CHECKPOINT, revision: 'step3000' });
    expect(step).toMatchObject({ id: `${CHECKPOINT}@step3000` });
    expect(step.hash).not.toBe(files.hash);
    expect((await api.models.list()).map(({ id, source }) => `${source} ${id}`)).toEqual([
      'built-in bookworm-9m',
      `hub ${CHECKPOINT}`,
      `hub ${CHECKPOINT}@step3000`,
      `hub ${ONNX}`,
    ]);
    expect((await api.storage.usage()).items.filter(({ kind }) => kind === 'model').map(({ id }) => id)).toHaveLength(3);
    expect((await api.requests()).map(({ host }) => new URL(host).hostname)).toEqual(expect.arrayContaining(['localhost', '127.0.0.1']));
    expect(kept.settings.get('model')).toBe(`${CHECKPOINT}@step3000`);
  });

  it('chosen before opens at the next visit without asking anybody; deleted, the page’s own opens instead', async () => {
    server.asked.length = 0;
    const api = await visit(kept.settings.get('model'));
    expect(api.models.current()).toMatchObject({ id: `${CHECKPOINT}@step3000`, source: 'hub' });
    expect(server.asked).toEqual([]);
    await api.storage.remove('model', `${CHECKPOINT}@step3000`);
    const next = await visit(kept.settings.get('model'));
    expect(next.models.current()).toMatchObject({ id: 'bookworm-9m' });
    expect(server.asked).toEqual([]);
  });

  it('has dictionaries measured beside the lens, from what is kept, without asking anybody', async () => {
    const { api, lens, study } = await visitWith();
    const info = await api.models.load({ hub: ONNX });
    const sae = zeroSae({ d_in: 32, d_sae: 64, noise: 1, hook: 'blocks.1.hook_resid_post' });
    const files = Object.entries(sae).map(([path, data]) => ({ path: `noise/${path}`, data: new Blob([new Uint8Array(data)]) }));
    const [{ id }] = (await api.dictionaries.import(files)).dictionaries;
    const options = { ids: [[1, 2, 3, 4, 5, 6, 7, 8]] };
    server.asked.length = 0;
    const model = { info, source: { hub: ONNX, revision: 'main', host: server.url, keptOnly: true } };
    const evaluation = await study.evaluation.evaluate([{ model, dictionary: await lens.library.unread([id]) }, options]);
    expect(evaluation.l0).toBeGreaterThan(0);
    expect(await api.evaluate(id, options)).toEqual(evaluation);
    expect(server.asked).toEqual([]);
    // One that is not kept (any more) is measured where it is open.
    await api.storage.remove('model', ONNX);
    expect(await api.evaluate(id, options)).toEqual(evaluation);
    await expect(
      study.evaluation.evaluate([{ model: { ...model, info: { ...info, hash: 'other' } }, dictionary: await lens.library.unread([id]) }]),
    ).rejects.toMatchObject({ code: 'unavailable' });
    // What is in use is not fetched again.
    await api.models.load('bookworm-9m');
    await api.models.load({ hub: ONNX });
  });

  it('that fails leaves the one in use, and says why', async () => {
    const api = await visit();
    await expect(api.models.load({ hub: 'no/such' })).rejects.toThrow(/shows no repository called no\/such/);
    await expect(api.models.load('no/such@x')).rejects.toThrow(/shows no repository called no\/such/);
    await expect(api.models.load({ hub: 'nonsense' })).rejects.toThrow(/is no name of a repository/);
    await expect(api.models.load(7 as never)).rejects.toThrow(/models\.load takes/);
    expect(api.models.current().id).toBe('bookworm-9m');
    expect((await api.models.plan({ hub: ONNX })).here).toBeGreaterThan(0);
  });
});

describe('the same model with random weights', () => {
  it('is another by id and hash, the same by seed, predicts nothing, and gives way to its own again', async () => {
    const api = await visit();
    const own = api.models.current();
    const loss = async () => {
      const { surprise } = await api.predict({ text: 'The old man went down to the sea and looked at the ships.' });
      return surprise.slice(1).reduce((a, b) => a + b, 0) / (surprise.length - 1);
    };
    const trained = await loss();
    const first = await api.models.load({ random: 1 });
    expect(first.id).toBe('bookworm-9m+random.1');
    expect(kept.settings.get('model')).toBe('bookworm-9m+random.1');
    expect(await loss()).toBeGreaterThan(trained + 2);
    const second = await api.models.load({ random: 2 });
    expect(new Set([own.hash, first.hash, second.hash]).size).toBe(3);
    expect((await api.models.load('bookworm-9m+random.1')).hash).toBe(first.hash);
    expect((await api.models.load({ random: null })).hash).toBe(own.hash);
    await expect(api.models.load({ random: 1.5 })).rejects.toThrow(/seed of random weights/);
    await api.models.load(diskFiles(TINY, ['config.json', 'tokenizer.json', 'model.safetensors']));
    expect((await api.models.load({ random: 4 })).id).toMatch(/\+random\.4$/);
  });
});
