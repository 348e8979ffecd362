/** What taking features out does to predictions, against PyTorch. FEATURESCOPE_EVAL=eval.u16 counts over 25,584 tokens too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effects } from '../../src/api/features.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { measureEffects } from '../../src/engine/study/effects.ts';
import { PassStore } from '../../src/engine/study/passStore.ts';
import { openShipped } from '../helpers/candidates.ts';
import { BOOKWORM } from '../helpers/goldens.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';
import { expectAblation, readAblations, type EffectSide } from '../helpers/ablation.ts';

const EVAL = process.env.FEATURESCOPE_EVAL;
const ablations = readAblations();
const [POSSESSIVE] = ablations;
const id = (dictionary: string) => `bookworm-9m/${dictionary}`;

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

describe.each(ablations)('feature $latent of $dictionary', (ablation) => {
  let effects: Effects;
  beforeAll(async () => {
    effects = await node.api.effects(id(ablation.dictionary), ablation.latent, { ids: ablation.ids });
  });

  it('changes log-probabilities and KL as PyTorch says', () => expectAblation(effects, ablation));

  it('has its figures made of these', () => {
    const { per_position, positions, deltas, next } = effects;
    expect(positions).toBe(8 * 47);
    expect([...next!]).toEqual(ablation.ids.flatMap((ids) => ids.slice(1)));
    expect([...deltas!]).toEqual(per_position!.flatMap(({ delta }) => delta.map(Math.fround)));
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(effects.mean_delta).toBeCloseTo(mean(per_position!.flatMap(({ delta }) => delta)), 12);
    expect(effects.kl).toBeCloseTo(mean(per_position!.flatMap(({ kl }) => kl.slice(0, -1))), 12);
    expect(effects.loss_clean).toBeCloseTo(-mean([...ablation.clean]), 4);
    expect(effects.loss_ablated).toBeCloseTo(-mean([...ablation.ablated]), 4);
  });

  it('has a random direction and another feature beside it', () => {
    const { controls } = effects;
    expect(controls.map(({ kind }) => kind)).toEqual(['latent', 'direction']);
    expect(controls[0].latent).not.toBe(ablation.latent);
    for (const { mean_delta, kl } of controls) expect(kl).toBeGreaterThanOrEqual(Math.min(0, mean_delta));
  });
});

it.skipIf(!EVAL)(
  'counts effects over the evaluation corpus as the paper draws them',
  async () => {
    const bytes = readFileSync(EVAL!);
    const all = Array.from({ length: 51_200 }, (_, i) => bytes.readUInt16LE(2 * i));
    const ids = Array.from({ length: 533 }, (_, n) => all.slice(96 * n, 96 * n + 48));
    const effects = await node.api.effects(id(POSSESSIVE.dictionary), POSSESSIVE.latent, { ids });
    const { less_likely, more_likely } = POSSESSIVE.effect!;
    const check = (stack: Effects['up'], sign: number, { positions, drawn, largest, near_cut, by_next_token }: EffectSide) => {
      const beyond = effects.deltas!.filter((delta) => sign * delta > 0);
      expect(Math.abs(beyond.length - positions) / positions).toBeLessThan(0.02);
      const counts = new Map(stack.series.map(({ id, counts }) => [id, counts.reduce((a, b) => a + b, 0)]));
      expect(Math.abs([...counts.values()].reduce((a, b) => a + b, 0) - drawn)).toBeLessThanOrEqual(near_cut);
      expect(Math.abs(stack.edges[10] - largest)).toBeLessThan(2e-3);
      for (const [token, , count] of by_next_token.slice(0, 5)) {
        const found = effects.next!.filter((next, p) => next === token && sign * effects.deltas![p] > 0.1).length;
        expect(Math.abs(found - count), String(token)).toBeLessThanOrEqual(Math.min(near_cut, 2));
      }
    };
    check(effects.up, 1, less_likely);
    check(effects.down, -1, more_likely);
  },
  1_200_000,
);

describe('beside other ways to the same numbers', () => {
  const { ids, dictionary, latent } = POSSESSIVE;

  it('a feature that was taken out reads 0 after it, and edits by hand predict the same', async () => {
    const text = ids[0];
    const edits = [{ dictionary: id(dictionary), latent, op: 'ablate' as const }];
    const { per_position } = await node.api.effects(id(dictionary), latent, { ids: [text] });
    const clean = await node.api.predict({ ids: text });
    const edited = await node.api.predict({ ids: text }, { edits });
    per_position![0].delta.forEach((delta, p) => expect(delta).toBeCloseTo(edited.surprise[p + 1] - clean.surprise[p + 1], 4));
    const hook = dictionary.split('/')[0];
    const { acts } = await node.api.run({ ids: text }, { read: [hook], edits });
    const after = await node.api.encode({ acts: acts[hook] }, id(dictionary));
    const values = [...after.latents.keys()].filter((e) => after.latents[e] === latent).map((e) => after.values[e]);
    expect(Math.max(0, ...values)).toBeLessThan(1e-5);
    expect(Math.max(...per_position![0].value)).toBeGreaterThan(1);
  });

  it('a direction takes the same amount away along another vector', async () => {
    const seed = 5;
    const text = ids[1];
    const { controls, next } = await node.api.effects(id(dictionary), latent, { ids: [text] }, { seed });
    const again = await node.api.effects(id(dictionary), latent, { ids: [text] }, { seed });
    expect(again.controls).toEqual(controls);
    const other = await node.api.effects(id(dictionary), latent, { ids: [text] }, { seed: 6 });
    expect(other.controls.at(-1)!.deltas).not.toEqual(controls.at(-1)!.deltas);
    expect(next).toHaveLength(47);
    const named = await node.api.effects(id(dictionary), controls[0].latent!, { ids: [text] });
    expect(named.deltas).toEqual(controls[0].deltas);
  });

  it('what is kept of clean passes changes no bit', async () => {
    const first = await node.api.effects(id(dictionary), latent, { ids });
    const fresh = createNodeApi();
    await fresh.api.ready;
    expect(await fresh.api.effects(id(dictionary), latent, { ids })).toEqual(first);
    // The same texts once more, and through another feature's passes.
    await fresh.api.effects(id(dictionary), 3, { ids });
    expect(await fresh.api.effects(id(dictionary), latent, { ids })).toEqual(first);
    fresh.close();
  }, 240_000);
});

describe('the engine by itself', () => {
  const { dictionary: name, latent, ids: texts } = POSSESSIVE;
  const folder = `resid_post_2_${name.split('/')[1]}`;
  let job: Parameters<typeof measureEffects>[0];
  beforeAll(async () => {
    const { model } = await openModelFolder(createRuntime(1), BOOKWORM);
    const dictionary = (await openShipped(folder)).get(folder)!;
    job = { model, engine: createEngine(), dictionary, latent, texts, perPosition: true };
  });
  afterAll(() => job.model.release());

  it('gives the same bits with nothing kept, with room for a part, and with all kept', async () => {
    const wanted = await measureEffects(job);
    expectAblation(wanted, POSSESSIVE);
    for (const bytes of [2 ** 20, 2 ** 28]) {
      const store = new PassStore(bytes);
      const keeping = { ...job, store, dictionaryKey: folder };
      for (const _ of [1, 2]) expect(await measureEffects(keeping)).toEqual(wanted);
      expect(store.bytes).toBeGreaterThan(2 ** 19);
      expect(store.bytes).toBeLessThanOrEqual(bytes);
      expect((await measureEffects({ ...keeping, latent: 3 })).deltas).not.toEqual(wanted.deltas);
    }
  });

  // Something else may have the processor once, not three times.
  it('hears a stop within 200 ms, wherever it is', { retry: 2 }, async () => {
    const long = texts.map((_, i) => texts.flat().slice(i, i + 256));
    for (const after of [150, 900, 2500]) {
      const stop = { aborted: false };
      const pending = measureEffects({ ...job, texts: long, stop }).then(
        () => 'finished',
        (error: Error) => error.name,
      );
      await new Promise((done) => setTimeout(done, after));
      stop.aborted = true;
      const stopped = performance.now();
      expect(await pending).toBe('AbortError');
      expect(performance.now() - stopped).toBeLessThan(200);
    }
  });
});

describe('texts', () => {
  const { dictionary, latent } = POSSESSIVE;
  const run = (...rest: Parameters<NodeApi['api']['effects']> extends [string, number, ...infer R] ? R : never) =>
    node.api.effects(id(dictionary), latent, ...rest);

  it('are by default those that ship, in windows from empty contexts, with progress', async () => {
    const progress: number[] = [];
    const found = await run({ tokens: 600 }, { onProgress: ({ done, total }) => progress.push(done / total) });
    expect(found.positions).toBe(597);
    expect(found.per_position).toBeUndefined();
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const whole = readFileSync(join(import.meta.dirname, '../../public/corpora/moby-dick.txt'), 'utf8').slice(0, 6000);
    const tokens = (await node.api.tokenize(whole)).ids.slice(0, 600);
    const ids = [tokens.slice(0, 256), tokens.slice(256, 512), tokens.slice(512)];
    expect(await run({ ids })).toMatchObject({ mean_delta: found.mean_delta, kl: found.kl, deltas: found.deltas });
  });

  it('longer than the context are read in stretches', async () => {
    const text = "The captain's boat and the mate's were lowered. ".repeat(40);
    const { per_position, positions } = await run({ text });
    const { length } = (await node.api.tokenize(text)).ids;
    expect(per_position!.map(({ value }) => value.length)).toEqual([256, length - 256]);
    expect(per_position!.map(({ delta }) => delta.length)).toEqual([255, length - 257]);
    expect(positions).toBe(length - 2);
  });

  it('that cannot be measured on are refused in sentences', async () => {
    await expect(run({ ids: [] })).rejects.toThrow(/at least two tokens/);
    await expect(run({ text: '' })).rejects.toThrow(/at least two tokens/);
    await expect(run({ ids: [[1, 2], []] })).rejects.toThrow(/Row 1 of the batch has no tokens/);
    await expect(run({ ids: [new Array<number>(257).fill(5)] })).rejects.toThrow(/257 tokens, 1 more than the 256/);
    await expect(run({ ids: [[1, 99_999]] })).rejects.toThrow(/token id 99999/);
    await expect(run({ ids: [7] as never })).rejects.toThrow(/list of texts/);
    await expect(run({ text: 'a', ids: [[1, 2]] })).rejects.toThrow(/Give one of/);
    await expect(run({ corpus: 'moby' })).rejects.toThrow(/no text called "moby"/);
    await expect(run({ tokens: 1 })).rejects.toThrow(/at least 2/);
    await expect(run({ tokens: 64 }, { threshold: -1 })).rejects.toThrow(/`threshold`/);
    await expect(node.api.effects(id(dictionary), 1024, { tokens: 64 })).rejects.toThrow(/no feature 1024; the dictionary has 1024/);
    await expect(node.api.effects('nothing', 0)).rejects.toThrow(/no dictionary called "nothing"/);
  });

  it('are left when the call is stopped', async () => {
    const controller = new AbortController();
    const stopped = run({ tokens: 4096 }, { signal: controller.signal, onProgress: ({ done }) => done > 512 && controller.abort() });
    await expect(stopped).rejects.toThrow('Stopped on request.');
    const at = performance.now();
    // The worker does one thing at a time: what comes next waits until the stopped one has ended.
    await run({ ids: [[5, 6]] });
    expect(performance.now() - at).toBeLessThan(1000);
  });
});
