/** Trees on tiny-neox with random dictionaries: every effect is that of a full forward pass of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tree, TreeEdge } from '../../src/api/causal.ts';
import { drawDonors } from '../../src/core/interp/causal/amounts.ts';
import { MODES } from '../../src/core/interp/causal/options.ts';
import type { Mode } from '../../src/core/interp/causal/effect.ts';
import { drawDirection } from '../../src/core/interp/effects.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import type { TreeJob } from '../../src/engine/study/causal/treeJob.ts';
import { PassStore } from '../../src/engine/study/passStore.ts';
import { growTree } from '../../src/engine/study/tree.ts';
import {
  activationOf,
  BLOCK,
  codesOf,
  directionEdits,
  effectsOf,
  normOf,
  parentEdits,
  randomIds,
  randomNamed,
  TINY,
  tokenEdits,
  type Brute,
} from '../helpers/bruteTree.ts';

let model: HookedModel;
const engine = createEngine();
const contexts = randomIds(7, [5, 9, 1, 9, 6]);
const ALL = { parents: 1000, threshold: -1e9, expand: 'none' as const };
const TOLERANCE = 2e-4;

beforeAll(async () => {
  ({ model } = await openModelFolder(createRuntime(1), TINY));
});
afterAll(() => model.release());

function grow(target: NamedDictionary, latent: number, others: NamedDictionary[], job: Partial<TreeJob> = {}): Promise<Tree> {
  return growTree({
    model,
    engine,
    target: { dictionary: target.id, latent },
    dictionaries: [target, ...others],
    contexts: contexts.map((ids) => ({ ids })),
    ...job,
  });
}

/** Of the target's latents the one that fires at the end of most contexts, most strongly. */
async function lively(named: NamedDictionary): Promise<number> {
  const sums = new Float64Array(named.dictionary.config.d_sae);
  for (const latent of sums.keys()) {
    const brute: Brute = { model, target: { named, latent }, contexts, mode: 'zero' };
    for (const ids of contexts) {
      const a = await activationOf(brute, ids);
      if (a !== 0) sums[latent] += 1 + Math.min(1, Math.abs(a));
    }
  }
  return sums.indexOf(Math.max(...sums));
}

const meansOf = (n: number) => Float64Array.from({ length: n }, (_, j) => 0.05 * ((j * 7) % 5));

/** Fails unless an edge's effects are those of brute force. */
function expectEach(edge: Pick<TreeEdge, 'each' | 'parent'>, wanted: readonly (number | null)[]): void {
  edge.each.forEach((effect, c) => {
    if (wanted[c] === null) expect(effect, `${edge.parent} in ${c}`).toBeNull();
    else {
      // Small activations make large shares of rounding.
      const slack = TOLERANCE * Math.max(1, Math.abs(wanted[c]));
      expect(Math.abs(effect! - wanted[c]), `${edge.parent} in ${c}: ${effect} for ${wanted[c]}`).toBeLessThan(slack);
    }
  });
}

const TARGETS: [string, string[], object?][] = [
  [BLOCK(2, 'hook_resid_post'), [BLOCK(1, 'hook_resid_post'), BLOCK(2, 'hook_attn_out'), BLOCK(2, 'hook_mlp_out')]],
  [BLOCK(2, 'hook_resid_post'), [BLOCK(0, 'hook_resid_post'), BLOCK(1, 'hook_attn_out'), BLOCK(1, 'mlp.hook_post')]],
  [BLOCK(1, 'hook_attn_out'), [BLOCK(0, 'hook_resid_post'), BLOCK(1, 'attn.hook_z'), BLOCK(1, 'attn.hook_v')]],
  [BLOCK(2, 'mlp.hook_post'), [BLOCK(2, 'hook_resid_pre'), BLOCK(2, 'mlp.hook_pre')]],
  [BLOCK(2, 'hook_resid_pre'), ['hook_embed', BLOCK(1, 'hook_mlp_out')]],
  [BLOCK(2, 'hook_resid_post'), [BLOCK(1, 'hook_resid_post')], { architecture: 'topk', k: 5 }],
  [BLOCK(1, 'hook_resid_post'), [BLOCK(0, 'hook_resid_post')], { architecture: 'standard', normalize_activations: 'layer_norm' }],
];

describe.each(TARGETS)('parents of %s in %j %j', (hook, hooks, stated = {}) => {
  const target = randomNamed(hook, 3, stated);
  const parents = hooks.map((at, i) => {
    const wide = /attn.hook_v|attn.hook_z/.test(at) ? {} : at.endsWith('mlp.hook_pre') ? { d_in: 128, d_out: 128 } : {};
    return randomNamed(at, 20 + i, { ...stated, ...wide });
  });
  let latent: number;
  beforeAll(async () => {
    latent = await lively(target);
  });

  it.each(MODES)('have the effects of a pass of their own, mode %s', async (mode: Mode) => {
    const means = { key: 'm', of: new Map(parents.map(({ id, dictionary }) => [id, meansOf(dictionary.config.d_sae)])) };
    const tree = await grow(target, latent, parents, { settings: { mode, ...ALL }, means });
    const brute: Brute = { model, target: { named: target, latent }, contexts, mode, donors: drawDonors(contexts.length, 0) };
    const known = new Map(tree.edges.map((edge) => [edge.parent, edge]));
    expect(tree.edges.length).toBeGreaterThan(10);
    for (const parent of parents) {
      const codes = await codesOf(brute, parent);
      const { d_sae } = parent.dictionary.config;
      for (let j = 0; j < d_sae; j++) {
        const isActive = codes.some((values) => values.some((_, i) => i % d_sae === j && values[i] !== 0));
        const edge = known.get(`${parent.id}/${j}`);
        expect(edge !== undefined, `${parent.id}/${j}`).toBe(isActive);
        if (!edge) continue;
        expectEach(edge, await effectsOf(brute, parentEdits(brute, parent, codes, j, meansOf(d_sae)[j]), parent));
        if (mode !== 'zero') continue;
        edge.each.forEach((effect, c) => {
          if (effect === null) return;
          expect(effect).toBeLessThanOrEqual(1);
          if (!codes[c].some((value, i) => i % d_sae === j && value !== 0)) expect(effect).toBe(0);
        });
      }
      if (mode !== 'zero') continue;
      const error = await effectsOf(brute, () => [{ dictionary: parent.id, op: 'splice' }], parent);
      const on = error.filter((value) => value !== null);
      const found = tree.error.find(({ dictionary }) => dictionary === parent.id)!.effect;
      expect(Math.abs(found - on.reduce((a, b) => a + b, 0) / on.length)).toBeLessThan(TOLERANCE * 5);
    }
  });
});

describe('tokens', () => {
  const target = randomNamed(BLOCK(0, 'hook_resid_post'), 5);
  const far = randomNamed(BLOCK(2, 'hook_resid_post'), 6);
  it.each(MODES)('are parents of what has no dictionary below, mode %s', async (mode: Mode) => {
    const frequencies = Float64Array.from({ length: 300 }, (_, j) => 0.01 * (j % 3));
    for (const named of [target, far]) {
      const latent = await lively(named);
      const tree = await grow(named, latent, [], { settings: { mode, ...ALL }, means: { key: 'm', of: new Map([[null, frequencies]]) } });
      const brute: Brute = { model, target: { named, latent }, contexts, mode, donors: drawDonors(contexts.length, 0) };
      expect(tree.edges.length).toBe(new Set(contexts.flat()).size);
      expect(tree.error).toEqual([]);
      for (const edge of tree.edges) {
        const token = Number(edge.parent.split('/')[1]);
        expectEach(edge, await effectsOf(brute, tokenEdits(brute, token, frequencies[token])));
        const node = tree.nodes.find(({ id }) => id === edge.parent)!;
        expect(node).toMatchObject({ dictionary: null, latent: token, hook: 'hook_embed' });
        expect(node.activation).toEqual(contexts.map((ids) => ids.filter((id) => id === token).length));
      }
    }
  });
});

describe('a tree', () => {
  const chain = [0, 1, 2].map((layer) => randomNamed(BLOCK(layer, 'hook_resid_post'), 30 + layer));
  const target = chain[2];
  let latent: number;
  beforeAll(async () => {
    latent = await lively(target);
  });
  const bare = (tree: Tree) => ({ ...tree, seconds: 0, continuations: 0, bytes: 0 });

  it('has the same bits in batches of any size, with and without shared prefixes, and from what was kept', async () => {
    for (const mode of MODES) {
      const settings = { mode, controls: true, positions: true };
      const means = { key: 'm', of: new Map(chain.map(({ id }) => [id as string | null, meansOf(24)])) };
      const wanted = bare(await grow(target, latent, chain, { settings, means }));
      for (const batchSize of [1, 3, 50]) expect(bare(await grow(target, latent, chain, { settings, means, batchSize }))).toEqual(wanted);
      expect(bare(await grow(target, latent, chain, { settings, means, sharePrefix: false }))).toEqual(wanted);
      const store = new PassStore(2 ** 24);
      const first = await grow(target, latent, chain, { settings, means, store });
      const again = await grow(target, latent, chain, { settings, means, store });
      expect(bare(first)).toEqual(wanted);
      expect(bare(again)).toEqual(wanted);
      expect(again.continuations).toBeLessThan(first.continuations);
    }
  });

  it('several blocks apart has the same bits too', async () => {
    const [far] = chain;
    const settings = { positions: true, controls: true };
    const wanted = bare(await grow(target, latent, [far], { settings }));
    for (const job of [{ batchSize: 1 }, { batchSize: 4 }, { sharePrefix: false }]) {
      expect(bare(await grow(target, latent, [far], { settings, ...job }))).toEqual(wanted);
    }
  });

  it('has controls and positions that are passes of their own', async () => {
    const parent = chain[1];
    const tree = await grow(target, latent, [parent], { settings: { ...ALL, controls: true, positions: true, seed: 4 } });
    const brute: Brute = { model, target: { named: target, latent }, contexts, mode: 'zero' };
    const codes = await codesOf(brute, parent);
    for (const edge of tree.edges.slice(0, 4)) {
      const j = Number(edge.parent.split('/').at(-1));
      const [other, direction] = edge.controls!;
      expect(other.latent).not.toBe(j);
      const same = tree.edges.find(({ parent: id }) => id === `${parent.id}/${other.latent}`)!;
      expect(other.effect).toBe(same.effect);
      const r = drawDirection(32, normOf(parent, j), 4 + j);
      const each = (await effectsOf(brute, directionEdits(brute, parent, codes, j, r))).filter((value) => value !== null);
      expect(Math.abs(direction.effect - each.reduce((a, b) => a + b, 0) / each.length)).toBeLessThan(5 * TOLERANCE);
      for (const [c, ids] of contexts.entries()) {
        if (edge.each[c] === null) expect(edge.positions![c]).toBeNull();
        else {
          expect(edge.positions![c]).toHaveLength(ids.length);
          for (const p of ids.keys()) {
            const one: Brute = { ...brute, contexts: [ids] };
            const edit = { dictionary: parent.id, latent: j, op: 'ablate' as const, positions: [p] };
            const [wanted] = await effectsOf(one, () => [edit], parent);
            expect(Math.abs(edge.positions![c]![p] - wanted!)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(wanted!)));
          }
        }
      }
      expect(edge.interval[0]).toBeLessThanOrEqual(edge.effect);
      expect(edge.interval[1]).toBeGreaterThanOrEqual(edge.effect);
    }
  });

  it('measures named parents alone', async () => {
    const whole = await grow(target, latent, chain, { settings: { ...ALL, controls: true } });
    const some = whole.edges.filter((_, i) => i % 5 === 2);
    const only = some.map(({ parent }) => ({ dictionary: chain[1].id, latent: Number(parent.split('/').at(-1)) }));
    const tree = await grow(target, latent, chain, { settings: { only, controls: true } });
    expect(tree.edges).toEqual(some);
    expect(tree.continuations).toBeLessThan(whole.continuations);
    const bad = (one: object) => expect(grow(target, latent, chain, { settings: { only: [one as never] } })).rejects;
    await bad({ dictionary: 'nope', latent: 1 }).toThrow(/names a parent in "nope"/);
    await bad({ dictionary: chain[1].id, latent: 24 }).toThrow(/no feature 24/);
    await bad({ dictionary: null, latent: 300 }).toThrow(/token 300/);
    await bad({ dictionary: null }).toThrow(/`only` must be/);
  });

  it('says exactly 1 where the target dies', async () => {
    const tree = await grow(target, latent, chain, { settings: ALL });
    const brute: Brute = { model, target: { named: target, latent }, contexts, mode: 'zero' };
    const codes = await codesOf(brute, chain[1]);
    let dead = 0;
    for (const { parent, each } of tree.edges) {
      const edits = parentEdits(brute, chain[1], codes, Number(parent.split('/').at(-1)), 0);
      for (const [c, ids] of contexts.entries()) {
        if (each[c] === null || (await activationOf(brute, ids, edits(c), chain[1])) !== 0) continue;
        expect(each[c]).toBe(1);
        dead++;
      }
    }
    expect(dead).toBeGreaterThan(0);
  });

  it('grows by the paper: the root’s parents all, then the strongest, down to the tokens', async () => {
    const tree = await grow(target, latent, chain, { settings: { threshold: -1e9 } });
    const childrenOf = (id: string) => tree.edges.filter(({ child }) => child === id);
    const [root] = tree.nodes;
    expect(childrenOf(root.id)).toHaveLength(3);
    for (const { parent } of childrenOf(root.id)) {
      const own = childrenOf(parent);
      expect(own).toHaveLength(3);
      expect(childrenOf(own[0].parent).every(({ parent: id }) => id.startsWith('token/'))).toBe(true);
      expect(own.map(({ effect }) => effect)).toEqual(own.map(({ effect }) => effect).toSorted((a, b) => b - a));
    }
    const levels = await grow(target, latent, chain, { settings: { threshold: -1e9, depth: 1 } });
    expect(levels.edges).toEqual(childrenOf(root.id));
    expect((await grow(target, latent, chain, { settings: { depth: 0 } })).nodes).toHaveLength(1);
    const { inactive, below, beyond, by_child } = levels.left_out;
    expect(below + beyond + 3 + inactive).toBe(24);
    expect(by_child).toEqual([{ child: root.id, below, beyond }]);
    const all = await grow(target, latent, chain, { settings: { threshold: -1e9, expand: 'all', parents: 2 } });
    expect(new Set(all.edges.map(({ child }) => child)).size).toBe(all.nodes.filter(({ dictionary }) => dictionary !== null).length);
  });

  it('comes in as it is measured, and a feature watched where it fires most is cut there', async () => {
    const parts: Tree[] = [];
    const [ids] = randomIds(9, [100]);
    const tree = await grow(target, latent, chain, {
      contexts: [{ ids, peak: true }],
      onProgress: (progress) => parts.push(progress.tree),
    });
    expect(parts.length).toBeGreaterThan(0);
    expect(tree.contexts[0].ids).toEqual(ids.slice(0, tree.contexts[0].ids.length));
    const dense = (await codesOf({ model, target: { named: target, latent }, contexts: [ids], mode: 'zero' }, target))[0];
    const values = ids.map((_, p) => dense[p * 24 + latent]);
    expect(tree.contexts[0].ids.length - 1).toBe(values.indexOf(Math.max(...values)));
  });

  it('keeps within its memory by count, and refuses what cannot fit', async () => {
    const memoryBytes = 2 ** 21;
    const small = await grow(target, latent, chain, { memoryBytes });
    expect(small.bytes).toBeLessThanOrEqual(memoryBytes);
    expect(small.bytes).toBeGreaterThan(0);
    expect(bare(await grow(target, latent, chain))).toEqual(bare(small));
    await expect(grow(target, latent, chain, { memoryBytes: 2 ** 15 })).rejects.toThrow(/Take fewer contexts/);
  });

  it('refuses in sentences', async () => {
    const bad = (job: Partial<TreeJob>) => expect(grow(target, latent, chain, job)).rejects;
    await bad({ contexts: [] }).toThrow(/no context to watch/);
    await bad({ contexts: [{ ids: [] }] }).toThrow(/no tokens/);
    await bad({ target: { dictionary: 'nope', latent: 0 } }).toThrow(/not among those given/);
    await bad({ target: { dictionary: target.id, latent: 24 } }).toThrow(/no feature 24; the dictionary has 24/);
    await bad({ settings: { mode: 'resample' }, contexts: [{ ids: [1, 2] }] }).toThrow(/two contexts/);
    await bad({ settings: { mode: 'mean' } }).toThrow(/means over a corpus/);
    await bad({ settings: { mode: 'gone' as never } }).toThrow(/`mode` must be one of zero/);
    await bad({ settings: { parents: 0 } }).toThrow(/`parents` must be a whole number from 1/);
    await bad({ settings: { threshold: NaN } }).toThrow(/`threshold`/);
    await bad({ settings: { seed: 0.5 } }).toThrow(/`seed`/);
  });

  it('stops at once, at ten moments', { retry: 2 }, async () => {
    const big = randomIds(11, new Array<number>(12).fill(100)).map((ids) => ({ ids }));
    let heard = 0;
    for (let i = 0; i < 10; i++) {
      const stop = { aborted: false };
      let at = 0;
      const pending = grow(target, latent, chain, { contexts: big, stop, settings: { controls: true, positions: true } }).then(
        () => 'finished',
        (error: Error) => error.name,
      );
      setTimeout(
        () => {
          stop.aborted = true;
          at = performance.now();
        },
        15 + 60 * i,
      );
      const ended = await pending;
      if (ended !== 'finished') {
        expect(ended).toBe('AbortError');
        expect(performance.now() - at).toBeLessThan(200);
        heard++;
      }
    }
    expect(heard).toBeGreaterThan(5);
  });
});
