/** Must hold 4 of issue 2: the built, minified page, as a person uses it, with WebGPU asked for or not, isolated or not. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODELS, readJson } from '../helpers/goldens.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site, THREE_WAYS } from '../helpers/page.ts';

interface BookwormText {
  text: string | null;
  ids: number[];
  greedy_tail: number[];
}
const TEXTS = readJson<BookwormText[]>(join(MODELS, 'bookworm-9m.json'));

afterAll(closeBrowser);

describe.each(THREE_WAYS)('the built page, $device, isolated: $isolation', ({ device, isolation }) => {
  let site: Site;
  let open: OpenPage;

  beforeAll(async () => {
    site = await serveSite({ isolation });
    open = await openPage(site, device === 'webgpu' ? '?device=webgpu' : '');
  });
  afterAll(async () => {
    await open.close();
    await site.close();
  });

  it('runs on the device asked for, with threads only when isolated', async () => {
    const found = await open.page.evaluate(() => ({ device: window.featurescope.device(), isolated: crossOriginIsolated }));
    expect(found.device.kind).toBe(device);
    expect(found.isolated).toBe(isolation);
    if (!isolation) expect(found.device.threads).toBe(1);
    expect(found.device.reason).toMatch(/\.$/);
  });

  it('shows the tokens of typed text and what the model expects next', async () => {
    const { page } = open;
    await page.locator('textarea').first().fill(TEXTS[0].text!);
    const { top } = await page.evaluate(async (text) => {
      const p = await window.featurescope.predict({ text }, { k: 3 });
      return { top: [...p.topProbs.slice(-3)] };
    }, TEXTS[0].text!);
    // The table shows three significant digits of the same probability.
    await expect
      .poll(() => page.locator('table.predictions tbody tr').first().innerText(), { timeout: 60_000 })
      .toContain(top[0].toPrecision(3));
    expect(await page.locator('[role="option"], .token, .strip button').count()).toBeGreaterThan(10);
  });

  it('answers scripts with the golden greedy text', async () => {
    const { text, ids, greedy_tail } = TEXTS[0];
    // Emulated in software a token takes seconds.
    const tokens = device === 'webgpu' ? 4 : greedy_tail.length;
    const result = await open.api.generate({ text: text! }, { tokens });
    expect(result.ids).toEqual(greedy_tail.slice(0, tokens));
    expect((await open.api.tokenize(text!)).ids).toEqual(ids);
  });

  it('keeps its model and its text when a file is refused', async () => {
    const before = await open.page.evaluate(() => window.featurescope.models.current());
    await expect(open.load('tiny-neox-sequential', ['config.json', 'model.safetensors'])).rejects.toThrow(/sequential residual/);
    expect(await open.page.evaluate(() => window.featurescope.models.current())).toEqual(before);
    expect((await open.api.run({ text: 'still here' }, { logits: 'last' })).logits?.shape).toEqual([1, before.d_vocab]);
  });

  it('asked no other host and threw nothing', () => {
    expect(open.strangers).toEqual([]);
    expect(open.errors).toEqual([]);
  });
});
