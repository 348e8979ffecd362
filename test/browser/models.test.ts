/** Must hold 1 of issue 2, in the built page: every named model file on WASM and on WebGPU (software adapter). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModels, MODEL_CASES, WASM, WEBGPU } from '../helpers/modelSuite.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

afterAll(closeBrowser);

describe.each([
  { device: 'wasm', tolerances: WASM },
  { device: 'webgpu', tolerances: WEBGPU },
] as const)('on $device', ({ device, tolerances }) => {
  let site: Site;
  let open: OpenPage;

  beforeAll(async () => {
    site = await serveSite({ isolation: true });
    open = await openPage(site, `?device=${device}`);
  });
  afterAll(async () => {
    await open.close();
    await site.close();
  });

  it('runs where it was asked to', async () => {
    expect(await open.page.evaluate(() => window.featurescope.device().kind)).toBe(device);
  });
  describeModels(MODEL_CASES, () => open, tolerances);
});
