/** Measuring a dictionary in the built page, on the text that ships with it. */
import { afterAll, expect, it } from 'vitest';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

const LAYER_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';

afterAll(closeBrowser);

it.each([
  { device: 'wasm', isolation: true, tokens: 768 },
  { device: 'wasm', isolation: false, tokens: 768 },
  // Emulated in software: slow, so little.
  { device: 'webgpu', isolation: false, tokens: 16 },
])('measures on Moby Dick on $device, isolated $isolation', async ({ device, isolation, tokens }) => {
  const site = await serveSite({ isolation });
  const open = await openPage(site, `?device=${device}`);
  try {
    const { density, ...figures } = await open.api.evaluate(LAYER_3, { tokens });
    expect(figures.tokens).toBe(tokens);
    expect(density).toHaveLength(1024);
    expect(figures.l0).toBeGreaterThan(20);
    expect(figures.l0).toBeLessThan(80);
    expect(figures.ce_recovered).toBeGreaterThan(0.6);
    expect(figures.ce_recovered).toBeLessThan(1.1);
    expect(figures.kl).toBeGreaterThan(0.1);
    expect(await open.api.live()).toMatchObject({ buffers: 0, calls: 0 });
    expect(open.errors).toEqual([]);
    expect(open.strangers).toEqual([]);
  } finally {
    await open.close();
    await site.close();
  }
});

it('answers what is typed while it measures, and stops on request', async () => {
  const site = await serveSite({ isolation: true });
  const open = await openPage(site, '?device=wasm');
  try {
    const outcome = await open.page.evaluate(async (id) => {
      const order: string[] = [];
      const controller = new AbortController();
      const progress: number[] = [];
      const measuring = window.featurescope
        .evaluate(id, { tokens: 4096, signal: controller.signal, onProgress: ({ done }) => progress.push(done) })
        .then(
          () => order.push('measured'),
          (error: Error) => order.push(error.name),
        );
      for (const text of ['The', 'The old', 'The old man']) await window.featurescope.encode({ text }, id).then(() => order.push(text));
      controller.abort();
      await measuring;
      return { order, progress };
    }, LAYER_3);
    expect(outcome.order).toEqual(['The', 'The old', 'The old man', 'AbortError']);
    expect(Math.max(0, ...outcome.progress)).toBeLessThan(4096);
  } finally {
    await open.close();
    await site.close();
  }
});
