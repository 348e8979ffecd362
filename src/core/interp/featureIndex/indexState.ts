/** What an index knows while it is made: figures of every latent over the tokens seen so far. */
import { UsageError } from '../../errors.ts';
import type { Latents } from '../../sae/latents.ts';
import { ContextList } from './contextList.ts';
import { ExactSums, SQUARE_UNIT, VALUE_UNIT } from './exactSum.ts';
import { FineHistograms, LOG_BINS, logBin } from './fineHistogram.ts';
import { Sample } from './sample.ts';
import { AFTER, BEFORE, firingHash, placeHash, type IndexSizes } from './sizes.ts';
import { NO_TOKEN } from './contextList.ts';
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
    const { documents, positions, ids, places, fired } = batch;
    for (let r = 0; r < ids.length; r++) {
      const place = placeHash(documents[r], positions[r]);
      const placeBin = Math.min(PLACES - 1, 32 - Math.clz32(places[r]));
      for (let e = fired.rows[r]; e < fired.rows[r + 1]; e++) {
        const latent = fired.latents[e];
        const value = fired.values[e];
        if (value === 0) continue;
        this.#count(latent, value, ids[r]);
        this.places[latent * PLACES + placeBin]++;
        const hash = firingHash(place, latent);
        this.samples[latent].offer(hash, ids[r], value);
        this.#offer(this.drawn[latent], -hash, value, latent, r, batch);
        this.#offer(this.top[latent], value, value, latent, r, batch);
      }
    }
    this.tokens += ids.length;
    if (batch.missed) this.#addMissed(batch, batch.missed);
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

  #addMissed(batch: IndexBatch, missed: Latents): void {
    for (let r = 0; r < batch.ids.length; r++) {
      for (let e = missed.rows[r]; e < missed.rows[r + 1]; e++) {
        const latent = missed.latents[e];
        this.#offer(this.near[latent], missed.values[e], missed.values[e], latent, r, batch);
      }
    }
  }

  #offer(list: ContextList, key: number, value: number, latent: number, row: number, batch: IndexBatch): void {
    if (!list.wants(key)) return;
    list.offer(key, value, batch.documents[row], batch.positions[row], (ids, around) => fillWindow(batch, row, latent, ids, around));
  }
}

/** The tokens around a row, within its context, and a latent's values there. */
function fillWindow({ ids, starts, ends, fired }: IndexBatch, row: number, latent: number, to: Uint32Array, around: Float32Array): void {
  for (let k = 0; k < BEFORE + 1 + AFTER; k++) {
    const r = row - BEFORE + k;
    const isInside = r >= starts[row] && r < ends[row];
    to[k] = isInside ? ids[r] : NO_TOKEN;
    around[k] = isInside ? valueOf(fired, r, latent) : 0;
  }
}

/** A latent's value in a row, whose latents rise; 0 where it does not fire. */
function valueOf({ rows, latents, values }: Latents, row: number, latent: number): number {
  let low = rows[row];
  let high = rows[row + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (latents[middle] < latent) low = middle + 1;
    else high = middle;
  }
  return low < rows[row + 1] && latents[low] === latent ? values[low] : 0;
}
