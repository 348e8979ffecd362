/** What an index should say, by plain loops over all values; the rules are those that the index states. */
import { expect } from 'vitest';
import { VALUE_UNIT } from '../../src/core/interp/featureIndex/exactSum.ts';
import { AFTER, BEFORE, firingHash, placeHash, sizesOf, type IndexSizes } from '../../src/core/interp/featureIndex/sizes.ts';
import type { Context, FeatureRecord } from '../../src/core/interp/types.ts';

/** A token of a corpus and what one latent is there. */
export interface Place {
  document: number;
  position: number;
  /** Of its window: tokens, the latent's values on them (0 where it does not fire), and this token's place. */
  ids: ArrayLike<number>;
  values: ArrayLike<number>;
  place: number;
  /** Its value where it fires, else its pre-activation. */
  value: number;
  fires: boolean;
}

const byRank = (a: Place, b: Place) => b.value - a.value || a.document - b.document || a.position - b.position;
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

export function contextOf({ ids, values, place, document, position, value }: Place): Context {
  const first = Math.max(0, place - BEFORE);
  const end = Math.min(ids.length, place + AFTER + 1);
  return {
    document,
    position,
    ids: Array.from(ids).slice(first, end),
    at: place - first,
    values: Array.from(values).slice(first, end),
    value,
  };
}

/** Values are rounded once; sums of what comes of that are exact. */
const exactSum = (list: readonly number[]) => sum(list.map((value) => Math.round(value / VALUE_UNIT) * VALUE_UNIT));

/** All but tags, with the edges of histograms as the index has them. @param all every token of the corpus */
export function bruteRecord(all: readonly Place[], latent: number, sizes: IndexSizes, given: FeatureRecord): Omit<FeatureRecord, 'tags'> {
  const firing = all.filter(({ fires }) => fires);
  const values = firing.map(({ value }) => value);
  const n = firing.length;
  const maximum = n > 0 ? values.reduce((a, b) => Math.max(a, b)) : 0;
  const mean = n > 0 ? exactSum(values) / n : 0;
  const count = (list: readonly number[], edges: readonly number[]) =>
    edges.slice(1).map((edge, b) => list.filter((v) => v >= edges[b] && v < edge).length);
  const tokens = new Map<number, number[]>();
  for (const { ids, place, value } of firing) tokens.set(ids[place], [...(tokens.get(ids[place]) ?? []), value]);
  const pairs = [...tokens].map(([id, list]) => ({ id, count: list.length, sum: exactSum(list), max: Math.max(...list) }));
  const hashOf = ({ document, position }: Place) => firingHash(placeHash(document, position), latent);
  const hashed = [...firing].sort((a, b) => hashOf(a) - hashOf(b));
  const sampled = hashed.slice(0, sizes.sample);
  const commonest = [...pairs].sort((a, b) => b.count - a.count || a.id - b.id).slice(0, 9);
  const ranked = [...firing].sort(byRank).slice(0, sizes.top);
  const seen = new Set<string>();
  const different = ranked.map(contextOf).filter(({ ids, at }) => !seen.has(`${at} ${ids.join()}`) && seen.add(`${at} ${ids.join()}`));
  const sorted = [...values].sort((a, b) => a - b);
  const drawn = hashed.slice(0, sizes.drawn);
  const candidates = [...drawn, ...ranked.filter((place) => !drawn.includes(place))];
  const places = new Array<number>(given.places.length).fill(0);
  for (const { place } of firing) places[place === 0 ? 0 : 1 + Math.floor(Math.log2(place))]++;
  const edges10 = given.histogram.edges.filter((_, i) => i % 5 === 0);
  return {
    tokens: all.length,
    density: n / all.length,
    maximum,
    mean,
    variance: n > 0 ? sum(values.map((v) => (v - mean) ** 2)) / n : 0,
    histogram: { edges: given.histogram.edges, counts: count(values, given.histogram.edges) },
    log_histogram: { edges: given.log_histogram.edges, counts: count(values.map(Math.abs), given.log_histogram.edges) },
    firing: pairs.sort((a, b) => b.sum - a.sum || a.id - b.id).slice(0, 200),
    firing_tokens: tokens.size,
    firing_exact: true,
    by_bin: [...commonest.map(({ id }) => id), null].map((id) => ({
      id,
      counts: count(
        sampled
          .filter((p) => (id === null ? !commonest.some((token) => token.id === p.ids[p.place]) : p.ids[p.place] === id))
          .map(({ value }) => value),
        edges10,
      ),
    })),
    by_bin_firings: sampled.length,
    top: different.slice(0, 20),
    bands: given.bands.map(({ share, from, to }) => ({
      from: n === sampled.length ? sorted[Math.floor(share[0] * n)] : from,
      to: share[1] === 1 ? maximum : n === sampled.length ? sorted[Math.floor(share[1] * n)] : to,
      share,
      contexts: candidates
        .filter(({ value }) => value >= from && (share[1] === 1 || value < to))
        .slice(0, 5)
        .map(contextOf),
    })),
    random: hashed.slice(0, 10).map(contextOf),
    near: nearOf(all, sizes, tokens),
    repeats: ranked.length - different.length,
    places,
  };
}

function nearOf(all: readonly Place[], sizes: IndexSizes, tokens: ReadonlyMap<number, unknown>): Context[] {
  const near = all
    .filter(({ fires }) => !fires)
    .sort(byRank)
    .slice(0, sizes.near);
  const isOn = ({ ids, place }: Place) => tokens.has(ids[place]);
  const on = near.filter(isOn);
  const off = near.filter((place) => !isOn(place));
  const chosen = [...on.slice(0, Math.max(5, 10 - off.length)), ...off.slice(0, Math.max(5, 10 - on.length))];
  return chosen.sort((a, b) => b.value - a.value).map(contextOf);
}

/** Fails unless the record is what plain loops give. @param isSigned whether values of the latent may be below 0 */
export function expectBrute(given: FeatureRecord, all: readonly Place[], latent: number, d_sae: number, isSigned = false): void {
  const { tags: _tags, ...record } = given;
  const sizes = sizesOf(d_sae);
  const { variance, ...brute } = bruteRecord(all, latent, sizes, given);
  expect(record, `latent ${latent}`).toMatchObject(brute);
  // Squares are rounded to 2⁻³², the mean's values to 2⁻³⁰.
  expect(Math.abs(record.variance - variance), `variance of latent ${latent}`).toBeLessThanOrEqual(1e-9 * (1 + record.mean ** 2));
  const values = all.filter(({ fires }) => fires).map(({ value }) => value);
  expectBins(record, values, sizes.fineBins, isSigned);
}

/** The bins shown hold all values, and limits of bands lie where they should, each to a fine bin. */
function expectBins({ histogram, bands }: Omit<FeatureRecord, 'tags'>, values: number[], fineBins: number, isSigned: boolean): void {
  if (values.length === 0) return expect(bands).toEqual([]);
  const { edges, counts } = histogram;
  const half = isSigned ? fineBins / 2 : fineBins;
  const largest = Math.max(...values.map(Math.abs));
  let fine = 2 ** Math.floor(Math.log2(largest / half));
  while (!(largest < half * fine)) fine *= 2;
  expect(sum(counts)).toBe(values.length);
  expect([edges.length, edges[0]]).toEqual([51, isSigned ? -edges[50] : 0]);
  for (const [i, edge] of edges.entries()) expect(edge).toBeCloseTo(edges[0] + (i * (edges[50] - edges[0])) / 50, 9);
  expect(edges[50] - largest).toBeGreaterThanOrEqual(0);
  expect(edges[50] - largest).toBeLessThanOrEqual((isSigned ? 25 : 50) * fine);
  const sorted = Float64Array.from(values).sort();
  for (const { from, share } of bands) {
    const wanted = sorted[Math.floor(share[0] * values.length)];
    expect(wanted - from).toBeGreaterThanOrEqual(0);
    expect(wanted - from).toBeLessThan(fine);
  }
}
