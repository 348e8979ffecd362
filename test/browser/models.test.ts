/** Model files in the built page: all on WASM, one on WebGPU; the others run there in Node (test/golden/dawnModels.test.ts). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModels, FEW_CASES, MODEL_CASES, WASM, WEBGPU } from '../helpers/modelSuite.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

afterAll(closeBrowser);

describe.each([
  { device: 'wasm', tolerances: WASM, cases: MODEL_CASES },
  { device: 'webgpu', tolerances: WEBGPU, cases: FEW_CASES.slice(0, 1) },
] as const)('on $device', ({ device, tolerances, cases }) => {
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
  describeModels(cases, () => open, tolerances);
});
