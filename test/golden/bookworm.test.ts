import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Edit, Predictions, RunResult } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { MODELS, readGoldens, readJson, relativeToTolerance } from '../helpers/goldens.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';

/** Design D5 on WASM: 1e-4 · max(1, largest/10). */
const TOLERANCE = 1e-4;

const goldens = readGoldens(join(MODELS, 'bookworm-9m.safetensors'));
const texts = readJson<{ text: string | null; ids: number[]; greedy_tail: number[] }[]>(join(MODELS, 'bookworm-9m.json'));

let node: NodeApi;
let api: FeaturescopeApi;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  api = node.api;
});
afterAll(() => node.close());

const numbers = (key: string) => goldens.get(key)!.data as Float32Array;

describe.each(texts.map((entry, k) => [JSON.stringify(entry.text ?? entry.ids.slice(0, 6)), k] as const))('%s', (_, k) => {
  const { text, ids, greedy_tail } = texts[k];
  const hooks = [...goldens.keys()].filter((key) => key.startsWith(`${k}.`) && key.includes('hook_')).map((key) => key.slice(2));
  let predictions: Predictions;

  beforeAll(async () => {
    predictions = await api.predict({ ids }, { k: 5 });
  });

  if (text !== null)
    test('tokenizes to the golden ids and back', async () => {
      const tokenized = await api.tokenize(text);
      expect(tokenized.ids).toEqual(ids);
      expect(tokenized.tokens.join('')).toBe(text);
      expect(tokenized.spans.map(([from, to]) => text.slice(from, to))).toEqual(tokenized.tokens);
      expect(await api.predict({ text: text }, { k: 5 })).toEqual(predictions);
    });

  test('gives every golden hook and the last logits', async () => {
    expect(hooks.length).toBeGreaterThan(10);
    const { acts, logits } = await api.run({ ids }, { read: hooks, logits: 'last' });
    for (const hook of hooks) {
      const golden = goldens.get(`${k}.${hook}`)!;
      expect(acts[hook].shape, hook).toEqual(golden.shape);
      expect(relativeToTolerance(acts[hook].data, golden.data, TOLERANCE), hook).toBeLessThanOrEqual(1);
    }
    expect(relativeToTolerance(logits!.data, numbers(`${k}.logits_last`), TOLERANCE)).toBeLessThanOrEqual(1);
  });

  test('predicts each token with the golden probability', () => {
    const { surprise, rank, topIds, topProbs } = predictions;
    const logProbs = numbers(`${k}.logprob_next`);
    expect(surprise[0]).toBeNaN();
    expect(rank[0]).toBe(-1);
    expect(
      relativeToTolerance(
        surprise.slice(1),
        logProbs.map((x) => -x),
        TOLERANCE,
      ),
    ).toBeLessThanOrEqual(1);
    for (let i = 1; i < ids.length; i++) {
      // The rank is the place in the top list of the position before, when it is there.
      const place = [...topIds.subarray((i - 1) * 5, i * 5)].indexOf(ids[i]);
      if (rank[i] < 5) expect(place).toBe(rank[i]);
      else expect(place).toBe(-1);
      if (place >= 0) expect(-Math.log(topProbs[(i - 1) * 5 + place])).toBeCloseTo(surprise[i], 4);
    }
  });

  test('its top list and entropy are those of the golden last logits', () => {
    const logits = numbers(`${k}.logits_last`);
    const max = Math.max(...logits);
    const p = Array.from(logits, (x) => Math.exp(x - max));
    const sum = p.reduce((a, b) => a + b);
    const entropy = -p.reduce((total, x) => total + (x > 0 ? (x / sum) * Math.log(x / sum) : 0), 0);
    const last = ids.length - 1;
    // An error of 1e-4 in every logit moves an entropy of a few nats by less than 1e-3.
    expect(Math.abs(predictions.entropy[last] - entropy)).toBeLessThan(1e-3);
    const best = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, 5);
    expect([...predictions.topIds.subarray(last * 5)]).toEqual(best);
    best.forEach((id, slot) => expect(predictions.topProbs[last * 5 + slot]).toBeCloseTo(p[id] / sum, 4));
  });

  test('generates the golden text greedily', async () => {
    const seen: string[] = [];
    const { ids: made, text: written } = await api.generate({ ids }, { tokens: greedy_tail.length, onToken: (_, t) => seen.push(t) });
    expect(made).toEqual(greedy_tail);
    expect([...ids, ...made]).toEqual([...goldens.get(`${k}.greedy`)!.data]);
    expect(seen).toHaveLength(made.length);
    expect(seen.at(-1)).toBe(written);
    expect((await api.predict({ ids: made })).tokens.join('')).toBe(written);
  });
});

describe('predictions under edits', () => {
  test('the KL to the unedited model is 0 without a change, positive with one, and per position', async () => {
    const { ids } = texts[0];
    const same = await api.predict({ ids }, { edits: [{ hook: 'blocks.2.hook_resid_post', op: 'scale', factor: 1 }] });
    expect(Math.max(...same.comparison!.kl)).toBeLessThan(1e-6);
    const edited = await api.predict({ ids }, { edits: [{ hook: 'blocks.2.hook_resid_post', op: 'scale', factor: 0.5, positions: [5] }] });
    const { kl } = edited.comparison!;
    expect(kl.slice(0, 5).every((x) => x < 1e-6)).toBe(true);
    expect(kl[5]).toBeGreaterThan(1e-3);
    expect((await api.predict({ ids })).comparison).toBeUndefined();
  });

  test('everything compared is that of the logits that run gives', async () => {
    // 50 tokens: more than the 32 rows that are compared at a time.
    const ids = [...texts[3].ids, ...texts[3].ids];
    const edits: Edit[] = [{ hook: 'blocks.3.hook_mlp_out', op: 'scale', factor: 0 }];
    const [before, after] = await Promise.all([api.run({ ids }, { logits: 'all' }), api.run({ ids }, { logits: 'all', edits })]);
    const { surprise, topIds, topProbs, topTokens, k, comparison } = await api.predict({ ids }, { k: 6, edits });
    expect([k, comparison!.kl.length]).toEqual([6, 50]);
    const V = 8192;
    const logSoftmax = ({ logits }: RunResult, i: number) => {
      const row = logits!.data.subarray(i * V, (i + 1) * V);
      const max = Math.max(...row);
      const logZ = max + Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
      return Array.from(row, (x) => x - logZ);
    };
    const best = (logP: number[]) => [...logP.keys()].sort((a, b) => logP[b] - logP[a]).slice(0, k);
    // Same kernels on both sides, so what differs is rounding to fp32 on the way out.
    const isClose = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-4);
    for (let i = 0; i < ids.length; i++) {
      const [p, q] = [logSoftmax(before, i), logSoftmax(after, i)];
      isClose(
        comparison!.kl[i],
        p.reduce((sum, x, v) => sum + Math.exp(x) * (x - q[v]), 0),
      );
      if (i > 0) isClose(surprise[i], -logSoftmax(after, i - 1)[ids[i]]);
      expect([...topIds.subarray(i * k, (i + 1) * k)]).toEqual(best(q));
      expect([...comparison!.idsBefore.subarray(i * k, (i + 1) * k)]).toEqual(best(p));
      for (let at = i * k; at < (i + 1) * k; at++) {
        isClose(topProbs[at], Math.exp(q[topIds[at]]));
        isClose(comparison!.topProbsBefore[at], Math.exp(p[topIds[at]]));
        isClose(comparison!.probsBefore[at], Math.exp(p[comparison!.idsBefore[at]]));
        isClose(comparison!.probsAfter[at], Math.exp(q[comparison!.idsBefore[at]]));
      }
    }
    const named = new Set([...topIds, ...comparison!.idsBefore]);
    expect(Object.keys(topTokens).map(Number).toSorted()).toEqual([...named].toSorted());
  });

  test('prepended <|endoftext|> covers no character and makes the first token predictable', async () => {
    const text = 'The cat';
    const { ids, tokens, spans, surprise } = await api.predict({ text, prepend_bos: true });
    expect(ids).toEqual([0, ...(await api.tokenize(text)).ids]);
    expect(tokens[0]).toBe('<|endoftext|>');
    expect(spans).toEqual([[0, 0], ...(await api.tokenize(text)).spans]);
    expect(surprise[1]).toBeGreaterThan(0);
  });
});

describe('the limits of the context', () => {
  test('256 tokens are read, 257 refused with both numbers', async () => {
    expect(api.models.current()).toMatchObject({ id: 'bookworm-9m', n_ctx: 256, d_vocab: 8192, source: 'built-in' });
    expect((await api.run({ ids: new Array<number>(256).fill(262) }, { logits: 'last' })).logits!.shape).toEqual([1, 8192]);
    await expect(api.run({ ids: new Array<number>(257).fill(262) })).rejects.toThrow(
      'has 257 tokens, 1 more than the 256 this model reads',
    );
  });

  test('a batch larger than one pass gives the numbers of its rows alone', async () => {
    // 40 rows of up to 120 tokens are 4 800, more than the 2 048 of one pass.
    const batch = Array.from({ length: 40 }, (_, r) => Array.from({ length: 120 - 2 * r }, (_, p) => (37 * r + 11 * p) % 8192));
    const hook = 'blocks.5.hook_resid_post';
    const { acts, logits, lengths } = await api.run({ batch }, { read: [hook], logits: 'last' });
    expect(lengths).toEqual(batch.map((ids) => ids.length));
    for (const r of [0, 1, 19, 20, 39]) {
      const alone = await api.run({ ids: batch[r] }, { read: [hook], logits: 'last' });
      const own = acts[hook].data.subarray(r * 120 * 256, (r + 1) * 120 * 256);
      expect(relativeToTolerance(own.subarray(0, batch[r].length * 256), alone.acts[hook].data, TOLERANCE)).toBeLessThanOrEqual(1);
      expect(own.subarray(batch[r].length * 256).every((x) => x === 0)).toBe(true);
      expect(relativeToTolerance(logits!.data.subarray(r * 8192, (r + 1) * 8192), alone.logits!.data, TOLERANCE)).toBeLessThanOrEqual(1);
    }
  });
});
