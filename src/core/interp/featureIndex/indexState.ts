/** What an index knows while it is made: figures of every latent over the tokens seen so far. */
import { UsageError } from '../../errors.ts';
import type { Latents } from '../../sae/latents.ts';
import { ContextList, NO_TOKEN } from './contextList.ts';
import { ExactSums, SQUARE_UNIT, VALUE_UNIT } from './exactSum.ts';
import { FineHistograms, LOG_BINS, logBin } from './fineHistogram.ts';
import { Sample } from './sample.ts';
import { AFTER, BEFORE, firingHash, placeHash, WINDOW, type IndexSizes } from './sizes.ts';
import { TokenTable } from './tokenTable.ts';

/** Places in a window are counted by the number of their binary digits: 0, 1, 2-3, 4-7, … */
export const PLACES = 16;

/** Rows of activations that were encoded, and where they stand. */
export interface IndexBatch {
  /** Of each row: its document, its position there, its token, and its place in the context that was read. [n] */
  documents: Uint32Array;
  positions: Uint32Array;
  ids: Uint32Array;
  places: Uint32Array;
  /** Of each row: the first row of its context, and the one after the last. [n] */
  starts: Uint32Array;
  ends: Uint32Array;
  /** What fired. */
  fired: Latents;
  /** Pre-activations that stayed off, at least those above `nearFloors`. */
  missed?: Latents;
}

export class IndexState {
  readonly sizes: IndexSizes;
  readonly isSigned: boolean;
  tokens = 0;
  /** Firings. [d_sae] */
  readonly counts: Float64Array<ArrayBuffer>;
  readonly sums: ExactSums;
  readonly squares: ExactSums;
  /** −Infinity where there are none. */
  readonly largest: Float32Array<ArrayBuffer>;
  readonly fine: FineHistograms;
  /** [d_sae, LOG_BINS] */
  readonly logs: Uint32Array<ArrayBuffer>;
  /** [d_sae, PLACES] */
  readonly places: Uint32Array<ArrayBuffer>;
  table: TokenTable;
  readonly samples: Sample[];
  readonly drawn: ContextList[];
  readonly top: ContextList[];
  readonly near: ContextList[];

  constructor(sizes: IndexSizes, isSigned = false) {
    const { d_sae } = sizes;
    this.sizes = sizes;
    this.isSigned = isSigned;
    this.counts = new Float64Array(d_sae);
    this.sums = new ExactSums(d_sae, VALUE_UNIT);
    this.squares = new ExactSums(d_sae, SQUARE_UNIT);
    this.largest = new Float32Array(d_sae).fill(-Infinity);
    this.fine = new FineHistograms(d_sae, sizes.fineBins, isSigned);
    this.logs = new Uint32Array(d_sae * LOG_BINS);
    this.places = new Uint32Array(d_sae * PLACES);
    this.table = new TokenTable();
    const each = <T>(make: () => T) => Array.from({ length: d_sae }, make);
    this.samples = each(() => new Sample(sizes.sample));
    this.drawn = each(() => new ContextList(sizes.drawn));
    this.top = each(() => new ContextList(sizes.top));
    this.near = each(() => new ContextList(sizes.near));
  }

  add(batch: IndexBatch): void {
    const { documents, positions, ids, places } = batch;
    const hashes = Uint32Array.from(ids, (_, r) => placeHash(documents[r], positions[r]));
    const placeBins = Uint8Array.from(places, (place) => Math.min(PLACES - 1, 32 - Math.clz32(place)));
    const fired = byLatent(batch.fired);
    // Latent by latent, so that what is kept of one stays in the processor's cache.
    for (let latent = 0; latent < this.sizes.d_sae; latent++) {
      const sample = this.samples[latent];
      const drawn = this.drawn[latent];
      const top = this.top[latent];
      for (let e = fired.starts[latent]; e < fired.starts[latent + 1]; e++) {
        const row = fired.rows[e];
        const value = fired.values[e];
        if (value === 0) continue;
        this.#count(latent, value, ids[row]);
        this.places[latent * PLACES + placeBins[row]]++;
        const hash = firingHash(hashes[row], latent);
        sample.offer(hash, ids[row], value);
        if (drawn.wants(-hash)) this.#offer(drawn, -hash, value, latent, row, e, batch, fired);
        if (top.wants(value)) this.#offer(top, value, value, latent, row, e, batch, fired);
      }
    }
    this.tokens += ids.length;
    if (batch.missed) this.#addMissed(batch, batch.missed, fired);
  }

  /** Of each latent the pre-activation that a near miss must reach to be kept; −Infinity while there is room. [d_sae] */
  nearFloors(): Float64Array {
    return Float64Array.from(this.near, (list) => list.floor());
  }

  /** @param other of other tokens of the same corpus. @throws UsageError when it is of another dictionary or form */
  merge(other: IndexState): void {
    if (JSON.stringify(other.sizes) !== JSON.stringify(this.sizes) || other.isSigned !== this.isSigned) {
      throw new UsageError('These indices do not belong together: they keep different numbers of things.');
    }
    this.tokens += other.tokens;
    for (let j = 0; j < this.sizes.d_sae; j++) {
      this.counts[j] += other.counts[j];
      this.sums.addFrom(j, other.sums, j);
      this.squares.addFrom(j, other.squares, j);
      this.largest[j] = Math.max(this.largest[j], other.largest[j]);
      if (other.counts[j] > 0) this.fine.merge(j, other.fine);
      for (const list of ['samples', 'drawn', 'top', 'near'] as const) other[list][j].giveTo(this[list][j] as Sample & ContextList);
    }
    for (let i = 0; i < this.logs.length; i++) this.logs[i] += other.logs[i];
    for (let i = 0; i < this.places.length; i++) this.places[i] += other.places[i];
    this.table.merge(other.table);
  }

  #count(latent: number, value: number, token: number): void {
    this.counts[latent]++;
    this.sums.add(latent, value);
    this.squares.add(latent, value * value);
    if (value > this.largest[latent]) this.largest[latent] = value;
    this.fine.add(latent, value);
    this.logs[latent * LOG_BINS + logBin(value)]++;
    this.table.add(latent, token, value);
  }

  #addMissed(batch: IndexBatch, missed: Latents, fired: ByLatent): void {
    for (let r = 0; r < batch.ids.length; r++) {
      for (let e = missed.rows[r]; e < missed.rows[r + 1]; e++) {
        const latent = missed.latents[e];
        const p = missed.values[e];
        const list = this.near[latent];
        if (list.wants(p)) this.#offer(list, p, p, latent, r, firstFrom(fired, latent, r), batch, fired);
      }
    }
  }

  /** @param entry of `fired`, of this latent: the one of this row, or the first after it */
  #offer(
    list: ContextList,
    key: number,
    value: number,
    latent: number,
    row: number,
    entry: number,
    batch: IndexBatch,
    fired: ByLatent,
  ): void {
    const slot = list.claim(key, value, batch.documents[row], batch.positions[row]);
    if (slot < 0) return;
    const { ids, around } = list.windows;
    const from = slot * WINDOW;
    ids.fill(NO_TOKEN, from, from + WINDOW);
    around.fill(0, from, from + WINDOW);
    const first = Math.max(batch.starts[row], row - BEFORE);
    const end = Math.min(batch.ends[row], row + AFTER + 1);
    const shift = from + BEFORE - row;
    for (let r = first; r < end; r++) ids[r + shift] = batch.ids[r];
    const { starts, rows, values } = fired;
    for (let e = entry; e < starts[latent + 1] && rows[e] < end; e++) around[rows[e] + shift] = values[e];
    for (let e = entry - 1; e >= starts[latent] && rows[e] >= first; e--) around[rows[e] + shift] = values[e];
  }
}

/** Latents of rows in the order of latents: entries starts[j] … starts[j + 1] are those of latent j, by rising row. */
interface ByLatent {
  starts: Uint32Array;
  rows: Uint32Array;
  values: Float32Array;
}

function byLatent({ rows, latents, values, d_sae }: Latents): ByLatent {
  const starts = new Uint32Array(d_sae + 1);
  for (const latent of latents) starts[latent + 1]++;
  for (let j = 0; j < d_sae; j++) starts[j + 1] += starts[j];
  const next = starts.slice(0, d_sae);
  const sorted = { starts, rows: new Uint32Array(latents.length), values: new Float32Array(latents.length) };
  for (let r = 0; r + 1 < rows.length; r++) {
    for (let e = rows[r]; e < rows[r + 1]; e++) {
      const at = next[latents[e]]++;
      sorted.rows[at] = r;
      sorted.values[at] = values[e];
    }
  }
  return sorted;
}

/** The first entry of a latent at or after a row; its end where there is none. */
function firstFrom({ starts, rows }: ByLatent, latent: number, row: number): number {
  let low = starts[latent];
  let high = starts[latent + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
