/** Which features fire on a text: sparse rows turned about, ranked, laid out token by token. */
import type { DictionaryInfo, Latents } from '../../api/dictionaries.ts';
import type { ModelInfo } from '../../api/model.ts';
import { lowerBound } from './bisect.ts';
import { atOnce } from '../shared/timeSlices.ts';
import { hookParts } from '../shared/hooks.ts';
import { variantOf } from './dictionaryMap.ts';

/** What a latent does on one text. */
export interface FeatureRow {
  latent: number;
  max: number;
  /** Position of the maximum, the first of equals. */
  peak: number;
  sum: number;
  /** Tokens on which it fires. */
  count: number;
}

/** The entries of `Latents` by latent instead of by token. Row r owns entries offsets[r] … offsets[r + 1]. */
export interface FeatureIndex {
  tokens: number;
  d_sae: number;
  /** Latents that fire at all, by rising number. */
  rows: readonly FeatureRow[];
  offsets: Uint32Array;
  /** Rising within a row. */
  positions: Uint32Array;
  values: Float32Array;
  /** Latents that fire at each token. [tokens] */
  active: Uint32Array;
  /** Place in `rows` by latent. */
  places: ReadonlyMap<number, number>;
}

/** Latents of the tokens from `first` on. */
export interface IndexPart {
  first: number;
  latents: Pick<Latents, 'rows' | 'latents' | 'values'>;
}

export function indexFeatures(latents: Latents): FeatureIndex {
  return atOnce(indexing([{ first: 0, latents }], latents.rows.length - 1, latents.d_sae));
}

/** Latents summed up between two pauses. */
const ROWS_A_STEP = 256;

/**
 * Makes the index of a text of which parts are known, one step between two yields: a million entries take longer than
 * a frame.
 * @param parts in the order of the text
 * @param tokens of the whole text
 */
export function* indexing(parts: readonly IndexPart[], tokens: number, d_sae: number): Generator<undefined, FeatureIndex> {
  const counts = new Uint32Array(d_sae + 1);
  for (const part of parts) {
    const { latents } = part.latents;
    for (let e = 0; e < latents.length; e++) counts[latents[e] + 1]++;
    yield;
  }
  const starts = counts.slice();
  for (let latent = 0; latent < d_sae; latent++) starts[latent + 1] += starts[latent];
  const positions = new Uint32Array(starts[d_sae]);
  const values = new Float32Array(starts[d_sae]);
  const active = new Uint32Array(tokens);
  const next = starts.slice();
  for (const part of parts) {
    place(part, next, positions, values, active);
    yield;
  }
  const rows: FeatureRow[] = [];
  const offsets: number[] = [0];
  for (let latent = 0; latent < d_sae; latent++) {
    if (latent % ROWS_A_STEP === 0) yield;
    if (counts[latent + 1] === 0) continue;
    rows.push(summary(latent, starts[latent], starts[latent + 1], positions, values));
    offsets.push(starts[latent + 1]);
  }
  const places = new Map(rows.map((row, i) => [row.latent, i]));
  return { tokens, d_sae, rows, offsets: Uint32Array.from(offsets), positions, values, active, places };
}

function place({ first, latents }: IndexPart, next: Uint32Array, positions: Uint32Array, values: Float32Array, active: Uint32Array): void {
  const { rows } = latents;
  for (let r = 0; r + 1 < rows.length; r++) {
    active[first + r] = rows[r + 1] - rows[r];
    for (let e = rows[r]; e < rows[r + 1]; e++) {
      const to = next[latents.latents[e]]++;
      positions[to] = first + r;
      values[to] = latents.values[e];
    }
  }
}

function summary(latent: number, from: number, to: number, positions: Uint32Array, values: Float32Array): FeatureRow {
  let best = from;
  let sum = 0;
  for (let e = from; e < to; e++) {
    sum += values[e];
    if (values[e] > values[best]) best = e;
  }
  return { latent, max: values[best], peak: positions[best], sum, count: to - from };
}

/** A latent's value at every token, zeros included. [tokens] */
export function featureSeries(index: FeatureIndex, latent: number): Float32Array {
  const series = new Float32Array(index.tokens);
  const place = index.places.get(latent);
  if (place === undefined) return series;
  for (let e = index.offsets[place]; e < index.offsets[place + 1]; e++) series[index.positions[e]] = index.values[e];
  return series;
}

/**
 * A latent's values in at most `most` bars of equal width, each the largest value of its tokens; a bar a token where
 * they fit. A picture a few hundred pixels wide shows no more of 20,000 tokens.
 */
export function binnedSeries(index: FeatureIndex, latent: number, most: number, skipped?: ReadonlySet<number>): Float32Array {
  const bins = Math.min(index.tokens, most);
  const series = new Float32Array(bins);
  const place = index.places.get(latent);
  if (place === undefined) return series;
  for (let e = index.offsets[place]; e < index.offsets[place + 1]; e++) {
    const position = index.positions[e];
    if (skipped?.has(position)) continue;
    const bin = Math.floor((position * bins) / index.tokens);
    if (index.values[e] > series[bin]) series[bin] = index.values[e];
  }
  return series;
}

export function featureValue(index: FeatureIndex, latent: number, position: number): number {
  const place = index.places.get(latent);
  if (place === undefined) return 0;
  const end = index.offsets[place + 1];
  const e = lowerBound(index.positions, position, index.offsets[place], end);
  return e < end && index.positions[e] === position ? index.values[e] : 0;
}

/** How many tokens at the start of two texts are the same: there a causal model has the same values. */
export function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  let i = 0;
  while (i < most && a[i] === b[i]) i++;
  return i;
}

/** "r4" of a dictionary that comes with the page, else its label. */
export function dictionaryName(info: DictionaryInfo): string {
  return variantOf(info) ?? info.label;
}

/** The fitting one nearest the middle of the model, built-in before imported, the residual stream before what is added to it. */
export function defaultDictionary(list: readonly DictionaryInfo[], model: ModelInfo): DictionaryInfo | undefined {
  const middle = Math.floor(model.n_layers / 2);
  const distance = ({ hook, source }: DictionaryInfo) => {
    const { group } = hookParts(hook);
    const layers = typeof group === 'number' ? Math.abs(group - middle) : model.n_layers;
    return layers + (source === 'built-in' ? 0 : 0.5) + (hook.endsWith('hook_resid_post') ? 0 : 0.25);
  };
  return list.filter((d) => d.fits).sort((a, b) => distance(a) - distance(b))[0];
}
