/**
 * Many candidate edits in one batched continuation: every number is that of a run of its own. FEATURESCOPE_CANDIDATES=full
 * tries 2,000 candidates in 10 contexts, as a study would.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { run } from '../../src/engine/model/run.ts';
import type { Feeds, Session } from '../../src/engine/model/runtime.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import {
  runCandidates,
  type BatchReport,
  type CandidateResult,
  type CandidatesCost,
  type CandidatesJob,
} from '../../src/engine/study/candidates.ts';
import { BLOCK_2, BLOCK_3, editsOf, manyCandidates, openShipped, randomTexts } from '../helpers/candidates.ts';

const MODEL = join(import.meta.dirname, '../../public/models/bookworm-9m');
const IS_FULL = process.env.FEATURESCOPE_CANDIDATES === 'full';
const CANDIDATES = IS_FULL ? 2000 : 40;
const CONTEXTS = 10;
const READ = ['blocks.4.hook_resid_post', 'blocks.3.mlp.hook_post', 'blocks.2.hook_attn_out'];

let model: HookedModel;
let engine: SaeEngine;
let dictionaries: Map<string, Dictionary>;

beforeAll(async () => {
  ({ model } = await openModelFolder(createRuntime(1), MODEL));
  engine = createEngine();
  dictionaries = await openShipped(BLOCK_2, BLOCK_3);
});
afterAll(() => model.release());

/** FNV-1a over the bits, so that equal numbers and nothing else compare equal without keeping them. */
function digest(arrays: readonly (Float32Array | undefined)[]): string {
  let hash = 0x811c9dc5;
  for (const array of arrays) {
    if (!array) continue;
    const bits = new Uint32Array(array.buffer, array.byteOffset, array.length);
    for (const word of bits) hash = Math.imul(hash ^ word, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

async function collect(job: Partial<CandidatesJob> & Pick<CandidatesJob, 'contexts' | 'candidates'>) {
  const results = new Map<string, { digest: string; ran: boolean }>();
  const batches: BatchReport[] = [];
  const onResult = ({ candidate, context, ran, acts, logits }: CandidateResult) => {
    const key = `${candidate} in ${context}`;
    expect(results.has(key)).toBe(false);
    results.set(key, { digest: digest([...READ.map((hook) => acts[hook].data), logits?.data]), ran });
  };
  const read = READ.map((hook, i) => ({ hook, positions: i === 1 ? [2, 0] : ('last' as const) }));
  const cost = await runCandidates({
    model,
    engine,
    dictionaries,
    read,
    logits: 'last',
    onResult,
    onBatch: (b) => batches.push(b),
    ...job,
  });
  return { results, cost, batches };
}

/** A run of its own for each candidate in each context. */
async function oneByOne({ contexts, candidates }: Pick<CandidatesJob, 'contexts' | 'candidates'>): Promise<Map<string, string>> {
  const wanted = new Map<string, string>();
  for (const [context, ids] of contexts.entries()) {
    for (const [index, candidate] of candidates.entries()) {
      const edits = editsOf(candidate, context);
      const { acts, logits } = await run(
        model,
        { ids: [[...ids]], isBatch: false },
        { read: READ, edits, logits: 'last', dictionaries, engine },
      );
      const at = (hook: string, p: number) => {
        const { data } = acts[hook];
        const F = data.length / ids.length;
        return data.subarray(p * F, (p + 1) * F);
      };
      const last = ids.length - 1;
      const values = [at(READ[0], last), at(READ[1], 2), at(READ[1], 0), at(READ[2], last), logits!.data];
      wanted.set(`${index} in ${context}`, digest(values));
    }
  }
  return wanted;
}

const differing = (wanted: Map<string, string>, results: Map<string, { digest: string }>) =>
  [...wanted].filter(([key, value]) => results.get(key)?.digest !== value).map(([key]) => key);

describe('candidates at block 2', () => {
  let job: Pick<CandidatesJob, 'contexts' | 'candidates'>;
  let wanted: Map<string, string>;
  beforeAll(async () => {
    // Few lengths, so that rows of one shape come together; one text is shorter than a step of the prefix.
    const contexts = randomTexts(5, CONTEXTS, [12, 24, 24, 19, 5], model.config.d_vocab);
    job = { contexts, candidates: manyCandidates(6, CANDIDATES, contexts) };
    wanted = await oneByOne(job);
  }, 3_600_000);

  test.each([1, 7, 64])(
    'in batches of %d equal runs of their own, bit for bit',
    async (batchSize) => {
      const started = performance.now();
      const { results, cost, batches } = await collect({ ...job, batchSize });
      const seconds = (performance.now() - started) / 1000;
      if (IS_FULL) process.stdout.write(`${batchSize}: ${cost.rows} of ${cost.pairs} rows in ${seconds.toFixed(1)} s\n`);
      expect(results.size).toBe(CANDIDATES * CONTEXTS);
      expect(differing(wanted, results)).toEqual([]);
      expect(Math.max(...batches.map((b) => b.rows))).toBe(batchSize);
      expect(cost.rows).toBe([...results.values()].filter(({ ran }) => ran).length);
      expect(cost.rows).toBeLessThan(0.75 * cost.pairs);
    },
    3_600_000,
  );

  test('without shared prefixes they are the same numbers', async () => {
    const { results, cost, batches } = await collect({ ...job, sharePrefix: false });
    expect(differing(wanted, results)).toEqual([]);
    expect(batches.every(({ past }) => past === 0)).toBe(true);
    expect((await collect(job)).cost.tokens).toBeLessThan(cost.tokens);
  }, 600_000);

  test('rows that are not run have the clean values', async () => {
    const clean = await oneByOne({ ...job, candidates: [[]] });
    const { results } = await collect(job);
    for (const [key, { digest, ran }] of results) if (!ran) expect(digest).toBe(clean.get(`0 in ${key.split(' ')[2]}`));
  }, 600_000);
});

describe('bounds', () => {
  const texts = randomTexts(8, 6, [40, 33], 8000);

  test('what is held stays under the bound by count, and the count covers what goes in and out of every call', async () => {
    const memoryBytes = 24 * 2 ** 20;
    const candidates = manyCandidates(9, 16, texts);
    const { counted, most } = countingModel(model);
    const batches: (BatchReport & { crossed: number })[] = [];
    const onBatch = (batch: BatchReport) => batches.push({ ...batch, crossed: most() });
    const { results } = await collect({ model: counted, contexts: texts, candidates, memoryBytes, logits: 'all', onBatch });
    expect(results.size).toBe(96);
    expect(batches.length).toBeGreaterThan(10);
    for (const { bytes, crossed } of batches) {
      expect(bytes).toBeLessThanOrEqual(memoryBytes);
      expect(crossed).toBeLessThanOrEqual(bytes);
    }
    const roomy = await collect({ contexts: texts, candidates, logits: 'all' });
    expect(roomy.cost.batches).toBeLessThan(batches.length);
    expect([...roomy.results].map(([key, { digest }]) => [key, digest]).toSorted()).toEqual(
      [...results].map(([key, { digest }]) => [key, digest]).toSorted(),
    );
  });

  test('a stop is heard within 200 ms', { retry: 2 }, async () => {
    const long = randomTexts(10, 4, [256], 8000);
    const stop = { aborted: false };
    let stopped = 0;
    const pending = collect({ contexts: long, candidates: manyCandidates(11, 300, long), stop }).then(
      () => 'finished',
      (error: Error) => error.name,
    );
    setTimeout(() => {
      stop.aborted = true;
      stopped = performance.now();
    }, 700);
    expect(await pending).toBe('AbortError');
    expect(performance.now() - stopped).toBeLessThan(200);
  });

  test('refuses in sentences, before anything is computed', async () => {
    const bad = (job: Partial<CandidatesJob>) =>
      expect(collect({ contexts: texts, candidates: [[{ dictionary: BLOCK_2, latent: 1, op: 'ablate' }]], ...job })).rejects;
    await bad({ contexts: [[]] }).toThrow(/has no tokens/);
    await bad({ candidates: [[], [{ dictionary: 'nope', latent: 1, op: 'ablate' }]] }).toThrow(
      'Candidate 1 in context 0: Edit 1 of 1: there is no dictionary called "nope" here.',
    );
    await bad({ candidates: [[{ hook: 'hook_embed', op: 'scale', factor: 0, positions: [35] }]] }).toThrow(
      /Candidate 0 in context 1: .*has 33 tokens/,
    );
    await bad({ batchSize: 0 }).toThrow(/`batchSize` must be/);
    await bad({ memoryBytes: NaN }).toThrow(/`memoryBytes` must be/);
    await bad({ memoryBytes: 1e6 }).toThrow(/takes .* MiB, but .* MiB of the bound are left/);
    await bad({ read: [], logits: 'none' }).toThrow(/Nothing is asked for/);
    await bad({ read: [{ hook: 'blocks.0.attn.hook_pattern' }] }).toThrow(/cannot be read here/);
    await bad({ logits: [33] }).toThrow(/position 33, but a text has 33 tokens/);
  });
});

test('edits of the embedding and of the last residual, the final norm, and a context per row of edits', async () => {
  const contexts = randomTexts(12, 3, [9], 8000);
  const vector = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
  const NORM = 'ln_final.hook_normalized';
  const candidates: CandidatesJob['candidates'] = [
    [{ hook: 'hook_embed', op: 'add', vector, positions: [8] }],
    [{ hook: 'blocks.5.hook_resid_post', op: 'scale', factor: 2, positions: [4] }],
    [{ hook: 'blocks.0.hook_resid_pre', op: 'add', vector, rows: [] }],
    (context) => (context === 1 ? [{ hook: 'blocks.5.attn.hook_pattern', op: 'scale', factor: 0.5, positions: [8] }] : []),
  ];
  const seen: (CandidateResult & { norm: Float32Array; data: Float32Array })[] = [];
  const cost: CandidatesCost = await runCandidates({
    model,
    contexts,
    candidates,
    read: [{ hook: NORM, positions: [8, 4] }],
    logits: [4, 8],
    onResult: (r) => seen.push({ ...r, norm: r.acts[NORM].data.slice(), data: r.logits!.data.slice() }),
  });
  expect(cost.rows).toBe(7);
  expect(seen).toHaveLength(12);
  for (const { candidate, context, norm, data } of seen) {
    const wanted = await run(
      model,
      { ids: [contexts[context]], isBatch: false },
      { edits: editsOf(candidates[candidate], context), read: [NORM], logits: [4, 8] },
    );
    const at = (p: number) => [...wanted.acts[NORM].data.subarray(p * 256, (p + 1) * 256)];
    expect([...norm]).toEqual([...at(8), ...at(4)]);
    expect(data).toEqual(wanted.logits!.data);
  }
});

/** The model with every call's inputs and outputs counted; `most` gives the largest since it was asked last. */
function countingModel(whole: HookedModel): { counted: HookedModel; most: () => number } {
  let largest = 0;
  const bytes = (tensors: Feeds) => Object.values(tensors).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
  const count = (session: Session): Session => ({
    ...session,
    async run(feeds, fetches) {
      const out = await session.run(feeds, fetches);
      largest = Math.max(largest, bytes(feeds) + bytes(out));
      return out;
    },
  });
  const counted = { ...whole, blocks: whole.blocks.map(count), finalNorm: count(whole.finalNorm), unembed: count(whole.unembed) };
  return {
    counted,
    most() {
      const found = largest;
      largest = 0;
      return found;
    },
  };
}
