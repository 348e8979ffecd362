/** Other directions in the built page: made by its worker on tfjs, kept, listed and used like any dictionary. */
import { afterAll, expect, it } from 'vitest';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

const HOOK = 'blocks.3.hook_resid_post';

afterAll(closeBrowser);

it.each([
  { device: 'wasm', isolation: true, on: 'tfjs-wasm', tokens: 2048 },
  { device: 'wasm', isolation: false, on: 'tfjs-wasm', tokens: 1024 },
  // Emulated in software: slow, so little.
  { device: 'webgpu', isolation: false, on: 'tfjs-webgpu', tokens: 288 },
])('makes neurons and PCA on $device, isolated $isolation', async ({ device, isolation, on, tokens }) => {
  const site = await serveSite({ isolation });
  const open = await openPage(site, `?device=${device}`);
  try {
    const neurons = await open.api.baselines.make({ kind: 'neurons', hook: 'blocks.1.hook_mlp_out' });
    expect(neurons).toMatchObject({ label: 'Neurons of blocks.1.hook_mlp_out', d_sae: 512, fits: true });
    const pca = await open.api.baselines.make({ kind: 'pca', hook: HOOK, tokens, sign_fixed: true });
    expect(pca).toMatchObject({ architecture: 'pca', d_sae: 256, fits: true });
    const { record } = await open.api.dictionaries.card(pca.id);
    expect(record).toMatchObject({ computed_on: on, tokens, sign_fixed: true });
    const figures = await open.api.evaluate(pca.id, { text: 'The old man looked at the sea.' });
    expect(figures.fvu).toBeLessThan(1e-4);
    const latents = await open.api.encode({ text: 'The old man looked at the sea.' }, pca.id);
    expect(latents.values.length).toBe(256 * (latents.rows.length - 1));
    expect(latents.values.some((value) => value < 0)).toBe(true);
    expect(open.errors).toEqual([]);
    expect(open.strangers).toEqual([]);
  } finally {
    await open.close();
    await site.close();
  }
});
