/** From what an index has kept to the record of one latent. */
import type { Band, Context, FeatureRecord, FiringToken, TokenCounts } from '../types.ts';
import { createColumns, NO_TOKEN, type ContextColumns } from './contextList.ts';
import { ExactSums, VALUE_UNIT } from './exactSum.ts';
import { shownHistogram, shownLogHistogram, LOG_BINS } from './fineHistogram.ts';
import { PLACES, type IndexState } from './indexState.ts';
import { createSampleColumns, type SampleColumns } from './sample.ts';
import { BEFORE, WINDOW } from './sizes.ts';
import { tagsOf } from './tags.ts';
import type { TokenColumns } from './tokenTable.ts';

/** How many of each are shown. */
const SHOWN = { firing: 200, top: 20, band: 5, random: 10, near: 10, commonest: 9 };
/** Shares of the firing values, by rank. */
const BANDS: readonly [number, number][] = [
  [0, 0.5],
  [0.5, 0.8],
  [0.8, 0.95],
  [0.95, 0.99],
  [0.99, 1],
];
/** Bins of `histogram` that make one of `by_bin`. */
const JOINED = 5;

/** The pairs of a table by latent. */
export class FiringTokens {
  readonly #columns: TokenColumns;
  readonly #inexact: ReadonlySet<number>;
  readonly #ends: Uint32Array;

  constructor(columns: TokenColumns, d_sae: number) {
    this.#columns = columns;
    this.#inexact = new Set(columns.inexact);
    this.#ends = new Uint32Array(d_sae + 1);
    for (const latent of columns.latents) this.#ends[latent + 1]++;
    for (let j = 0; j < d_sae; j++) this.#ends[j + 1] += this.#ends[j];
  }

  isExact(latent: number): boolean {
    return !this.#inexact.has(latent);
  }

  /** By sum, then by id. */
  of(latent: number): FiringToken[] {
    const { tokens, counts, largest } = this.#columns;
    const sums = new ExactSums(0, VALUE_UNIT, this.#columns);
    const found: FiringToken[] = [];
    for (let i = this.#ends[latent]; i < this.#ends[latent + 1]; i++) {
      found.push({ id: tokens[i], count: counts[i], sum: sums.value(i), max: largest[i] });
    }
    return found.sort((a, b) => b.sum - a.sum || a.id - b.id);
  }
}

/** @param firing of the same state */
export function recordOf(state: IndexState, firing: FiringTokens, latent: number): FeatureRecord {
  const { tokens } = state;
  const n = state.counts[latent];
  const maximum = n > 0 ? state.largest[latent] : 0;
  const mean = n > 0 ? state.sums.value(latent) / n : 0;
  const pairs = firing.of(latent);
  const sample = columnsOf(state.samples[latent]);
  const histogram = shownHistogram(state.fine, latent);
  const lists = { drawn: rowsOf(state.drawn[latent]), top: rowsOf(state.top[latent]), near: rowsOf(state.near[latent]) };
  const { shown, repeats } = withoutRepeats(lists.top, SHOWN.top);
  const record: FeatureRecord = {
    tokens,
    density: tokens > 0 ? n / tokens : 0,
    maximum,
    mean,
    variance: n > 0 ? Math.max(0, state.squares.value(latent) / n - mean * mean) : 0,
    histogram,
    log_histogram: shownLogHistogram(state.logs.subarray(latent * LOG_BINS, (latent + 1) * LOG_BINS)),
    firing: pairs.slice(0, SHOWN.firing),
    firing_tokens: pairs.length,
    firing_exact: firing.isExact(latent),
    by_bin: countByBin(sample, pairs, histogram.edges),
    by_bin_firings: sample.values.length,
    top: shown,
    bands: bandsOf(state, latent, sample, lists),
    random: lists.drawn.slice(0, SHOWN.random),
    near: nearOf(lists.near, new Set(pairs.map(({ id }) => id))),
    repeats,
    places: [...state.places.subarray(latent * PLACES, (latent + 1) * PLACES)],
    tags: [],
  };
  record.tags = tagsOf(record);
  return record;
}

function columnsOf(sample: { size: number; writeTo(to: SampleColumns, at: number): void }): SampleColumns {
  const columns = createSampleColumns(sample.size);
  sample.writeTo(columns, 0);
  return columns;
}

function rowsOf(list: { size: number; writeTo(to: ContextColumns, at: number): void }): Context[] {
  const columns = createColumns(list.size);
  list.writeTo(columns, 0);
  return Array.from({ length: list.size }, (_, i) => contextAt(columns, i));
}

function contextAt({ values, documents, positions, ids, around }: ContextColumns, i: number): Context {
  const window = ids.subarray(i * WINDOW, (i + 1) * WINDOW);
  const first = window.findIndex((id) => id !== NO_TOKEN);
  const end = window.findLastIndex((id) => id !== NO_TOKEN) + 1;
  return {
    document: documents[i],
    position: positions[i],
    ids: [...window.subarray(first, end)],
    at: BEFORE - first,
    values: [...around.subarray(i * WINDOW + first, i * WINDOW + end)],
    value: values[i],
  };
}

/** The first of each window of tokens, and how many others there were among these. */
function withoutRepeats(contexts: readonly Context[], most: number): { shown: Context[]; repeats: number } {
  const seen = new Set<string>();
  const different = contexts.filter(({ ids, at }) => {
    const key = `${at} ${ids.join(' ')}`;
    return !seen.has(key) && seen.add(key);
  });
  return { shown: different.slice(0, most), repeats: contexts.length - different.length };
}

/** The commonest tokens of all firings, counted in the sample. */
function countByBin({ tokens, values }: SampleColumns, pairs: readonly FiringToken[], edges: readonly number[]): TokenCounts[] {
  const bins = (edges.length - 1) / JOINED;
  const width = (edges[edges.length - 1] - edges[0]) / bins;
  const commonest = [...pairs].sort((a, b) => b.count - a.count || a.id - b.id).slice(0, SHOWN.commonest);
  const series = [...commonest.map(({ id }) => id), null].map((id) => ({ id, counts: new Array<number>(bins).fill(0) }));
  const byToken = new Map(series.map((one) => [one.id, one]));
  values.forEach((value, i) => {
    const bin = Math.floor((value - edges[0]) / width);
    (byToken.get(tokens[i]) ?? byToken.get(null)!).counts[bin]++;
  });
  return series;
}

/** Contexts of lowest hash with a value in each band; the index keeps some of lowest hash and those of highest value. */
function bandsOf(state: IndexState, latent: number, sample: SampleColumns, lists: { drawn: Context[]; top: Context[] }): Band[] {
  if (state.counts[latent] === 0) return [];
  const limit = limitsOf(state, latent, sample);
  const place = ({ document, position }: Context) => `${document} ${position}`;
  const known = new Set(lists.drawn.map(place));
  const candidates = [...lists.drawn, ...lists.top.filter((context) => !known.has(place(context)))];
  return BANDS.map(([low, high]) => {
    const [from, to] = [limit(low), limit(high)];
    const isIn = ({ value }: Context) => value >= from && (high === 1 || value < to);
    return { from, to, share: [low, high], contexts: candidates.filter(isIn).slice(0, SHOWN.band) };
  });
}

/** The value below which a share of the firings lies: exact while all of them are in the sample, else to a fine bin. */
function limitsOf({ counts, largest, fine }: IndexState, latent: number, { values }: SampleColumns): (share: number) => number {
  const n = counts[latent];
  const sorted = n === values.length ? values.slice().sort() : undefined;
  const row = fine.of(latent);
  const width = 2 ** fine.exponents[latent];
  const half = fine.isSigned ? fine.bins / 2 : 0;
  return (share) => {
    if (share === 1) return largest[latent];
    if (sorted) return share === 0 ? sorted[0] : sorted[Math.floor(share * n)];
    let below = 0;
    for (let b = 0; b < row.length; b++) {
      if (below + row[b] > share * n) return (b - half) * width;
      below += row[b];
    }
    return largest[latent];
  };
}

/** Half on tokens that it fires on elsewhere, half on others; where there are too few of one, more of the other. */
function nearOf(contexts: readonly Context[], firing: ReadonlySet<number>): Context[] {
  const on = contexts.filter(({ ids, at }) => firing.has(ids[at]));
  const off = contexts.filter(({ ids, at }) => !firing.has(ids[at]));
  const half = SHOWN.near / 2;
  const ofOn = Math.max(half, SHOWN.near - off.length);
  const ofOff = Math.max(half, SHOWN.near - on.length);
  return [...on.slice(0, ofOn), ...off.slice(0, ofOff)].sort((a, b) => b.value - a.value);
}
