/**
 * Features that the paper names (Cunningham et al. 2023, section 5.1 and figure 4), found in the indices that ship: those
 * for a full stop, " the", a newline, a comma, an apostrophe, an opening bracket; and what taking the apostrophe's out does.
 * docs/case-studies.md shows them.
 */
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { probabilities } from '../../src/core/interp/effects.ts';
import { openIndex, type OpenIndex } from '../../src/core/interp/featureIndex/indexFile.ts';
import type { FeatureRecord } from '../../src/core/interp/types.ts';
import { createTokenizer, type Tokenizer } from '../../src/engine/model/tokenizer.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { runCandidates } from '../../src/engine/study/candidates.ts';
import { openShipped } from '../helpers/candidates.ts';

const PUBLIC = resolve(import.meta.dirname, '../../public');

/** Alone, after a letter and after a space. */
const APOSTROPHES = ["'", " '"];
/** What in Moby Dick often follows it: ’em, d’ye, ’tis, o’clock. */
const RESTS = ['em', 'ye', 'tis', 'clock'];
/** Of the token that a feature fires on most; those below are not looked at. */
const LEAST_SHARE = 0.15;
/** Of Moby Dick, as in the indices; and of each context, which ends with an apostrophe. */
const TOKENS = 100_000;
const CONTEXT = 16;

interface Listed {
  id: string;
  path: string;
  index?: { path: string; bytes: number };
}

const listed = (JSON.parse(readFileSync(join(PUBLIC, 'dictionaries/index.json'), 'utf8')) as Listed[]).filter(({ index }) => index);
const indices: { id: string; index: OpenIndex }[] = [];
let tokenizer: Tokenizer;

beforeAll(async () => {
  const read = (name: string) => readFileSync(join(PUBLIC, 'models/bookworm-9m', name), 'utf8');
  tokenizer = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
  for (const { id, index } of listed) {
    indices.push({ id, index: await openIndex(new Blob([readFileSync(join(PUBLIC, index!.path))])) });
  }
});

it('ships with an index of every residual dictionary, of at most a megabyte each', () => {
  expect(listed.map(({ id }) => id).filter((id) => id.includes('hook_resid_post/r4'))).toHaveLength(12);
  for (const { index } of listed) expect(index!.bytes).toBeLessThanOrEqual(2 ** 20);
});

/** Share of the firings above half of the maximum that are on these tokens. */
function shareAbove({ by_bin, histogram, maximum }: FeatureRecord, ids: ReadonlySet<number>): number {
  const edges = histogram.edges.filter((_, i) => i % 5 === 0);
  const bins = [...edges.keys()].filter((b) => b < 10 && edges[b] >= maximum / 2 - 1e-9);
  const sum = (series: FeatureRecord['by_bin']) => series.reduce((all, { counts }) => all + bins.reduce((n, b) => n + counts[b], 0), 0);
  const all = sum(by_bin);
  return all > 0 ? sum(by_bin.filter(({ id }) => id !== null && ids.has(id))) / all : 0;
}

interface Found {
  id: string;
  latent: number;
  share: number;
  density: number;
}

const idsOf = (texts: readonly string[]) =>
  new Set(
    texts
      .map((text) => tokenizer.encode(text))
      .filter((some) => some.length === 1)
      .map(([id]) => id),
  );

/** Features with over 80 % of what lies above half of their maximum on these tokens. */
async function featuresOn(ids: ReadonlySet<number>): Promise<Found[]> {
  const found: Found[] = [];
  for (const { id, index } of indices) {
    const { token, share, density } = index.summary;
    for (let latent = 0; latent < token.length; latent++) {
      if (!ids.has(token[latent]) || share[latent] < LEAST_SHARE || density[latent] * index.summary.tokens < 20) continue;
      const above = shareAbove(await index.record(latent), ids);
      if (above > 0.8) found.push({ id, latent, share: above, density: density[latent] });
    }
  }
  if (process.env.FEATURESCOPE_FOUND) console.log(found.toSorted((a, b) => b.density - a.density).slice(0, 12));
  return found;
}

it.each([
  ['a full stop', ['.']],
  ['" the"', [' the']],
  ['a newline', ['\n', '\n\n']],
  ['a comma', [',']],
  // This tokenizer joins an apostrophe with what follows it in a contraction.
  ['an apostrophe in a contraction', ["'s", "'t", "'ll", "'ve", "'re", "'d", "'m"]],
  ['an apostrophe', APOSTROPHES],
  ['an opening bracket', ['(', ' (']],
])('has a feature for %s: over 80 %% of what lies above half of its maximum is on that token', async (_, texts) => {
  const ids = idsOf(texts);
  expect(ids.size).toBeGreaterThan(0);
  expect((await featuresOn(ids)).length).toBeGreaterThan(0);
});

describe('an apostrophe within a word', () => {
  let contexts: number[][];
  let nexts: number[];
  beforeAll(() => {
    const ids = tokenizer.encode(readFileSync(join(PUBLIC, 'corpora/moby-dick.txt'), 'utf8')).slice(0, TOKENS);
    const apostrophes = idsOf(APOSTROPHES);
    const ends = [...ids.keys()].filter(
      (p) => p >= CONTEXT && p + 1 < TOKENS && apostrophes.has(ids[p]) && /^[a-z]+$/.test(tokenizer.token(ids[p + 1])),
    );
    contexts = ends.map((p) => ids.slice(p + 1 - CONTEXT, p + 1));
    nexts = ends.map((p) => ids[p + 1]);
  });

  it('stands before `em`, `ye`, `tis`, `clock`: contractions are tokens with their apostrophe', () => {
    expect(nexts.length).toBeGreaterThan(80);
    const words = nexts.map((id) => tokenizer.token(id));
    for (const word of RESTS) expect(words).toContain(word);
    const ends = ['s', 't', 'll', 've', 're', 'd', 'm'];
    for (const end of ends) expect(tokenizer.encode(`x'${end}`)).toHaveLength(2);
    expect(words.filter((word) => ends.includes(word)).length).toBeLessThan(0.03 * words.length);
  });

  it('has features that, taken out, lower what follows more than any of 20 features of equal density', async () => {
    const pure = (await featuresOn(idsOf(APOSTROPHES))).filter(({ share }) => share > 0.95);
    expect(pure.length).toBeGreaterThan(0);
    for (const { id, latent } of pure) {
      const controls = nearestDensities(id, latent).slice(0, 20);
      const [own, ...others] = await lowered(id, [latent, ...controls], { contexts, nexts });
      const means = others.map(mean);
      if (process.env.FEATURESCOPE_FOUND) console.log(id, latent, mean(own), means);
      expect(means).toHaveLength(20);
      expect(mean(own)).toBeGreaterThan(0.1);
      expect(mean(own)).toBeGreaterThan(20 * Math.max(...means));
      for (const word of RESTS) expect(mean(own.filter((_, c) => tokenizer.token(nexts[c]) === word)), word).toBeGreaterThan(0.02);
    }
  }, 240_000);
});

const mean = (deltas: Float64Array) => deltas.reduce((a, b) => a + b, 0) / deltas.length;

/** All other features of a dictionary, that of nearest density first. */
function nearestDensities(id: string, latent: number): number[] {
  const { density } = indices.find((one) => one.id === id)!.index.summary;
  const away = (j: number) => Math.abs(density[j] - density[latent]);
  return [...density.keys()].filter((j) => j !== latent).sort((a, b) => away(a) - away(b) || a - b);
}

/**
 * ln p(next) as it is minus what it is without the latent, which is taken out of the whole context.
 * @returns one for each latent. [contexts]
 */
async function lowered(id: string, latents: readonly number[], { contexts, nexts }: { contexts: number[][]; nexts: number[] }) {
  const folder = basename(listed.find((one) => one.id === id)!.path);
  const dictionaries = await openShipped(folder);
  const { model } = await openModelFolder(createRuntime(1), join(PUBLIC, 'models/bookworm-9m'));
  const clean = new Float64Array(contexts.length);
  const deltas = latents.map(() => new Float64Array(contexts.length));
  const scratch = new Float64Array(model.config.d_vocab);
  const logprob = (logits: Float32Array, context: number) => logits[nexts[context]] - probabilities(logits, scratch);
  await runCandidates({
    model,
    engine: createEngine(),
    dictionaries,
    contexts,
    candidates: latents.map((latent) => [{ dictionary: folder, latent, op: 'ablate' }]),
    logits: 'last',
    onClean: (context, { logits }) => (clean[context] = logprob(logits!.data, context)),
    onResult: ({ candidate, context, ran, logits }) => {
      if (ran) deltas[candidate][context] = clean[context] - logprob(logits!.data, context);
    },
  });
  await model.release();
  return deltas;
}
