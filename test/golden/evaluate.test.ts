/** Measuring a dictionary through the scripting interface. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/api/dictionaries.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

const LAYER_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';
const HOOK_3 = 'blocks.3.hook_resid_post';
const MODEL = resolve(import.meta.dirname, '../../public/models/bookworm-9m');

/** See test/fixtures/dictionaries/evaluation.README.md. */
interface Expected {
  ids: number[];
  dictionaries: Record<string, Record<Exclude<keyof Evaluation, 'density'>, number>>;
}
const expected = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/dictionaries/evaluation.json'), 'utf8')) as Expected;

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

describe('evaluate', () => {
  it.each(Object.keys(expected.dictionaries))('gives the figures of %s that the full check gave on these tokens', async (folder) => {
    const files = diskFiles(resolve(import.meta.dirname, '../../public/dictionaries/bookworm-9m', folder), [
      'cfg.json',
      'sae_weights.safetensors',
    ]);
    const [{ id }] = (await node.api.dictionaries.import(files)).dictionaries;
    const { density, ...figures } = await node.api.evaluate(id, { ids: Uint16Array.from(expected.ids) });
    await node.api.dictionaries.remove(id);
    for (const [name, value] of Object.entries(expected.dictionaries[folder])) {
      // fp32 sums in another order on another machine; whole numbers may move by a latent at its threshold.
      const slack = Number.isInteger(value) ? 2 : 1e-3 * Math.max(1, Math.abs(value));
      expect(Math.abs(figures[name as keyof typeof figures] - value), name).toBeLessThanOrEqual(slack);
    }
    expect(density).toHaveLength(1024);
    expect(density.reduce((a, b) => a + b, 0)).toBeCloseTo(figures.l0, 3);
    expect(density.filter((share) => share === 0)).toHaveLength(figures.dead);
  });

  it('takes a text by its name', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../public/corpora/moby-dick.txt'), 'utf8').slice(0, 4000);
    const named = await node.api.evaluate(LAYER_3, { corpus: 'moby-dick', tokens: 300 });
    expect(named).toEqual(await node.api.evaluate(LAYER_3, { text, tokens: 300 }));
    await expect(node.api.evaluate(LAYER_3, { corpus: 'moby', tokens: 300 })).rejects.toThrow(/no text called "moby".*"moby-dick", "sotu"/);
    await expect(node.api.evaluate(LAYER_3, { corpus: 'sotu', text })).rejects.toThrow(/one of/);
  });

  it.each([
    { model: 'of the page', wanted: () => ({ id: 'bookworm-9m' }) },
    { model: 'from files', wanted: () => ({ files: diskFiles(MODEL, ['config.json', 'tokenizer.json', 'onnx/model.onnx']) }) },
    { model: 'with random weights', wanted: () => ({ id: 'bookworm-9m', random: 3 }) },
  ])('gives the same numbers beside the lens as in it, on a model $model', async ({ wanted }) => {
    const { lens, study } = node;
    const source = wanted();
    const info = await lens.models.load([source]);
    const options = { ids: [expected.ids.slice(0, 80)] };
    const inLens = await lens.evaluation.evaluate([LAYER_3, options]);
    const dictionary = await lens.library.unread([LAYER_3]);
    expect(await study.evaluation.evaluate([{ model: { info, source }, dictionary }, options])).toEqual(inLens);
    await lens.models.load([{ id: 'bookworm-9m' }]);
  });

  it('agrees with replacing the activations by hand', async () => {
    const ids = expected.ids.slice(0, 60);
    const found = await node.api.evaluate(LAYER_3, { ids: [ids] });
    const { acts } = await node.api.run({ ids }, { read: [HOOK_3] });
    const { data } = await node.api.reconstruct({ ids }, LAYER_3);
    const value = { data, shape: acts[HOOK_3].shape };
    const loss = async (edits: object[]) => {
      const { surprise } = await node.api.predict({ ids }, { edits: edits as never });
      return surprise.slice(1).reduce((a, b) => a + b, 0) / (ids.length - 1);
    };
    expect(found.ce_clean).toBeCloseTo(await loss([]), 4);
    expect(found.ce_spliced).toBeCloseTo(await loss([{ hook: HOOK_3, op: 'set', value }]), 4);
    expect(found.ce_zero).toBeCloseTo(await loss([{ hook: HOOK_3, op: 'scale', factor: 0 }]), 4);
    const { comparison } = await node.api.predict({ ids }, { edits: [{ hook: HOOK_3, op: 'set', value }] });
    expect(found.kl).toBeCloseTo(comparison!.kl.slice(0, -1).reduce((a, b) => a + b, 0) / (ids.length - 1), 4);
  });

  it('reads the Moby Dick that ships with the page, says how far it is, and answers other calls meanwhile', async () => {
    const progress: number[] = [];
    const finished: string[] = [];
    const running = node.api.evaluate(LAYER_3, { tokens: 1024, onProgress: ({ done }) => progress.push(done) }).then((evaluation) => {
      finished.push('evaluate');
      return evaluation;
    });
    await node.api.encode({ text: 'The old man' }, LAYER_3).then(() => finished.push('encode'));
    const evaluation = await running;
    expect(finished).toEqual(['encode', 'evaluate']);
    expect(progress).toEqual([256, 512, 768, 1024]);
    expect(evaluation.tokens).toBe(1024);
    expect(evaluation.ce_recovered).toBeGreaterThan(0.8);
    expect(evaluation.fvu).toBeLessThan(0.5);
  });

  it('gives the densities of a dictionary that came without, once it was measured', async () => {
    const folder = resolve(import.meta.dirname, '../../public/dictionaries/bookworm-9m/resid_post_0_r4-a0.004');
    const files = diskFiles(folder, ['cfg.json', 'sae_weights.safetensors']);
    const { dictionaries } = await node.api.dictionaries.import(files);
    const { id } = dictionaries[0];
    expect(await node.api.dictionaries.densities(id)).toBeNull();
    const { density } = await node.api.evaluate(id, { ids: [expected.ids.slice(0, 64)] });
    expect(await node.api.dictionaries.densities(id)).toEqual({ values: density, source: 'measured', tokens: 64 });
    expect(await node.api.dictionaries.densities(LAYER_3)).toMatchObject({ source: 'file' });
    // They are the model's as much as the dictionary's.
    await node.api.models.load({ random: 1 });
    expect(await node.api.dictionaries.densities(id)).toBeNull();
    await node.api.models.load({ random: null });
    await node.api.dictionaries.remove(id);
  });

  it('stops on request, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const stopped = node.api.evaluate(LAYER_3, { tokens: 4096, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toThrow('Stopped on request.');
    // The caller is answered at once; the worker sees it at its next pause.
    await expect.poll(async () => (await node.api.live()).calls, { timeout: 10_000 }).toBe(0);
    expect((await node.api.live()).buffers).toBe(0);
  });

  it('takes text, and refuses in sentences', async () => {
    const { api } = node;
    const { ids } = await api.tokenize('It was the best of times, it was the worst of times.');
    expect((await api.evaluate(LAYER_3, { text: 'It was the best of times, it was the worst of times.' })).tokens).toBe(ids.length);
    await expect(api.evaluate('nothing')).rejects.toThrow(/no dictionary called "nothing"/);
    await expect(api.evaluate(LAYER_3, { ids: [] })).rejects.toThrow(/at least two tokens/);
    await expect(api.evaluate(LAYER_3, { ids: [[1]] })).rejects.toThrow(/at least two tokens/);
    await expect(api.evaluate(LAYER_3, { ids: [[1, 99_999]] })).rejects.toThrow(/token id 99999/);
    await expect(api.evaluate(LAYER_3, { ids: [7] as never })).rejects.toThrow(/list of lists/);
    await expect(api.evaluate(LAYER_3, { text: 'a', ids: [[1, 2]] })).rejects.toThrow(/one of `ids`, `text` and `corpus`/);
    await expect(api.evaluate(LAYER_3, { tokens: 0 })).rejects.toThrow(/at least 2/);
  });
});
