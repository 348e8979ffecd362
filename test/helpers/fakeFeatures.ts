/** A FeaturesApi with made-up but repeatable numbers: feature 0 is clean, 1 dense, 2 dead, 3 signed, others by their number. */
import type {
  Context,
  Effects,
  FeatureRecord,
  FeaturesApi,
  IndexInfo,
  IndexSummary,
  LatentWeights,
  Neighbours,
} from '../../src/api/features.ts';
import { EffectSums } from '../../src/core/interp/effects.ts';
import { tagsOf } from '../../src/core/interp/featureIndex/tags.ts';
import { noise } from './fakeApi.ts';
import { fakeDictionaries } from './fakeDictionaries.ts';

export const FAKE_CORPUS = 'moby-dick';
const D_SAE = 1024;
const TOKENS = 100_000;
/** Ids that the fake api has words for. */
const FIRST_ID = 10;
const IDS = 45;

export interface FakeFeaturesOptions {
  /** Dictionaries that have an index. */
  indexed?: string[];
  /** Each call waits this long. */
  delayMs?: number;
  fail?: Partial<Record<'feature' | 'effects' | 'weights' | 'neighbours' | 'build' | 'list' | 'make', string>>;
}

export interface FakeFeatures extends FeaturesApi {
  calls: string[];
}

export function fakeIndex(dictionary: string, tokens = TOKENS): IndexInfo {
  return { dictionary, corpus: FAKE_CORPUS, tokens, total: TOKENS, bytes: 9_000_000, made: 1, source: 'made' };
}

export function fakeContext(seed: number, value: number, floor = 0): Context {
  const ids = Array.from({ length: 25 }, (_, i) => FIRST_ID + Math.floor(noise(seed + 0.37, i) * IDS));
  const at = 16;
  ids[at] = FIRST_ID + (seed % 3);
  const values = ids.map((_, i) => (i === at ? value : noise(i, seed) > 0.85 ? Math.max(floor, value * noise(i, 2) * 0.6) : 0));
  return { document: seed % 40, position: 20 + seed, ids, at, values, value };
}

function valuesOf(latent: number, n: number): number[] {
  return Array.from(
    { length: n },
    (_, i) => (latent === 3 && i % 4 === 0 ? -1 : 1) * 0.05 + (noise(i, latent) ** 2 * 6 - (latent === 3 ? 2 : 0)),
  );
}

export function fakeRecord(latent: number, tokens = TOKENS): FeatureRecord {
  const n = latent === 2 ? 0 : Math.round(tokens * (latent === 1 ? 0.31 : 0.004 / (1 + (latent % 7))));
  const values = valuesOf(latent, n);
  const maximum = n > 0 ? values.reduce((a, b) => Math.max(a, b)) : 0;
  const low = Math.min(0, n > 0 ? values.reduce((a, b) => Math.min(a, b)) : 0);
  const width = (maximum * 1.0001 - low || 1) / 50;
  const edges = Array.from({ length: 51 }, (_, i) => low + i * width);
  const binOf = (value: number, bins: number) => Math.min(bins - 1, Math.floor(((value - low) / (width * 50)) * bins));
  const counts = new Array<number>(50).fill(0);
  for (const value of values) counts[binOf(value, 50)]++;
  const spread = latent === 1 ? 40 : 12;
  const idOf = (i: number) => FIRST_ID + Math.floor(noise(i, latent + 7) ** (latent === 1 ? 1 : 5) * spread);
  const firing = new Map<number, { id: number; count: number; sum: number; max: number }>();
  values.forEach((value, i) => {
    const one = firing.get(idOf(i)) ?? { id: idOf(i), count: 0, sum: 0, max: 0 };
    firing.set(one.id, { ...one, count: one.count + 1, sum: one.sum + value, max: Math.max(one.max, value) });
  });
  const pairs = [...firing.values()].sort((a, b) => b.sum - a.sum);
  const commonest = [...pairs].sort((a, b) => b.count - a.count).slice(0, 9);
  const by_bin = [...commonest.map(({ id }) => id as number | null), null].map((id) => ({ id, counts: new Array<number>(10).fill(0) }));
  values.forEach((value, i) => (by_bin.find(({ id }) => id === idOf(i)) ?? by_bin[by_bin.length - 1]).counts[binOf(value, 10)]++);
  const sorted = [...values].sort((a, b) => b - a);
  const context = (rank: number) => fakeContext(latent * 97 + rank, sorted[rank], low);
  const ranks = (from: number, to: number, most: number) =>
    [...new Set(Array.from({ length: Math.min(most, Math.max(0, to - from)) }, (_, i) => Math.floor(from + (i * (to - from)) / most)))].map(
      context,
    );
  const shares: [number, number][] = [
    [0, 0.5],
    [0.5, 0.8],
    [0.8, 0.95],
    [0.95, 0.99],
    [0.99, 1],
  ];
  const rankAt = (share: number) => Math.min(n - 1, Math.max(0, Math.floor((1 - share) * n)));
  const mean = n > 0 ? values.reduce((a, b) => a + b, 0) / n : 0;
  const record: FeatureRecord = {
    tokens,
    density: n / tokens,
    maximum,
    mean,
    variance: n > 0 ? values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n : 0,
    histogram: { edges, counts },
    log_histogram: { edges: [0.1, 1, 10], counts: [0, n] },
    firing: pairs.slice(0, 200),
    firing_tokens: pairs.length,
    firing_exact: true,
    by_bin,
    by_bin_firings: n,
    top: ranks(0, Math.min(n, 20), 20),
    bands:
      n === 0
        ? []
        : shares.map((share) => ({
            from: sorted[rankAt(share[0])],
            to: sorted[rankAt(share[1])],
            share,
            contexts: ranks(rankAt(share[1]), rankAt(share[0]), 5),
          })),
    random: ranks(0, n, 10),
    near: Array.from({ length: 10 }, (_, i) => ({ ...fakeContext(500 + i, 0), value: -0.02 * (i + 1) })),
    repeats: latent === 0 ? 3 : 0,
    places: n > 0 ? [1, 0, 1, 2, 4, 8, 16, Math.max(0, n - 32)] : new Array<number>(8).fill(0),
    tags: [],
  };
  return { ...record, tags: tagsOf(record) };
}

/** Changes that thin out with their size; those of a feature are larger than those of a control. */
export function fakeEffects(latent: number, positions: number): Effects {
  const next = Uint32Array.from({ length: positions }, (_, p) => FIRST_ID + Math.floor(noise(p, 3) ** 2 * IDS));
  const figures = (seed: number, size: number) => {
    const sums = new EffectSums(positions);
    for (let p = 0; p < positions; p++) {
      const change = noise(p, seed) > 0.95 ? size * noise(p, seed + 1) ** 3 : 0;
      sums.add(p, noise(p, 9) > 0.7 ? -change : change, change / 3);
    }
    return sums.finish(next, 0.1);
  };
  return {
    positions,
    loss_clean: 3.9,
    loss_ablated: 3.91,
    next,
    threshold: 0.1,
    seed: 0,
    ...figures(latent, 6),
    controls: [
      { kind: 'latent', latent: 77, ...figures(latent + 20, 1) },
      { kind: 'direction', ...figures(latent + 40, 0.2) },
    ],
  };
}

function fakeWeights(latent: number, k: number): LatentWeights {
  const tokens = (sign: number) =>
    Array.from({ length: k }, (_, i) => ({ id: FIRST_ID + ((latent + i * 3) % IDS), value: sign * (3 - i * 0.2) }));
  const edges = Array.from({ length: 51 }, (_, i) => -3 + i * 0.12);
  const counts = edges.slice(1).map((edge) => Math.round(900 * Math.exp(-2 * edge * edge)));
  return {
    writes: { top: tokens(1), bottom: tokens(-1), histogram: { edges, counts } },
    reads: { top: tokens(0.5), bottom: tokens(-0.5) },
  };
}

function fakeNeighbours(latent: number, k: number, elsewhere: string[], counted: boolean): Neighbours {
  const near = Array.from({ length: k }, (_, i) => ({ latent: (latent + 11 * (i + 1)) % D_SAE, value: 0.8 - i * 0.06 }));
  return {
    cosine: near,
    ...(counted && { together: near.map((one) => ({ latent: one.latent, jaccard: one.value / 2, correlation: one.value / 3 })) }),
    ...(elsewhere.length > 0 && { elsewhere: elsewhere.map((dictionary) => ({ dictionary, latent: 5, value: 0.9, back: latent })) }),
    ...(elsewhere.length > 0 &&
      counted && { alike: elsewhere.map((dictionary, i) => ({ dictionary, latent: 7 + i, correlation: 0.5 - i / 4, cosine: 0.1 })) }),
  };
}

export function fakeSummary(dictionary: string): IndexSummary {
  const density = Float32Array.from({ length: D_SAE }, (_, j) => (j === 2 ? 0 : j === 1 ? 0.31 : 0.004 / (1 + (j % 7))));
  return {
    dictionary,
    corpus: FAKE_CORPUS,
    tokens: TOKENS,
    short: false,
    density,
    maximum: density.map(() => 6),
    token: Int32Array.from(density, (d, j) => (d > 0 ? FIRST_ID + (j % IDS) : -1)),
    share: density.map(() => 0.5),
    entropy: density.map(() => 2),
    tags: Array.from(density, () => []),
  };
}

export function fakeFeatures({ indexed = [], delayMs = 0, fail = {} }: FakeFeaturesOptions = {}): FakeFeatures {
  const calls: string[] = [];
  let list = indexed.map((dictionary) => fakeIndex(dictionary));
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  const wait = (call: keyof typeof fail, words: string | number, signal?: AbortSignal) => {
    calls.push(`${call} ${words}`);
    return new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        calls.push(`stopped ${call} ${words}`);
        reject(new DOMException('Stopped on request.', 'AbortError'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        if (fail[call]) reject(new Error(fail[call]));
        else resolve();
      }, delayMs);
      signal?.addEventListener('abort', stop);
    });
  };
  /** Tokens of an index that is being made. */
  let being = 0;
  const add = (dictionary: string, tokens: number) => {
    list = [...list.filter((one) => one.dictionary !== dictionary), fakeIndex(dictionary, tokens)];
    tell();
  };
  const elsewhere = () => Promise.reject(new Error('The fake does not do that.'));
  return {
    calls,
    baselines: {
      async make({ kind, hook }, { onProgress, signal } = {}) {
        await wait('make', kind, signal);
        onProgress?.({ done: 1, total: 2, message: 'Read 2 of 4 tokens' });
        const made = { ...fakeDictionaries(true)[0], id: `${kind} of ${hook}`, label: `${kind} of ${hook}`, hook, architecture: kind };
        return { ...made, d_sae: 16, source: 'files' };
      },
    },
    index: {
      async build(dictionaries, { tokens = TOKENS, onProgress, signal } = {}) {
        for (let done = tokens / 4; done <= tokens; done += tokens / 4) {
          await wait('build', done, signal);
          being = done;
          onProgress?.({ done, total: tokens, message: 'Reading the text' });
        }
        for (const dictionary of [dictionaries].flat()) add(dictionary, TOKENS);
        return list;
      },
      async list() {
        await wait('list', '');
        return list;
      },
      remove: elsewhere,
      async feature(dictionary, latent) {
        const tokens = list.find((one) => one.dictionary === dictionary)?.tokens ?? being;
        await wait('feature', latent);
        if (tokens === 0) throw new Error('There is no index of it.');
        return fakeRecord(latent, tokens);
      },
      summary: (dictionary) => Promise.resolve(list.some((one) => one.dictionary === dictionary) ? fakeSummary(dictionary) : null),
      names: (dictionary) =>
        Promise.resolve(
          list.some((one) => one.dictionary === dictionary) ? [{ latent: 11, kind: 'class', words: 'digits after “$”', share: 0.85 }] : [],
        ),
      import: elsewhere,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    report: () => Promise.reject(new Error('No report is made here.')),
    async effects(_, latent, on = {}, { onProgress, signal } = {}) {
      await wait('effects', `${latent} ${'text' in on ? 'text' : 'corpus'}`, signal);
      if (!('text' in on)) {
        onProgress?.({ done: 10_000, total: 20_000 });
        await wait('effects', `${latent} second half`, signal);
        return fakeEffects(latent, 20_000);
      }
      return { ...fakeEffects(latent, 4), per_position: [{ delta: [0, 0.5, -0.9, 0.1], kl: [0, 0.2, 0.4, 0.1], value: [0, 1, 2, 0] }] };
    },
    async weights(_, latent, { k = 10, signal } = {}) {
      await wait('weights', latent, signal);
      return fakeWeights(latent, k);
    },
    async neighbours(_, latent, { k = 10, elsewhere: others = [], tokens, signal } = {}) {
      await wait('neighbours', latent, signal);
      return fakeNeighbours(latent, k, others, tokens !== undefined);
    },
    rule: elsewhere,
  };
}
