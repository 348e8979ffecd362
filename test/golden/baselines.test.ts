/** Other directions of bookworm-9m through the scripting interface: made, kept, used, stopped, refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaselineOptions } from '../../src/api/features.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';
import { maxDifference } from '../helpers/goldens.ts';

const HOOK = 'blocks.3.hook_resid_post';
const TEXT = 'It was the year of the whale, and the old man had nothing but the sea.';

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

/** The hook's values and what the dictionary makes of them. */
async function reconstruct(id: string, hook: string) {
  const { acts } = await node.api.run({ text: TEXT }, { read: [hook] });
  const values = acts[hook];
  const n = values.shape[0];
  return {
    x: values.data,
    xhat: (await node.api.reconstruct({ acts: { data: values.data, shape: [n, values.data.length / n] } }, id)).data,
  };
}

describe('baselines.make', () => {
  it.each<[BaselineOptions, RegExp, number]>([
    [{ kind: 'neurons', hook: 'blocks.2.hook_mlp_out' }, /^Neurons of blocks\.2\.hook_mlp_out$/, 512],
    [{ kind: 'pca', hook: HOOK, tokens: 1024, sign_fixed: true }, /^PCA of blocks\.3\.hook_resid_post, 1,024 tokens, signs fixed$/, 256],
    [
      { kind: 'ica', hook: 'blocks.1.attn.hook_z', tokens: 600, non_negative: true, components: 40 },
      /^ICA of blocks\.1\.attn\.hook_z, 600 tokens, 40 components, non-negative$/,
      80,
    ],
  ])('%j: exact, in the library, with its record', async (options, label, d_sae) => {
    const messages: string[] = [];
    const info = await node.api.baselines.make(options, { onProgress: ({ message }) => messages.push(message) });
    expect(info).toMatchObject({ hook: options.hook, d_sae, fits: true, source: 'files', model: 'bookworm-9m' });
    expect(info.label).toMatch(label);
    expect((await node.api.dictionaries.list()).map(({ id }) => id)).toContain(info.id);
    const { x, xhat } = await reconstruct(info.id, options.hook);
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // All components give everything back.
    if (!options.components) expect(maxDifference(x, xhat)).toBeLessThan(1e-3 * largest);
    const { record, exports } = await node.api.dictionaries.card(info.id);
    expect(record).toMatchObject({ made_as: 'directions', kind: options.kind, hook: options.hook });
    if (options.kind !== 'neurons') {
      expect(record).toMatchObject({ tokens: options.tokens, corpus: 'moby-dick', seed: 0, computed_on: 'typescript' });
      expect(messages.some((message) => message.startsWith('Read '))).toBe(true);
    }
    if (options.kind === 'ica') expect([typeof record!.iterations, typeof record!.converged]).toEqual(['number', 'boolean']);
    expect(exports.find(({ format }) => format === 'saelens')!.obstacle === '').toBe(options.kind !== 'pca');
    // What any dictionary is asked, it answers.
    const figures = await node.api.evaluate(info.id, { tokens: 256 });
    expect(figures.fvu).toBeLessThan(options.components ? 1 : 1e-4);
    expect(figures.ce_recovered).toBeGreaterThan(options.components ? 0 : 0.999);
    await node.api.dictionaries.remove(info.id);
  });

  it('ablating a signed component takes its part away, whatever its sign', async () => {
    const { id } = await node.api.baselines.make({ kind: 'pca', hook: HOOK, tokens: 600 });
    const { acts } = await node.api.run({ text: TEXT }, { read: [HOOK] });
    const { acts: without } = await node.api.run({ text: TEXT }, { read: [HOOK], edits: [{ dictionary: id, latent: 2, op: 'ablate' }] });
    const n = acts[HOOK].shape[0];
    const latents = await node.api.encode({ acts: { data: without[HOOK].data, shape: [n, 256] } }, id);
    const before = await node.api.encode({ acts: { data: acts[HOOK].data, shape: [n, 256] } }, id);
    const values = (of: typeof latents) => Array.from({ length: n }, (_, r) => of.values[of.rows[r] + 2]);
    expect(before.values).toHaveLength(n * 256);
    expect(values(before).some((value) => value < -0.05)).toBe(true);
    for (const value of values(latents)) expect(Math.abs(value)).toBeLessThan(1e-3);
  });

  it('gives the same with the same seed, and another with another', async () => {
    const make = async (seed: number) => (await node.api.baselines.make({ kind: 'random', hook: HOOK, components: 64, seed })).hash;
    const [a, b, c] = [await make(1), await make(1), await make(2)];
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    const pca = async () => (await node.api.baselines.make({ kind: 'pca', hook: HOOK, components: 16, k: 4, tokens: 512 })).hash;
    expect(await pca()).toBe(await pca());
  });

  it('stops within a fifth of a second, and leaves nothing', { retry: 2 }, async () => {
    const before = (await node.api.dictionaries.list()).length;
    const stop = new AbortController();
    let stopped = 0;
    const making = node.api.baselines.make(
      { kind: 'ica', hook: 'blocks.2.hook_resid_post', tokens: 2048 },
      {
        signal: stop.signal,
        onProgress: ({ message }) => {
          if (stopped || !message.startsWith('Iteration')) return;
          stopped = performance.now();
          stop.abort();
        },
      },
    );
    await expect(making).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - stopped).toBeLessThan(200);
    expect(await node.api.dictionaries.list()).toHaveLength(before);
  });

  it.each<[object, RegExp]>([
    [{ kind: 'nmf', hook: HOOK }, /no directions of the kind "nmf"/],
    [{ kind: 'pca', hook: 'blocks.9.hook_resid_post' }, /names layer 9/],
    [{ kind: 'neurons', hook: 'blocks.1.attn.hook_pattern' }, /patterns are no vectors/],
    [{ kind: 'pca', hook: HOOK, tokens: 100 }, /needs at least 257 tokens; there are 100/],
    [{ kind: 'pca', hook: HOOK, components: 10, k: 21 }, /only 20 features/],
    [{ kind: 'pca', hook: HOOK, corpus: 'no such text', tokens: 600 }, /no text called "no such text"/],
  ])('refuses %j in a sentence', async (options, sentence) => {
    await expect(node.api.baselines.make(options as BaselineOptions)).rejects.toThrow(sentence);
  });
});
