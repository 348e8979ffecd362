/** Dictionaries in the built page: kept across a reload, right numbers, edits on both devices. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

const FOLDER = resolve(import.meta.dirname, '../fixtures/dictionaries/saelens-v6/topk');
const LAYER_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const HOOK_3 = 'blocks.3.hook_resid_post';

afterAll(closeBrowser);

describe.each([{ device: 'wasm' }, { device: 'webgpu' }] as const)('on $device', ({ device }) => {
  it('an opened dictionary survives a reload, encodes as the golden does, and is gone when removed', async () => {
    const golden = JSON.parse(readFileSync(join(FOLDER, 'golden.json'), 'utf8')) as { x: number[][]; f: number[][] };
    const site = await serveSite({ isolation: true });
    const open = await openPage(site, `?device=${device}`);
    try {
      const id = await open.page.evaluate(async () => {
        const load = async (path: string) => ({
          path,
          data: await (await fetch(`/__fixtures/dictionaries/saelens-v6/topk/${path}`)).blob(),
        });
        const files = await Promise.all(['cfg.json', 'sae_weights.safetensors'].map(load));
        const { dictionaries, warnings } = await window.featurescope.dictionaries.import(files);
        if (warnings.length > 0) throw new Error(warnings.join(' '));
        return dictionaries[0].id;
      });
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
      await open.api.dictionaries.remove(id);
      await open.page.reload();
      await open.page.evaluate(() => window.featurescope.ready);
      expect((await open.api.dictionaries.list()).map((d) => d.id)).not.toContain(id);
      expect(open.errors).toEqual([]);
    } finally {
      await open.close();
      await site.close();
    }
  });

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
