/** Dictionaries in the built page: kept across a reload, right numbers, edits on both devices. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/dictionaries');
const LAYER_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';
const HOOK_3 = 'blocks.3.hook_resid_post';

afterAll(closeBrowser);

describe.each([{ device: 'wasm' }, { device: 'webgpu' }] as const)('on $device', ({ device }) => {
  // The first's matrices are turned when it is opened, so that its tensors are Blobs of our own.
  const FILES = [
    { folder: 'dictionary_learning/AutoEncoderTopK', names: ['config.json', 'ae.pt'] },
    { folder: 'saelens-v6/topk', names: ['cfg.json', 'sae_weights.safetensors'] },
  ];
  // Keeping has nothing to do with the device, and four reloads on the software adapter take a minute.
  it.each(device === 'wasm' ? FILES : [])(
    '$folder, opened, survives a reload, encodes as the golden does, and is gone when removed',
    async ({ folder, names }) => {
      const golden = JSON.parse(readFileSync(join(FIXTURES, folder, 'golden.json'), 'utf8')) as { x: number[][]; f: number[][] };
      const site = await serveSite({ isolation: true });
      const open = await openPage(site, `?device=${device}`);
      try {
        const id = await open.page.evaluate(
          async ({ folder, names }) => {
            const load = async (path: string) => ({ path, data: await (await fetch(`/__fixtures/dictionaries/${folder}/${path}`)).blob() });
            const files = await Promise.all(names.map(load));
            const { dictionaries, warnings } = await window.featurescope.dictionaries.import(files);
            if (warnings.length > 0) throw new Error(warnings.join(' '));
            return dictionaries[0].id;
          },
          { folder, names },
        );
        await open.page.reload();
        await open.page.evaluate(() => window.featurescope.ready);
        expect((await open.api.dictionaries.list()).map((d) => d.id)).toContain(id);
        const acts = { data: Float32Array.from(golden.x.flat()), shape: [golden.x.length, golden.x[0].length] };
        const { rows, latents, values } = await open.api.encode({ acts }, id);
        golden.f.forEach((row, r) => {
          const active = [...row.keys()].filter((latent) => row[latent] !== 0);
          expect([...latents.slice(rows[r], rows[r + 1])]).toEqual(active);
          active.forEach((latent, i) => expect(Math.abs(values[rows[r] + i] - row[latent])).toBeLessThanOrEqual(1e-5 + 1e-5 * row[latent]));
        });
        // Removed by mistake, and back, with its bytes, after another reload.
        await open.api.dictionaries.remove(id);
        await open.page.evaluate((removed) => window.featurescope.dictionaries.restore(removed), id);
        await open.page.reload();
        await open.page.evaluate(() => window.featurescope.ready);
        expect((await open.api.encode({ acts }, id)).values).toEqual(values);
        await open.api.dictionaries.remove(id);
        await open.page.reload();
        await open.page.evaluate(() => window.featurescope.ready);
        expect((await open.api.dictionaries.list()).map((d) => d.id)).not.toContain(id);
        expect(open.errors).toEqual([]);
      } finally {
        await open.close();
        await site.close();
      }
    },
  );

  it('an ablated latent reads 0', async () => {
    const site = await serveSite({ isolation: true });
    const open = await openPage(site, `?device=${device}`);
    try {
      const text = 'The old man looked at the sea.';
      const before = await open.api.encode({ text }, LAYER_3);
      const largest = before.values.indexOf(Math.max(...before.values));
      const latent = before.latents[largest];
      const { acts } = await open.api.run({ text }, { read: [HOOK_3], edits: [{ dictionary: LAYER_3, latent, op: 'ablate' }] });
      const after = await open.api.encode({ acts: acts[HOOK_3] }, LAYER_3);
      const left = [...after.latents.keys()].filter((i) => after.latents[i] === latent).map((i) => after.values[i]);
      expect(before.values[largest]).toBeGreaterThan(1);
      expect(Math.max(0, ...left)).toBeLessThan(1e-3 * before.values[largest]);
    } finally {
      await open.close();
      await site.close();
    }
  });
});

it('of several in one file a person chooses, and the card says what was found and what it can be exported as', async () => {
  const site = await serveSite({ isolation: true });
  const open = await openPage(site, '?device=wasm');
  try {
    const { page } = open;
    await page.getByRole('button', { name: 'Dictionaries and labels' }).click();
    await page.locator('dialog[open] input[type=file]').first().setInputFiles(join(FIXTURES, 'sparse_coding/tied/learned_dicts.pt'));
    const found = page.locator('dialog[open]', { hasText: '5 dictionaries found' });
    await found.getByRole('checkbox', { name: 'All of them' }).uncheck();
    await found.getByRole('checkbox', { name: /^learned_dicts 4 / }).check();
    await found.getByRole('button', { name: /^Open 1 / }).click();
    await page.getByRole('button', { name: /^About learned_dicts 4 / }).click();
    const card = page.locator('dialog[open]', { hasText: 'About this dictionary' });
    await card.getByText('Encoder rows are used as they are; decoder rows have norm 1.').waitFor();
    await card.getByText('sparsify keeps k features of each token').waitFor();
    const download = page.waitForEvent('download');
    await card.getByRole('button', { name: /as a zip for dictionary_learning$/ }).click();
    expect((await download).suggestedFilename()).toMatch(/^learned_dicts 4 .*dictionary_learning\.zip$/);
    expect(open.errors).toEqual([]);
  } finally {
    await open.close();
    await site.close();
  }
});
