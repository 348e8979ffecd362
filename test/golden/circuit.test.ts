/** Prompt circuits on tiny-neox with random dictionaries: every number is that of a full forward pass of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Circuit, CircuitNode } from '../../src/api/causal.ts';
import type { Edit } from '../../src/api/model.ts';
import { drawOrder, sizesOf } from '../../src/core/interp/causal/curves.ts';
import { rowStatistics } from '../../src/core/lm/statistics.ts';
import { encode } from '../../src/core/sae/encode.ts';
import { toDense } from '../../src/core/sae/latents.ts';
import { run } from '../../src/engine/model/run.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { findCircuit, type CircuitJob } from '../../src/engine/study/circuit.ts';
import { BLOCK, randomIds, randomNamed, readHook, TINY } from '../helpers/bruteTree.ts';

let model: HookedModel;
const engine = createEngine();
const [ids] = randomIds(3, [7]);
const dictionaries = [
  randomNamed('hook_embed', 40),
  randomNamed(BLOCK(0, 'hook_resid_post'), 41),
  randomNamed(BLOCK(1, 'hook_attn_out'), 42),
  randomNamed(BLOCK(1, 'hook_mlp_out'), 43),
  randomNamed(BLOCK(1, 'hook_resid_post'), 44),
  randomNamed(BLOCK(2, 'hook_resid_post'), 45),
];
const named = new Map(dictionaries.map(({ id, dictionary }) => [id, dictionary]));
const [PLUS, MINUS] = [17, 211];

beforeAll(async () => {
  ({ model } = await openModelFolder(createRuntime(1), TINY));
});
afterAll(() => model.release());

const find = (job: Partial<CircuitJob> = {}): Promise<Circuit> =>
  findCircuit({ model, engine, ids, plus: PLUS, minus: MINUS, dictionaries, nodes: 1000, ...job });

async function measured(edits: Edit[], isDifference = true): Promise<number> {
  const { logits } = await run(model, { ids: [ids], isBatch: false }, { edits, logits: 'last', dictionaries: named });
  const { data } = logits!;
  return isDifference ? data[PLUS] - data[MINUS] : data[PLUS] - rowStatistics(data).logZ;
}

function editOf({ dictionary, latent, position }: CircuitNode): Edit {
  if (latent !== null) return { dictionary, latent, op: 'ablate', positions: [position] };
  return { dictionary, op: 'splice', positions: [position] };
}

/** Latents of every dictionary off at the positions where `isOff`, as public edits: what arrives decides. */
function offEdits(isOff: (dictionary: string, position: number, latent: number) => boolean): Edit[] {
  return dictionaries.flatMap(({ id, dictionary }) =>
    ids.flatMap((_, p): Edit[] => {
      const latents = Array.from({ length: dictionary.config.d_sae }, (_j, j) => j).filter((j) => isOff(id, p, j));
      const values = { data: new Float32Array(latents.length), shape: [latents.length] };
      return latents.length === 0 ? [] : [{ dictionary: id, op: 'patch', latents, values, positions: [p] }];
    }),
  );
}

describe('a circuit', () => {
  let circuit: Circuit;
  beforeAll(async () => {
    circuit = await find({ edges: 10_000 });
  });

  it('has every active latent and every error at every position as a node, with the effect of a pass of its own', async () => {
    expect(Math.abs(circuit.difference - (await measured([])))).toBeLessThan(1e-4);
    let active = 0;
    for (const { dictionary } of dictionaries) {
      const x = await readHook({ model }, ids, dictionary.config.hook_name!);
      active += encode(dictionary, x).latents.length;
    }
    expect(circuit.nodes).toHaveLength(active + dictionaries.length * ids.length);
    const sizes = circuit.nodes.map(({ effect }) => Math.abs(effect));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    for (const node of circuit.nodes) {
      const wanted = circuit.difference - (await measured([editOf(node)]));
      expect(Math.abs(node.effect - wanted), JSON.stringify(node)).toBeLessThan(1e-4);
    }
    // What is not seen from the last token does nothing, exactly.
    const unseen = circuit.nodes.filter(({ dictionary, position }) => dictionary === dictionaries[5].id && position < ids.length - 1);
    expect(unseen.length).toBeGreaterThan(5);
    expect(unseen.every(({ effect }) => effect === 0)).toBe(true);
    expect(circuit.continuations).toBeLessThan(circuit.naive);
  });

  it('has the log-probability of one token as well', async () => {
    const one = await findCircuit({ model, engine, ids, plus: PLUS, dictionaries, nodes: 12, edges: 0 });
    expect(Math.abs(one.difference - (await measured([], false)))).toBeLessThan(1e-4);
    for (const node of one.nodes) {
      expect(Math.abs(node.effect - one.difference + (await measured([editOf(node)], false)))).toBeLessThan(1e-4);
    }
    expect(one.edges).toEqual([]);
    expect(one.nodes).toHaveLength(12);
  });

  it('has edges that are passes of their own, and none into errors or backwards', async () => {
    expect(circuit.edges.length).toBeGreaterThan(100);
    const order = new Map(dictionaries.map(({ id }, i) => [id, i]));
    for (const { parent, child, effect } of circuit.edges.filter((_, i) => i % 23 === 0)) {
      const [from, to] = [circuit.nodes[parent], circuit.nodes[child]];
      expect(to.latent).not.toBeNull();
      expect(order.get(from.dictionary)!).toBeLessThan(order.get(to.dictionary)!);
      expect(from.position).toBeLessThanOrEqual(to.position);
      const { dictionary } = dictionaries[order.get(to.dictionary)!];
      const read = async (edits: Edit[]) => {
        const { acts } = await run(
          model,
          { ids: [ids], isBatch: false },
          { edits, read: [dictionary.config.hook_name!], dictionaries: named },
        );
        const codes = toDense(encode(dictionary, acts[dictionary.config.hook_name!].data));
        return codes[to.position * dictionary.config.d_sae + to.latent!];
      };
      const [a, after] = [await read([]), await read([editOf(from)])];
      const wanted = (a - after) / a;
      expect(Math.abs(effect - wanted)).toBeLessThan(1e-3 * Math.max(1, Math.abs(wanted), 0.1 / a));
    }
  });

  it('is faithful with all of its nodes, not at all with none, and in between as the passes say', async () => {
    const { faithfulness, completeness, nodes, difference, none } = circuit;
    expect(Math.abs(none - (await measured(offEdits(() => true))))).toBeLessThan(1e-4);
    const whole = faithfulness.at(-1)!;
    expect(whole.nodes).toBe(nodes.length);
    expect(Math.abs(whole.kept - 1)).toBeLessThan(1e-3);
    expect(Math.abs(whole.random - 1)).toBeLessThan(1e-3);
    expect(faithfulness[0].kept).toBeCloseTo(0, 6);
    expect(completeness[0].kept).toBeCloseTo(1, 3);
    expect(faithfulness.map((point) => point.nodes)).toEqual(sizesOf(nodes.length));
    const slack = 1e-3 / Math.min(1, Math.abs(difference - none));
    const key = (dictionary: string, p: number, j: number) => `${dictionary} ${p} ${j}`;
    for (const i of [5, 20, 40]) {
      const set = new Set(
        nodes
          .slice(0, faithfulness[i].nodes)
          .filter(({ latent }) => latent !== null)
          .map(({ dictionary, position, latent }) => key(dictionary, position, latent!)),
      );
      const share = (value: number) => (value - none) / (difference - none);
      const faithful = share(await measured(offEdits((...at) => !set.has(key(...at)))));
      const complete = share(await measured(offEdits((...at) => set.has(key(...at)))));
      expect(Math.abs(faithfulness[i].kept - faithful)).toBeLessThan(slack);
      expect(Math.abs(completeness[i].kept - complete)).toBeLessThan(slack);
    }
    expect(faithfulness.some(({ kept, random }) => Math.abs(kept - random) > 0.01)).toBe(true);
  });

  it('has the same bits in batches of any size, and other random nodes with another seed', async () => {
    const bare = (found: Circuit) => ({ ...found, seconds: 0, bytes: 0, continuations: 0 });
    const wanted = bare(await find({ nodes: 30 }));
    expect(bare(await find({ nodes: 30, batchSize: 3 }))).toEqual(wanted);
    expect(bare(await find({ nodes: 30, sharePrefix: false }))).toEqual(wanted);
    const other = await find({ nodes: 30, seed: 2 });
    expect(other.nodes).toEqual(wanted.nodes);
    expect(other.faithfulness.map(({ random }) => random)).not.toEqual(wanted.faithfulness.map(({ random }) => random));
    expect([...drawOrder(9, 1)].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is that of the position asked for, and comes in as it is measured', async () => {
    const parts: number[] = [];
    const early = await find({ position: 4, onProgress: ({ done, total, nodes }) => parts.push(done / total, nodes.length) });
    expect(early).toMatchObject({ position: 4, ids: ids.slice(0, 5) });
    const cut = await find({ ids: ids.slice(0, 5) });
    expect(early.nodes).toEqual(cut.nodes);
    expect(parts.length).toBeGreaterThan(1);
  });

  it('keeps within its memory by count, and stops at once', { retry: 2 }, async () => {
    const memoryBytes = 2 ** 21;
    const small = await find({ memoryBytes });
    expect(small.bytes).toBeLessThanOrEqual(memoryBytes);
    expect(small.nodes).toEqual(circuit.nodes);
    await expect(find({ memoryBytes: 2 ** 14 })).rejects.toThrow(/more than half of the memory/);
    const [long] = randomIds(5, [100]);
    let heard = 0;
    for (const after of [20, 120, 400, 900]) {
      const stop = { aborted: false };
      let at = 0;
      const pending = find({ ids: long, stop }).then(
        () => 'finished',
        (error: Error) => error.name,
      );
      setTimeout(() => {
        stop.aborted = true;
        at = performance.now();
      }, after);
      const ended = await pending;
      // A fast machine may be through by then.
      if (ended === 'finished') continue;
      expect(ended).toBe('AbortError');
      expect(performance.now() - at).toBeLessThan(200);
      heard++;
    }
    expect(heard).toBeGreaterThan(1);
  });

  it('refuses in sentences', async () => {
    await expect(find({ dictionaries: [] })).rejects.toThrow(/at least one dictionary/);
    await expect(find({ plus: 300 })).rejects.toThrow(/`plus` must be a token id from 0 to 299/);
    await expect(find({ minus: -1 })).rejects.toThrow(/`minus`/);
    await expect(find({ position: 7 })).rejects.toThrow(/from 0 to 6/);
    await expect(find({ nodes: 0 })).rejects.toThrow(/`nodes`/);
    await expect(find({ dictionaries: [randomNamed(BLOCK(1, 'mlp.hook_post'), 1)] })).rejects.toThrow(/takes dictionaries of the residual/);
    const twice = [...dictionaries, randomNamed(BLOCK(1, 'hook_resid_pre'), 1)];
    await expect(find({ dictionaries: twice })).rejects.toThrow(/read the same place/);
  });
});
