/** Causal effects on a graphics device without a browser: WebGPU's numbers against PyTorch's. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { createEngine, createGpuRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { openGpu } from '../../src/engine/node/gpu.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import { growTree } from '../../src/engine/study/tree.ts';
import { EVERYTHING, HAS_DAWN } from '../helpers/dawn.ts';
import { BOOKWORM } from '../helpers/goldens.ts';
import { GOLDEN, openNamed, residual } from '../helpers/treeGolden.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  let model: HookedModel;
  let dictionaries: NamedDictionary[];
  let engine: ReturnType<typeof createEngine>;
  beforeAll(async () => {
    const runtime = await createGpuRuntime((await openGpu()).device);
    ({ model } = await openModelFolder(runtime, BOOKWORM));
    engine = createEngine(runtime);
    dictionaries = await openNamed(...[0, 1, 2, 3].map(residual));
  });
  afterAll(() => model?.release());

  it('parents have the effects of PyTorch, and nothing is left on the device', async () => {
    const resting = model.runtime.live.buffers;
    for (const node of GOLDEN.drawn_own.nodes.filter(({ expanded }) => expanded).slice(0, EVERYTHING ? undefined : 2)) {
      // The short contexts, unless all are asked for.
      const some = [...node.contexts!.keys()].filter((c) => EVERYTHING || node.contexts![c].length < 8);
      if (some.length === 0) continue;
      const edges = GOLDEN.drawn_own.edges.filter(({ child }) => child.join() === [node.layer, node.latent].join());
      const [own, below] = [residual(node.layer), residual(node.layer - 1)];
      const tree = await growTree({
        model,
        engine,
        target: { dictionary: own, latent: node.latent },
        dictionaries: dictionaries.filter(({ id }) => id === own || id === below),
        contexts: some.map((c) => ({ ids: node.contexts![c] })),
        settings: { only: edges.map(({ parent }) => ({ dictionary: below, latent: parent[1] })) },
      });
      expect(tree.edges).toHaveLength(edges.length);
      for (const { parent, each } of edges) {
        const found = tree.edges.find((edge) => edge.parent === `${below}/${parent[1]}`)!;
        some.forEach((c, i) => expect(Math.abs(found.each[i]! - each[c])).toBeLessThan(5e-3));
      }
    }
    expect(model.runtime.live.buffers).toBe(resting);
  });
});
