/** Other directions in the built page: made by its worker on tfjs, kept, listed and used like any dictionary. */
import { afterAll, expect, it } from 'vitest';
import type { BaselineOptions } from '../../src/api/features.ts';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

const HOOK = 'blocks.3.hook_resid_post';
const TEXT = 'The old man looked at the sea.';

afterAll(closeBrowser);

/** Makes it, and reads what its card says. */
async function make(page: Awaited<ReturnType<typeof openPage>>['page'], options: BaselineOptions) {
  return page.evaluate(async (asked) => {
    const messages: string[] = [];
    const info = await window.featurescope.baselines.make(asked, { onProgress: ({ message }) => messages.push(message) });
    return { info, messages, record: (await window.featurescope.dictionaries.card(info.id)).record };
  }, options);
}

it.each([
  { device: 'wasm', isolation: true, on: 'tfjs-wasm', tokens: 2048 },
  { device: 'wasm', isolation: false, on: 'tfjs-wasm', tokens: 1024 },
  // Emulated in software: slow, so little.
  { device: 'webgpu', isolation: false, on: 'tfjs-webgpu', tokens: 288 },
])('makes neurons, PCA and ICA on $device, isolated $isolation', async ({ device, isolation, on, tokens }) => {
  const site = await serveSite({ isolation });
  const open = await openPage(site, `?device=${device}`);
  try {
    const neurons = await make(open.page, { kind: 'neurons', hook: 'blocks.1.hook_mlp_out' });
    expect(neurons.info).toMatchObject({ label: 'Neurons of blocks.1.hook_mlp_out', d_sae: 512, fits: true });
    const pca = await make(open.page, { kind: 'pca', hook: HOOK, tokens, sign_fixed: true });
    expect(pca.info).toMatchObject({ architecture: 'pca', d_sae: 256, fits: true });
    expect(pca.record).toMatchObject({ computed_on: on, tokens, sign_fixed: true });
    const latents = await open.api.encode({ text: TEXT }, pca.info.id);
    expect(latents.values.length).toBe(256 * (latents.rows.length - 1));
    expect(latents.values.some((value) => value < 0)).toBe(true);
    const figures = await open.api.evaluate(pca.info.id, { text: TEXT });
    expect(figures.fvu).toBeLessThan(1e-4);
    // tfjs once more, after it was given back.
    const ica = await make(open.page, { kind: 'ica', hook: HOOK, tokens, components: 6, k: 3 });
    expect(ica.info).toMatchObject({ architecture: 'ica_topk', d_sae: 12, fits: true });
    expect(ica.record).toMatchObject({ computed_on: on, components: 6, k: 3 });
    expect(ica.messages.some((message) => message.startsWith('Iteration 1 of at most 200'))).toBe(true);
    expect(open.errors).toEqual([]);
    expect(open.strangers).toEqual([]);
  } finally {
    await open.close();
    await site.close();
  }
});
