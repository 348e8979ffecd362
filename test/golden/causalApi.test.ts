/** Trees and circuits through the scripting interface, on the shipped model, dictionaries and indices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CausalContexts, Tree, TreeOptions } from '../../src/api/causal.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

const residual = (layer: number) => `bookworm-9m/blocks.${layer}.hook_resid_post/r4-a0.0025`;
const target = { dictionary: residual(2), latent: 770 };
const TEXT = 'The old man (who was tired) sat down (slowly';

const grow = (o: Partial<TreeOptions> = {}): Promise<Tree> =>
  node.api.tree({ target, dictionaries: [residual(0), residual(1)], expand: 'none', contexts: { text: TEXT }, ...o });

describe('a tree', () => {
  it('is watched on a text where the feature fires most, or at a position', async () => {
    const tree = await grow();
    const { ids } = await node.api.tokenize(TEXT);
    const [{ ids: cut }] = tree.contexts;
    expect(cut).toEqual(ids.slice(0, cut.length));
    expect(tree.nodes[0].activation[0]).toBeGreaterThan(0.1);
    expect(tree.edges[0].effect).toBeGreaterThan(0.01);
    const again = await grow({ contexts: { text: TEXT, position: cut.length - 1 } });
    expect(again.edges).toEqual(tree.edges);
    expect(again.continuations).toBe(0);
    expect((await grow({ contexts: { ids: [cut] } })).edges).toEqual(tree.edges);
  });

  it('takes its contexts from the index: the highest, or spread from half of the maximum up', async () => {
    const { top, maximum } = await node.api.index.feature(target.dictionary, target.latent);
    const highest = await grow({ contexts: { kind: 'top', count: 4 } });
    expect(highest.contexts).toEqual(
      top.slice(0, 4).map(({ ids, at, document, position }) => ({ ids: ids.slice(0, at + 1), document, position })),
    );
    const spread = await grow({ contexts: { kind: 'spread', count: 10 }, seed: 3 });
    expect(spread.contexts.length).toBeGreaterThan(2);
    expect(spread.contexts.length).toBeLessThanOrEqual(10);
    // Short contexts may give another value than the whole window did.
    expect(spread.nodes[0].activation.some((a) => a > maximum / 4)).toBe(true);
  }, 240_000);

  it('takes means over the text that ships, and resamples among its contexts', async () => {
    const contexts: CausalContexts = { ids: (await grow({ contexts: { kind: 'top', count: 2 } })).contexts.map(({ ids }) => ids) };
    const [mean, resample] = [
      await grow({ mode: 'mean', contexts, threshold: -9 }),
      await grow({ mode: 'resample', contexts, threshold: -9 }),
    ];
    for (const tree of [mean, resample]) expect(tree.edges.length).toBeGreaterThan(0);
    expect(mean.mode).toBe('mean');
  }, 240_000);

  it('is refused in sentences', async () => {
    await expect(grow({ target: { dictionary: 'nothing', latent: 0 } })).rejects.toThrow(/no dictionary called "nothing"/);
    await expect(grow({ target: { ...target, latent: 5000 } })).rejects.toThrow(/5000/);
    await expect(grow({ contexts: { kind: 'top', count: 0 } })).rejects.toThrow(/`count` must be a whole number from 1 to 100/);
    await expect(grow({ contexts: { kind: 'other' as never } })).rejects.toThrow(/'top' or 'spread'/);
    await expect(grow({ contexts: { text: TEXT, position: 400 } })).rejects.toThrow(/`position` is 400/);
    await expect(grow({ contexts: { text: 'boat boat' } })).rejects.toThrow(/does not fire/);
    await expect(grow({ contexts: { ids: 3 as never } })).rejects.toThrow(/`ids` must be a list/);
    await expect(grow({ dictionaries: 'all' as never })).rejects.toThrow(/`dictionaries` must be a list/);
    await expect(grow({ mode: 'no' as never })).rejects.toThrow(/`mode`/);
  });
});

describe('a circuit', () => {
  it('of two tokens names features, positions and errors, and is stopped at once', async () => {
    const { ids } = await node.api.tokenize(' cat dog');
    const asked = { input: { text: 'The boy fed the' }, plus: ids[0], minus: ids[1], dictionaries: [residual(5), residual(4)], nodes: 10 };
    const parts: number[] = [];
    const circuit = await node.api.circuit(asked, { onProgress: ({ done, total }) => parts.push(done / total) });
    const { logits } = await node.api.run({ text: 'The boy fed the' }, { logits: 'last' });
    expect(Math.abs(circuit.difference - (logits!.data[ids[0]] - logits!.data[ids[1]]))).toBeLessThan(1e-4);
    expect(circuit.nodes).toHaveLength(10);
    expect(circuit.faithfulness).toHaveLength(11);
    expect(parts.at(-1)).toBe(1);
    const controller = new AbortController();
    const stopped = node.api.circuit({ ...asked, input: { text: TEXT.repeat(4) } }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(stopped).rejects.toThrow('Stopped on request.');
    await expect(node.api.circuit({ ...asked, input: { batch: [[1]] } })).rejects.toThrow(/of one text/);
    await expect(node.api.circuit({ ...asked, dictionaries: 1 as never })).rejects.toThrow(/list of dictionaries/);
  });
});
