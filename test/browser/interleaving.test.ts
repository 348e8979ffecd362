/** Must hold 2 of issue 2, in the built page: random overlapping calls, then nothing is left behind. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { checkInterleaving } from '../helpers/interleaving.ts';
import { closeBrowser, openPage, serveSite, sharedBrowser } from '../helpers/page.ts';

afterAll(closeBrowser);

/** Resident memory of all renderers, after a garbage collection. */
async function residentBytes(page: Awaited<ReturnType<typeof openPage>>['page']): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.detach();
  const devtools = await (await sharedBrowser()).newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter((p) => p.type === 'renderer').map((p) => p.id);
  const kib = renderers.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return 1024 * Math.max(...kib);
}

/**
 * What a second round of the same calls may add. A WASM heap keeps its high-water mark and compiled code grows, so
 * the first round warms up; a leak of one activation (32 × 20 floats) a call would still be far below this, which is
 * why buffers and sessions are counted exactly.
 */
const GROWTH_BYTES = 40 * 1024 * 1024;

// The software adapter takes minutes for 500; `FEATURESCOPE_CALLS=500` asks for them.
const CALLS = Number(process.env.FEATURESCOPE_CALLS ?? 0);

describe.each([
  { device: 'wasm', tolerance: 1e-4, calls: CALLS || 500 },
  { device: 'webgpu', tolerance: 5e-4, calls: CALLS || 24 },
] as const)('on $device', ({ device, tolerance, calls }) => {
  it(`${calls} random calls, some invalid, some aborted, all end as they should and leave nothing behind`, async () => {
    const site = await serveSite({ isolation: true });
    const open = await openPage(site, `?device=${device}`);
    try {
      const counts = await checkInterleaving(open, { calls, tolerance, seed: 1 });
      expect(counts.answered).toBeGreaterThan(0.3 * calls);
      expect(counts.refused).toBeGreaterThan(0.1 * calls);
      expect(counts.aborted).toBeGreaterThan(0.02 * calls);
      const before = await residentBytes(open.page);
      const live = await open.live();
      await checkInterleaving(open, { calls: Math.ceil(calls / 4), tolerance, seed: 2 });
      expect(await open.live()).toMatchObject({ buffers: 0, calls: 0, sessions: live.sessions });
      expect((await residentBytes(open.page)) - before).toBeLessThan(GROWTH_BYTES);
      expect(open.errors).toEqual([]);
    } finally {
      await open.close();
      await site.close();
    }
  });
});
