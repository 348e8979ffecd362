/** The shipped model in the built page against its goldens, on both devices. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MODELS, readGoldens, readJson, relativeToTolerance } from '../helpers/goldens.ts';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

afterAll(closeBrowser);

describe.each([
  { device: 'wasm', epsilon: 1e-4 },
  { device: 'webgpu', epsilon: 5e-4 },
] as const)('bookworm-9m on $device', ({ device, epsilon }) => {
  it('gives every golden hook, logit, surprise and greedy text', async () => {
    const goldens = readGoldens(join(MODELS, 'bookworm-9m.safetensors'));
    const texts = readJson<{ text: string | null; ids: number[]; greedy_tail: number[] }[]>(join(MODELS, 'bookworm-9m.json'));
    const site = await serveSite({ isolation: true });
    const open = await openPage(site, `?device=${device}`);
    try {
      // The software adapter takes ten seconds a text and more.
      const shown = device === 'wasm' ? texts : texts.slice(0, 1);
      for (const [k, { text, ids, greedy_tail }] of shown.entries()) {
        const close = (actual: ArrayLike<number>, key: string) =>
          expect(relativeToTolerance(actual, goldens.get(`${k}.${key}`)!.data, epsilon), `${k}.${key}`).toBeLessThanOrEqual(1);
        const hooks = [...goldens.keys()].filter((key) => key.startsWith(`${k}.`) && key.includes('hook_')).map((key) => key.slice(2));
        const { acts, logits } = await open.api.run({ ids }, { read: hooks, logits: 'last' });
        for (const hook of hooks) close(acts[hook].data, hook);
        close(logits!.data, 'logits_last');
        const { surprise } = await open.api.predict({ ids }, { k: 1 });
        close(
          surprise.slice(1).map((x) => -x),
          'logprob_next',
        );
        if (text !== null) expect((await open.api.tokenize(text)).ids).toEqual(ids);
        // On the software adapter a token takes most of a second; the first of each text are enough to see a wrong cache.
        const tokens = device === 'wasm' ? greedy_tail.length : 6;
        expect((await open.api.generate({ ids }, { tokens })).ids).toEqual(greedy_tail.slice(0, tokens));
      }
      expect(open.errors).toEqual([]);
    } finally {
      await open.close();
      await site.close();
    }
  });
});
