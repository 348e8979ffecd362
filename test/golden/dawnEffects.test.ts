/** What taking features out does, on a graphics device without a browser: WebGPU's numbers against PyTorch's. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectAblation, readAblations } from '../helpers/ablation.ts';
import { EVERYTHING, HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let node: NodeApi;
  beforeAll(async () => {
    const { gpu } = await openDawn();
    node = createNodeApi('bookworm-9m', { gpu });
    await node.api.ready;
  });
  afterAll(() => node?.close());

  it.each(readAblations())('feature $latent of $dictionary changes what PyTorch says', async (golden) => {
    const texts = EVERYTHING ? 8 : 1;
    // Earlier positions do not see later ones, so the beginning of a text has the numbers of the whole.
    const length = EVERYTHING ? 48 : 12;
    const ids = golden.ids.slice(0, texts).map((text) => text.slice(0, length));
    const effects = await node.api.effects(`bookworm-9m/${golden.dictionary}`, golden.latent, { ids });
    const of = (values: Float32Array, cut: number) => values.subarray(0, EVERYTHING ? values.length : length - cut);
    const { values, clean, ablated, kl } = golden;
    const some = { ids, values: of(values, 0), clean: of(clean, 1), ablated: of(ablated, 1), kl: of(kl, 0) };
    expectAblation(effects, { ...golden, ...some }, 5);
    expect((await node.api.live()).calls).toBe(0);
  });
});
