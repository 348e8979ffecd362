/**
 * How often, how strongly each latent fires on each token: an open-addressing table of (latent, token) that grows up to a
 * bound. Beyond the bound new pairs are not counted, and their latents are marked.
 */
import { ExactSums, VALUE_UNIT } from './exactSum.ts';

const FIRST_CAPACITY = 2 ** 12;
/** Pairs at most: 28 bytes each. */
const MOST_PAIRS = 2 ** 22;
const FULLEST = 0.6;

export class TokenTable {
  readonly #most: number;
  #mask = FIRST_CAPACITY - 1;
  /** Latent and token, each +1 where a pair is; 0 where none is. */
  #latents = new Uint32Array(FIRST_CAPACITY);
  #tokens = new Uint32Array(FIRST_CAPACITY);
  #counts = new Uint32Array(FIRST_CAPACITY);
  #sums = new ExactSums(FIRST_CAPACITY, VALUE_UNIT);
  #largest = new Float32Array(FIRST_CAPACITY);
  #size = 0;
  /** Latents of which a pair was not counted. */
  readonly inexact = new Set<number>();

  constructor(most = MOST_PAIRS) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#latents.length * 32;
  }

  add(latent: number, token: number, value: number): void {
    const slot = this.#slot(latent, token);
    if (slot < 0) return;
    if (this.#counts[slot] === 0 || value > this.#largest[slot]) this.#largest[slot] = value;
    this.#counts[slot]++;
    this.#sums.add(slot, value);
  }

  merge(other: TokenTable): void {
    other.inexact.forEach((latent) => this.inexact.add(latent));
    for (let s = 0; s <= other.#mask; s++) {
      if (other.#latents[s] === 0) continue;
      const slot = this.#slot(other.#latents[s] - 1, other.#tokens[s]);
      if (slot < 0) continue;
      if (this.#counts[slot] === 0 || other.#largest[s] > this.#largest[slot]) this.#largest[slot] = other.#largest[s];
      this.#counts[slot] += other.#counts[s];
      this.#sums.addFrom(slot, other.#sums, s);
    }
  }

  /** All pairs by latent, then by token. */
  columns(): TokenColumns {
    return this.#columns(() => true);
  }

  /** Those of one latent. */
  columnsOf(latent: number): TokenColumns {
    return this.#columns((other) => other === latent);
  }

  #columns(isWanted: (latent: number) => boolean): TokenColumns {
    this.#sums.carry();
    const slots: number[] = [];
    for (let s = 0; s <= this.#mask; s++) if (this.#latents[s] > 0 && isWanted(this.#latents[s] - 1)) slots.push(s);
    slots.sort((a, b) => this.#latents[a] - this.#latents[b] || this.#tokens[a] - this.#tokens[b]);
    const order = Uint32Array.from(slots);
    const take = <T extends { [i: number]: number }>(to: T, from: ArrayLike<number>, minus = 0) => {
      for (let i = 0; i < order.length; i++) to[i] = from[order[i]] - minus;
      return to;
    };
    const n = order.length;
    return {
      latents: take(new Uint32Array(n), this.#latents, 1),
      tokens: take(new Uint32Array(n), this.#tokens),
      counts: take(new Uint32Array(n), this.#counts),
      high: take(new Float64Array(n), this.#sums.high),
      low: take(new Float64Array(n), this.#sums.low),
      largest: take(new Float32Array(n), this.#largest),
      inexact: Uint32Array.from([...this.inexact].sort((a, b) => a - b)),
    };
  }

  static from(columns: TokenColumns, most = MOST_PAIRS): TokenTable {
    const table = new TokenTable(most);
    columns.inexact.forEach((latent) => table.inexact.add(latent));
    const sums = new ExactSums(0, VALUE_UNIT, columns);
    columns.latents.forEach((latent, i) => {
      const slot = table.#slot(latent, columns.tokens[i]);
      if (slot < 0) return;
      table.#counts[slot] = columns.counts[i];
      table.#largest[slot] = columns.largest[i];
      table.#sums.addFrom(slot, sums, i);
    });
    return table;
  }

  /** Where a pair stands, made if it is new; −1 where there is no room for it. */
  #slot(latent: number, token: number): number {
    let slot = this.#find(latent, token);
    if (this.#latents[slot] > 0) return slot;
    if (this.#size >= this.#most) {
      this.inexact.add(latent);
      return -1;
    }
    if (this.#size + 1 > FULLEST * this.#latents.length) {
      this.#grow();
      slot = this.#find(latent, token);
    }
    this.#latents[slot] = latent + 1;
    this.#tokens[slot] = token;
    this.#size++;
    return slot;
  }

  #find(latent: number, token: number): number {
    let slot = (Math.imul(latent, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (this.#latents[slot] > 0 && (this.#latents[slot] !== latent + 1 || this.#tokens[slot] !== token)) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const [latents, tokens, counts, sums, largest] = [this.#latents, this.#tokens, this.#counts, this.#sums, this.#largest];
    const capacity = 2 * latents.length;
    this.#mask = capacity - 1;
    this.#latents = new Uint32Array(capacity);
    this.#tokens = new Uint32Array(capacity);
    this.#counts = new Uint32Array(capacity);
    this.#sums = new ExactSums(capacity, VALUE_UNIT);
    this.#largest = new Float32Array(capacity);
    for (let s = 0; s < latents.length; s++) {
      if (latents[s] === 0) continue;
      const slot = this.#find(latents[s] - 1, tokens[s]);
      this.#latents[slot] = latents[s];
      this.#tokens[slot] = tokens[s];
      this.#counts[slot] = counts[s];
      this.#sums.addFrom(slot, sums, s);
      this.#largest[slot] = largest[s];
    }
  }
}

/** Pairs in order, as they are stored. */
export interface TokenColumns {
  latents: Uint32Array<ArrayBuffer>;
  tokens: Uint32Array<ArrayBuffer>;
  counts: Uint32Array<ArrayBuffer>;
  high: Float64Array<ArrayBuffer>;
  low: Float64Array<ArrayBuffer>;
  largest: Float32Array<ArrayBuffer>;
  /** Latents of which some pairs were not counted. */
  inexact: Uint32Array<ArrayBuffer>;
}
