/** Orders of the feature list, and search in it. */
import type { Densities } from '../shared/dictionaries.ts';
import { lowerBound } from './bisect.ts';
import { featureValue, type FeatureIndex, type FeatureRow } from './features.ts';

export const RANKINGS = ['max', 'sum', 'rare', 'count', 'token', 'span'] as const;

export type Ranking = (typeof RANKINGS)[number];

/** A feature and its number under a ranking. */
export interface RankedFeature {
  row: FeatureRow;
  value: number;
}

/** What is counted on a text: rows without the tokens left out. */
export interface Tally {
  index: FeatureIndex;
  /** Latents that fire on a counted token, by rising number. */
  rows: readonly FeatureRow[];
  byLatent: ReadonlyMap<number, FeatureRow>;
  /** Positions left out. */
  skipped: ReadonlySet<number>;
  /** Tokens counted. */
  tokens: number;
}

export interface Order {
  ranking: Ranking;
  /** For 'token'. */
  position: number;
  /** For 'span': tokens from … to, the last left out. */
  span: readonly [number, number] | null;
  /** For 'rare'; null counts on this text. */
  densities: Densities | null;
}

/** A feature that a file calls dead weighs as one that fires once in a million tokens. */
const LEAST_DENSITY = 1e-6;

export const RARE_FORMULA = 'maximum × ln(1 / density)';

const SPECIAL = /^<\|.*\|>$/s;
const NONE: ReadonlySet<number> = new Set();

/** Where the special tokens are, such as <|endoftext|>: a model parks large activations on them. */
export function specialPositions(tokens: readonly string[]): ReadonlySet<number> {
  const found = tokens.flatMap((token, i) => (SPECIAL.test(token) ? [i] : []));
  return found.length > 0 ? new Set(found) : NONE;
}

const tallies = new WeakMap<FeatureIndex, Map<ReadonlySet<number>, Tally>>();

/** Remembered for each index and set. */
export function tally(index: FeatureIndex, skipped: ReadonlySet<number> = NONE): Tally {
  const known = tallies.get(index) ?? new Map<ReadonlySet<number>, Tally>();
  tallies.set(index, known);
  const done = known.get(skipped) ?? makeTally(index, skipped);
  known.set(skipped, done);
  return done;
}

function makeTally(index: FeatureIndex, skipped: ReadonlySet<number>): Tally {
  const rows = skipped.size === 0 ? index.rows : index.rows.flatMap((row, place) => countedRow(index, row, place, skipped) ?? []);
  return { index, rows, byLatent: new Map(rows.map((row) => [row.latent, row])), skipped, tokens: index.tokens - skipped.size };
}

function countedRow(index: FeatureIndex, row: FeatureRow, place: number, skipped: ReadonlySet<number>): FeatureRow | null {
  const from = index.offsets[place];
  const to = index.offsets[place + 1];
  if (!anyBetween(index.positions, from, to, skipped)) return row;
  const counted: FeatureRow = { latent: row.latent, max: 0, peak: 0, sum: 0, count: 0 };
  for (let e = from; e < to; e++) {
    if (skipped.has(index.positions[e])) continue;
    const value = index.values[e];
    if (counted.count === 0 || value > counted.max) Object.assign(counted, { max: value, peak: index.positions[e] });
    counted.sum += value;
    counted.count++;
  }
  return counted.count > 0 ? counted : null;
}

function anyBetween(positions: Uint32Array, from: number, to: number, wanted: ReadonlySet<number>): boolean {
  for (let e = from; e < to; e++) if (wanted.has(positions[e])) return true;
  return false;
}

const strongest = new WeakMap<Tally, { densities: Densities | null; latent: number | null }>();

/** The first under 'rare': what is strong on this text and not on every other. Asked at every change, so remembered. */
export function strongestFeature(counted: Tally, densities: Densities | null): number | null {
  const known = strongest.get(counted);
  if (known?.densities === densities) return known.latent;
  const latent = rankFeatures(counted, { ranking: 'rare', position: -1, span: null, densities })[0]?.row.latent ?? null;
  strongest.set(counted, { densities, latent });
  return latent;
}

/** A row for a latent that fires on no counted token. */
function silentRow(latent: number): FeatureRow {
  return { latent, max: 0, peak: 0, sum: 0, count: 0 };
}

/** Share of tokens on which a latent fires: as measured or stated, else on this text. */
export function densityOf(tally: Tally, row: FeatureRow, densities: Densities | null): number {
  return densities?.values[row.latent] ?? row.count / Math.max(1, tally.tokens);
}

/** maximum × ln(1 / density): what is strong here and seldom fires. Never below 0. */
export function rareValue(tally: Tally, row: FeatureRow, densities: Densities | null): number {
  return row.max * rarity(densityOf(tally, row, densities), densities);
}

/** ln(1 / density), nats. @param densities where the density is from */
export function rarity(density: number, densities: Densities | null): number {
  // A latent seen on none of n tokens is taken to fire on half of one.
  const least = densities?.tokens ? 0.5 / densities.tokens : LEAST_DENSITY;
  return Math.log(1 / Math.min(1, Math.max(least, density)));
}

/** A latent's largest value on the counted tokens of a span; 0 where it is silent. */
export function spanValue({ index, skipped }: Tally, latent: number, [from, to]: readonly [number, number]): number {
  const place = index.places.get(latent);
  if (place === undefined) return 0;
  const end = index.offsets[place + 1];
  let best = 0;
  for (let e = lowerBound(index.positions, from, index.offsets[place], end); e < end && index.positions[e] < to; e++) {
    if (index.values[e] > best && !skipped.has(index.positions[e])) best = index.values[e];
  }
  return best;
}

/**
 * Features by falling value, equal ones by maximum, then by number. 'token' and 'span' list only those that fire there; at a token
 * chosen by hand even one that is left out elsewhere answers.
 */
export function rankFeatures(counted: Tally, order: Order): RankedFeature[] {
  const { rows, value } = measureOf(counted, order);
  const ranked: RankedFeature[] = [];
  const only = order.ranking === 'token' || order.ranking === 'span';
  for (const row of rows) {
    const v = value(row);
    if (!only || v > 0) ranked.push({ row, value: v });
  }
  return ranked.sort((a, b) => b.value - a.value || b.row.max - a.row.max || a.row.latent - b.row.latent);
}

function measureOf(counted: Tally, { ranking, position, span, densities }: Order) {
  const { index, rows, byLatent } = counted;
  switch (ranking) {
    case 'token':
      return {
        rows: index.rows.map((row) => byLatent.get(row.latent) ?? row),
        value: (row: FeatureRow) => featureValue(index, row.latent, position),
      };
    case 'span':
      return { rows, value: (row: FeatureRow) => (span ? spanValue(counted, row.latent, span) : 0) };
    case 'rare':
      return { rows, value: (row: FeatureRow) => rareValue(counted, row, densities) };
    default:
      return { rows, value: (row: FeatureRow) => row[ranking] };
  }
}

/**
 * The features a query means, the exact number first, then the listed ones in their order, then by number those that
 * are not listed. A number finds the numbers that begin with it; words find labels that hold them all.
 */
export function searchFeatures(
  query: string,
  ranked: readonly RankedFeature[],
  counted: Tally,
  labels: ReadonlyMap<number, string>,
): readonly RankedFeature[] {
  const wanted = query.trim().replace(/^#/, '');
  if (wanted === '') return ranked;
  const matches = matcher(wanted, labels);
  const listed = ranked.filter(({ row }) => matches(row.latent));
  const there = new Set(listed.map(({ row }) => row.latent));
  const others: RankedFeature[] = [];
  for (const latent of candidates(wanted, counted.index.d_sae, labels)) {
    if (!there.has(latent) && matches(latent)) others.push({ row: counted.byLatent.get(latent) ?? silentRow(latent), value: 0 });
  }
  const exact = [...listed, ...others].filter(({ row }) => String(row.latent) === wanted);
  return [...exact, ...listed, ...others].filter((r, i) => i < exact.length || !exact.includes(r));
}

function* candidates(wanted: string, d_sae: number, labels: ReadonlyMap<number, string>): Generator<number> {
  if (isNumber(wanted)) for (let latent = 0; latent < d_sae; latent++) yield latent;
  else yield* [...labels.keys()].filter((latent) => latent < d_sae).sort((a, b) => a - b);
}

function matcher(wanted: string, labels: ReadonlyMap<number, string>): (latent: number) => boolean {
  const words = folded(wanted).split(/\s+/);
  const inLabel = (latent: number) => {
    const label = labels.get(latent);
    return label !== undefined && words.every((word) => folded(label).includes(word));
  };
  return isNumber(wanted) ? (latent) => String(latent).startsWith(wanted) || inLabel(latent) : inLabel;
}

function isNumber(wanted: string): boolean {
  return /^\d+$/.test(wanted);
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
