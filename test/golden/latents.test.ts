/** What features write, read and resemble, and rules about them, through the scripting interface. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zeroSae } from '../helpers/zeroSae.ts';
import { pearson } from '../helpers/latents.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';
import { readAblations } from '../helpers/ablation.ts';

const ablations = readAblations();
const id = (dictionary: string) => `bookworm-9m/${dictionary}`;
const [{ dictionary: FIRST, latent: LATENT }] = ablations;
const DICTIONARY = id(FIRST);

let node: NodeApi;
let ids: number[];
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  const text = readFileSync(join(import.meta.dirname, '../../public/corpora/moby-dick.txt'), 'utf8').slice(0, 8000);
  ids = (await node.api.tokenize(text)).ids.slice(0, 1000);
});
afterAll(() => node.close());

/** The latent's values on the first 1,000 tokens of the text that ships, [tokens][d_sae], in windows of 256. */
async function denseCodes(dictionary: string): Promise<number[][]> {
  const rows: number[][] = [];
  for (let start = 0; start < ids.length; start += 256) {
    const codes = await node.api.encode({ ids: ids.slice(start, start + 256) }, dictionary);
    for (let r = 0; r + 1 < codes.rows.length; r++) {
      const row = new Array<number>(codes.d_sae).fill(0);
      for (let e = codes.rows[r]; e < codes.rows[r + 1]; e++) row[codes.latents[e]] = codes.values[e];
      rows.push(row);
    }
  }
  return rows;
}

describe('weights', () => {
  it.each(ablations)('to the logits of feature $latent of $dictionary are those of PyTorch', async ({ dictionary, latent, ...golden }) => {
    const { writes, reads } = await node.api.weights(id(dictionary), latent, { k: 10 });
    for (const [found, wanted] of [
      [writes.top, golden.logit_top],
      [writes.bottom, golden.logit_bottom],
    ] as const) {
      expect(found).toHaveLength(10);
      found.forEach(({ id, value }, i) => {
        expect(Math.abs(value - wanted[i][1])).toBeLessThan(1e-3 * Math.abs(wanted[i][1]));
        // Ids may swap between values closer than that.
        const stated = wanted.find(([token]) => token === id);
        if (stated) expect(Math.abs(value - stated[1])).toBeLessThan(1e-3 * Math.abs(stated[1]));
        else expect(Math.abs(value - wanted[9][1])).toBeLessThan(1e-3 * Math.abs(value));
      });
    }
    expect(writes.histogram.counts).toHaveLength(50);
    expect(writes.histogram.counts.reduce((a, b) => a + b, 0)).toBe(node.api.models.current().n_tokens);
    expect(reads.top).toHaveLength(10);
  });

  it('from the embedding are its rows times the encoder', async () => {
    const { enc } = await node.api.dictionaries.vectors(DICTIONARY, LATENT);
    const { reads } = await node.api.weights(DICTIONARY, LATENT, { k: 3 });
    for (const { id: token, value } of [...reads.top, ...reads.bottom]) {
      const { acts } = await node.api.run({ ids: [token] }, { read: ['hook_embed'] });
      const row = acts.hook_embed.data;
      expect(value).toBeCloseTo(
        enc.reduce((sum, x, i) => sum + x * row[i], 0),
        4,
      );
    }
    expect(reads.top[0].value).toBeGreaterThan(reads.top[2].value);
    expect(reads.bottom[0].value).toBeLessThan(reads.bottom[2].value);
  });

  it('of an MLP feature go through W_out: the same as the direction that it adds to the residual', async () => {
    const mlp = 'bookworm-9m/blocks.3.mlp.hook_post/r2-a0.002';
    const { dec } = await node.api.dictionaries.vectors(mlp, 5);
    const { writes, reads } = await node.api.weights(mlp, 5, { k: 5 });
    expect(reads).toMatchObject({ top: [], bottom: [], obstacle: expect.stringMatching(/no values of the embedding's kind/) as string });
    // By the model itself: with what the feature adds to MLP output, and a residual that is nothing else.
    const out = 'blocks.3.hook_mlp_out';
    const at = async (edits: object[]) => (await node.api.run({ ids: [0] }, { read: [out], edits: edits as never })).acts[out].data;
    const clean = await at([]);
    const added = (await at([{ hook: 'blocks.3.mlp.hook_post', op: 'add', vector: dec.map((x) => 100 * x) }])).map((x, i) => x - clean[i]);
    const last = 'blocks.5.hook_resid_post';
    const value = { data: added, shape: [1, 256] };
    const logits = (v: typeof value) =>
      node.api.run({ ids: [0] }, { logits: 'all', edits: [{ hook: last, op: 'set', value: v }] }).then((r) => r.logits!.data);
    const moved = await logits(value);
    const flat = await logits({ ...value, data: new Float32Array(256) });
    // The norm divides by one number, so differences keep their proportions.
    const effect = (token: number) => moved[token] - flat[token];
    const ratio = effect(writes.top[0].id) / writes.top[0].value;
    for (const { id: token, value: weight } of [...writes.top, ...writes.bottom]) expect(effect(token) / ratio / weight).toBeCloseTo(1, 2);
  });

  it('are refused in sentences where there are none', async () => {
    const files = Object.entries(zeroSae({ hook: 'blocks.2.ln1.hook_normalized', d_in: 256, d_sae: 4, noise: 1 }));
    const dropped = files.map(([path, data]) => ({ path: `noise/${path}`, data: new Blob([new Uint8Array(data)]) }));
    const { dictionaries } = await node.api.dictionaries.import(dropped);
    const { writes } = await node.api.weights(dictionaries[0].id, 1);
    expect(writes).toMatchObject({ top: [], histogram: { counts: [] }, obstacle: expect.stringMatching(/no way to the logits/) as string });
    await expect(node.api.effects(dictionaries[0].id, 1, { tokens: 64 })).rejects.toThrow(/can be read but not edited/);
    await node.api.dictionaries.remove(dictionaries[0].id);
    await expect(node.api.weights(DICTIONARY, -1)).rejects.toThrow(/no feature -1/);
    await expect(node.api.weights(DICTIONARY, 1, { k: 0 })).rejects.toThrow(/`k` must be/);
  });

  it('and all else are refused for a dictionary of another model', async () => {
    const tiny = join(import.meta.dirname, '../fixtures/models/tiny-neox');
    await node.api.models.load(diskFiles(tiny, ['config.json', 'tokenizer.json', 'model.safetensors']));
    const sentence = /reads 256 numbers for each token of blocks\.2\.hook_resid_post, but this model has 32/;
    await expect(node.api.weights(DICTIONARY, 1)).rejects.toThrow(sentence);
    await expect(node.api.effects(DICTIONARY, 1, { ids: [[1, 2]] })).rejects.toThrow(sentence);
    await expect(node.api.rule(DICTIONARY, 1, { token: 'a' }, { tokens: 64 })).rejects.toThrow(sentence);
    await expect(node.api.neighbours(DICTIONARY, 1, { tokens: 64 })).rejects.toThrow(sentence);
    await node.api.models.load('bookworm-9m');
  });
});

describe('neighbours', () => {
  it('are those of highest cosine, without the feature itself', async () => {
    const own = await node.api.dictionaries.vectors(DICTIONARY, LATENT);
    const { cosine, together, elsewhere } = await node.api.neighbours(DICTIONARY, LATENT, { k: 5 });
    expect([together, elsewhere]).toEqual([undefined, undefined]);
    expect(cosine).toHaveLength(5);
    for (const { latent, value } of cosine) {
      expect(latent).not.toBe(LATENT);
      const { dec } = await node.api.dictionaries.vectors(DICTIONARY, latent);
      const dot = dec.reduce((sum, x, i) => sum + x * own.dec[i], 0);
      expect(value).toBeCloseTo(dot / Math.hypot(...dec) / Math.hypot(...own.dec), 5);
    }
    expect(cosine.map(({ value }) => value)).toEqual(cosine.map(({ value }) => value).sort((a, b) => b - a));
  });

  it('in other dictionaries match both ways', async () => {
    const other = DICTIONARY.replace('a0.0025', 'a0.004');
    const { elsewhere } = await node.api.neighbours(DICTIONARY, LATENT, { elsewhere: [other, DICTIONARY] });
    expect(elsewhere![1]).toMatchObject({ dictionary: DICTIONARY, latent: LATENT, back: LATENT });
    expect(elsewhere![1].value).toBeCloseTo(1, 5);
    const [{ latent, value, back }] = elsewhere!;
    expect((await node.api.neighbours(other, latent, { elsewhere: [DICTIONARY] })).elsewhere![0].latent).toBe(back);
    expect(value).toBeGreaterThan(0.3);
    const wide = 'bookworm-9m/blocks.3.mlp.hook_post/r2-a0.002';
    await expect(node.api.neighbours(DICTIONARY, 1, { elsewhere: [wide] })).rejects.toThrow(
      /have 1024 numbers, those of this dictionary 256/,
    );
    await expect(node.api.neighbours(DICTIONARY, 1, { elsewhere: ['x'] })).rejects.toThrow(/no dictionary called "x"/);
  });

  it('in directions of the same hook are those whose values over the corpus correlate most', async () => {
    const hook = DICTIONARY.split('/')[1];
    const { id: neurons } = await node.api.baselines.make({ kind: 'neurons', hook });
    const { id: random } = await node.api.baselines.make({ kind: 'random', hook });
    const { id: pca } = await node.api.baselines.make({ kind: 'pca', hook, tokens: 600 });
    const elsewhere = [neurons, random, pca, 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004'];
    const { alike } = await node.api.neighbours(DICTIONARY, LATENT, { elsewhere, tokens: 1000 });
    expect(alike!.map(({ dictionary }) => dictionary)).toEqual([neurons, random, pca]);
    const own = (await denseCodes(DICTIONARY)).map((row) => row[LATENT]);
    const { dec } = await node.api.dictionaries.vectors(DICTIONARY, LATENT);
    for (const { dictionary, latent, correlation, cosine } of alike!) {
      const rows = await denseCodes(dictionary);
      const all = Array.from(rows[0], (_, j) =>
        pearson(
          own,
          rows.map((row) => row[j]),
        ),
      );
      expect(correlation).toBeCloseTo(all[latent], 4);
      const size = (r: number) => (dictionary === pca ? Math.abs(r) : r);
      expect(size(correlation)).toBeCloseTo(Math.max(...all.map(size)), 4);
      const other = await node.api.dictionaries.vectors(dictionary, latent);
      const dot = other.dec.reduce((sum, x, i) => sum + x * dec[i], 0);
      expect(cosine).toBeCloseTo(dot / Math.hypot(...dec) / Math.hypot(...other.dec), 5);
    }
    for (const id of [neurons, random, pca]) await node.api.dictionaries.remove(id);
  });

  it('fire together as all values over the corpus say', async () => {
    const rows = await denseCodes(DICTIONARY);
    const progress: number[] = [];
    const options = { tokens: 1000, k: 6, onProgress: ({ done }: { done: number }) => progress.push(done) };
    const { together } = await node.api.neighbours(DICTIONARY, LATENT, options);
    expect(progress.at(-1)).toBe(1000);
    const jaccard = (j: number) => {
      const both = rows.filter((row) => row[j] > 0 && row[LATENT] > 0).length;
      return both / rows.filter((row) => row[j] > 0 || row[LATENT] > 0).length;
    };
    const all = Array.from({ length: 1024 }, (_, j) => (j === LATENT ? -1 : jaccard(j))).sort((a, b) => b - a);
    expect(together!.map((one) => one.jaccard)).toEqual(all.slice(0, 6));
    for (const one of together!) expect(one.jaccard).toBe(jaccard(one.latent));
  });
});

describe('a rule', () => {
  it('is counted on each token of the corpus', async () => {
    const rows = await denseCodes(DICTIONARY);
    const threshold = 0.3;
    const wanted = new Set(ids.filter((_, p) => rows[p][LATENT] > 0.7));
    const matched = (p: number) => wanted.has(ids[p]);
    const rule = { tokens: [...wanted] };
    const fires = (p: number) => rows[p][LATENT] > threshold;
    const count = (f: (p: number) => boolean) => ids.filter((_, p) => f(p)).length;
    const hits = count((p) => matched(p) && fires(p));
    const found = await node.api.rule(DICTIONARY, LATENT, rule, { tokens: 1000, threshold });
    expect(found.counts).toEqual({
      hits,
      false_positives: count((p) => matched(p) && !fires(p)),
      misses: count((p) => !matched(p) && fires(p)),
    });
    expect(found.precision).toBeCloseTo(hits / count(matched), 12);
    expect(found.recall).toBeCloseTo(hits / count(fires), 12);
    expect(found.interval[0]).toBeLessThanOrEqual(found.f1);
    expect(found.interval[1]).toBeGreaterThanOrEqual(found.f1);
    const values = found.misses.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    for (const { document, position, ids: shown, at, values: around, value } of [...found.misses, ...found.false_positives]) {
      expect([document, shown[at], around[at]]).toEqual([0, ids[position], value]);
      expect(rows[position][LATENT]).toBeCloseTo(value, 4);
    }
    expect(found.misses[0].value).toBe(Math.fround(Math.max(...ids.map((_, p) => (fires(p) && !matched(p) ? rows[p][LATENT] : 0)))));
  });

  it('sees tokens, the words they are part of, and what is before', async () => {
    const on = async (rule: object) => {
      const { counts } = await node.api.rule(DICTIONARY, LATENT, rule, { tokens: 1000 });
      return counts!.hits + counts!.false_positives;
    };
    const the = (await node.api.tokenize(' the')).ids;
    expect(the).toHaveLength(1);
    const found = ids.filter((token) => token === the[0]).length;
    expect(found).toBeGreaterThan(10);
    expect(await on({ token: '^ the$' })).toBe(found);
    expect(await on({ tokens: the, word: '^the$' })).toBe(found);
    expect(await on({ tokens: the, before: '^$' })).toBeLessThan(2);
    expect(await on({ tokens: the, before: 'of$' })).toBeGreaterThan(0);
    expect(await on({ tokens: the, before: '^.{0,200}$' })).toBeGreaterThan(0);
    expect(await on({ before: '^[^]{201}' })).toBe(0);
  });

  it('that is bad or slow is refused, and a stop is heard', async () => {
    const run = (rule: object, o: object = {}) => node.api.rule(DICTIONARY, LATENT, rule, { tokens: 600, ...o });
    await expect(run({ token: '[' })).rejects.toThrow(/no regular expression/);
    await expect(run({})).rejects.toThrow(/needs at least one of/);
    await expect(run({ tokens: [9000] })).rejects.toThrow(/names the token 9000; ids of this model are 0 to 8191/);
    await expect(run({ token: 'a' }, { threshold: -1 })).rejects.toThrow(/`threshold`/);
    await expect(run({ token: 'a' }, { tokens: 1.5 })).rejects.toThrow(/`tokens` must be/);
    await expect(node.api.rule(DICTIONARY, 5000, { token: 'a' }, { tokens: 64 })).rejects.toThrow(/no feature 5000/);
    const controller = new AbortController();
    const stopped = run({ before: 'x$' }, { tokens: 20_000, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toThrow('Stopped on request.');
  });
});
