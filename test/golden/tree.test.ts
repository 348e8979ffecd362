/** Effects and drawn trees against PyTorch, in Node on WASM. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tree } from '../../src/api/causal.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { PassStore } from '../../src/engine/study/passStore.ts';
import { growTree } from '../../src/engine/study/tree.ts';
import type { CorpusMeans, TreeJob } from '../../src/engine/study/causal/treeJob.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import { BOOKWORM, maxDifference } from '../helpers/goldens.ts';
import { compareDrawing, edgesOf, folderOf, GOLDEN, numbersOf, openNamed, residual, type GoldenMode } from '../helpers/treeGolden.ts';

let model: HookedModel;
let dictionaries: NamedDictionary[];
const engine = createEngine();
const store = new PassStore(96 * 2 ** 20);
const target = { dictionary: folderOf(GOLDEN.target.dictionary), latent: GOLDEN.target.latent };
const contexts = GOLDEN.contexts.map((ids) => ({ ids }));

beforeAll(async () => {
  ({ model } = await openModelFolder(createRuntime(1), BOOKWORM));
  const named = [0, 1, 2, 3].map(residual);
  dictionaries = await openNamed(...new Set([...named, ...GOLDEN.parents.map(({ dictionary }) => folderOf(dictionary))]));
});
afterAll(() => model.release());

const only = (...ids: string[]) => dictionaries.filter(({ id }) => ids.includes(id));

function grow(job: Partial<TreeJob>): Promise<Tree> {
  return growTree({ model, engine, target, dictionaries, contexts, store, ...job });
}

/** Means of the latents that were tested; no other is asked for. */
function meansOf(id: string, hook: string): CorpusMeans {
  const means = new Float64Array(1024);
  const values = numbersOf(hook, 'means');
  numbersOf(hook, 'latents').forEach((latent, i) => (means[latent] = values[i]));
  return { key: 'eval', of: new Map([[id, means]]) };
}

describe.each(GOLDEN.parents)('parents of $dictionary', ({ dictionary, near_threshold, error_effect, tested }) => {
  const id = folderOf(dictionary);
  const hook = dictionary.split('/')[0];
  const latents = numbersOf(hook, 'latents');

  it.each(['zero', 'mean', 'restore'] as const)('have the effects of PyTorch in mode %s', async (mode: GoldenMode) => {
    const settings = { mode, parents: 2000, threshold: -1e9, expand: 'none' as const };
    // The shorter half where all positions of all latents change or run.
    const some = hook.endsWith('resid_post') && mode !== 'zero' ? [3, 4, 5] : [...contexts.keys()];
    const tree = await grow({
      dictionaries: only(target.dictionary, id),
      contexts: some.map((c) => contexts[c]),
      settings,
      means: meansOf(id, hook),
    });
    const root = `${target.dictionary}/${target.latent}`;
    const clean = some.map((c) => GOLDEN.activations[c]);
    expect(maxDifference(tree.nodes[0].activation, clean)).toBeLessThan(1e-4);
    const effects = numbersOf(hook, mode);
    const found = new Map(edgesOf(tree, root).map((edge) => [edge.parent, edge]));
    const isWhole = some.length === contexts.length;
    latents.forEach((latent, j) => {
      const edge = found.get(`${id}/${latent}`);
      if (!edge) return isWhole && expect(near_threshold, `${latent} is missing`).toContain(latent);
      const wanted = some.map((c) => effects[c * latents.length + j]);
      expect(maxDifference(edge.each as number[], wanted), `${latent}`).toBeLessThan(1e-3);
      expect(edge.effect).toBeCloseTo(wanted.reduce((a, b) => a + b, 0) / wanted.length, 3);
    });
    const others = [...found.keys()].map((parent) => Number(parent.split('/').at(-1))).filter((latent) => !latents.includes(latent));
    for (const latent of others) expect(near_threshold).toContain(latent);
    expect(tree.left_out.inactive + found.size).toBe(1024);
    expect(tree.error).toHaveLength(1);
    if (mode === 'zero') for (const { each } of found.values()) for (const effect of each) expect(effect).toBeLessThanOrEqual(1);
    if (!isWhole) return expect(found.size).toBeGreaterThan(tested / 2);
    expect(Math.abs(found.size - tested)).toBeLessThanOrEqual(near_threshold.length);
    expect(Math.abs(tree.error[0].effect - error_effect)).toBeLessThan(1e-3);
  });
});

it('draws the tree of PyTorch where every node is watched on the contexts of the root', async () => {
  const residuals = [0, 1, 2, 3].map(residual);
  const tree = await grow({ dictionaries: only(...residuals), settings: { depth: 3 } });
  const activationOf = ([layer, latent]: [number, number]) =>
    GOLDEN.drawn_same.nodes.find((node) => node.layer === layer && node.latent === latent)!.activations!;
  const smallest = (at: [number, number]) => Math.min(1, ...activationOf(at).filter((a) => a > 0));
  expect(compareDrawing(tree, GOLDEN.drawn_same, (at) => 1e-3 / smallest(at))).toEqual([]);
  const expanded = GOLDEN.drawn_same.nodes.filter((node) => node.expanded);
  expect(new Set(tree.edges.map(({ child }) => child)).size).toBe(expanded.length);
  for (const node of expanded) {
    const id = `${residual(node.layer)}/${node.latent}`;
    expect(maxDifference(tree.nodes.find((one) => one.id === id)!.activation, node.activations!)).toBeLessThan(1e-4);
    const error = tree.error.find(({ child }) => child === id)!;
    expect(Math.abs(error.effect - node.error_effect!), id).toBeLessThan(1e-3 / smallest([node.layer, node.latent]));
  }
  // Levels are shared: nodes of one hook cost what one of them costs.
  expect(tree.naive).toBeGreaterThan(3 * tree.continuations);
});

it('draws the parents of PyTorch where each node has contexts of its own', async () => {
  // Every other one, the root among them.
  for (const node of GOLDEN.drawn_own.nodes.filter(({ expanded }) => expanded).filter((_, i) => i % 2 === 0)) {
    const [own, below] = [residual(node.layer), residual(node.layer - 1)];
    const tree = await grow({
      dictionaries: only(own, below),
      target: { dictionary: own, latent: node.latent },
      contexts: node.contexts!.map((ids) => ({ ids })),
      settings: { expand: 'none' },
    });
    const one = { nodes: [node], edges: GOLDEN.drawn_own.edges };
    expect(compareDrawing(tree, one, () => 1e-3)).toEqual([]);
    expect(Math.abs(tree.error[0].effect - node.error_effect!)).toBeLessThan(1e-3);
    expect(Math.abs(tree.left_out.by_child[0].below - node.below!)).toBeLessThanOrEqual(40);
  }
});
