/** The firings of one latent with the lowest hashes: a uniform sample, or all of them where there are no more. */

const FIRST_CAPACITY = 8;

export interface SampleColumns {
  hashes: Uint32Array<ArrayBuffer>;
  tokens: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
}

export function createSampleColumns(n: number): SampleColumns {
  return { hashes: new Uint32Array(n), tokens: new Uint32Array(n), values: new Float32Array(n) };
}

export class Sample {
  readonly #most: number;
  /** A heap, the largest hash on top. */
  #columns = createSampleColumns(0);
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  offer(hash: number, token: number, value: number): void {
    if (this.#size < this.#most) {
      if (this.#size === this.#columns.hashes.length) this.#grow();
      this.#rise(this.#size++, hash, token, value);
      return;
    }
    if (this.#isAfter(0, hash, token, value)) this.#sink(hash, token, value);
  }

  giveTo(other: Sample): void {
    other.take(this.#columns, 0, this.#size);
  }

  take(from: SampleColumns, first: number, end: number): void {
    for (let i = first; i < end; i++) this.offer(from.hashes[i], from.tokens[i], from.values[i]);
  }

  /** Copies all by rising hash to `to` from row `at` on. */
  writeTo(to: SampleColumns, at: number): void {
    const { hashes, tokens, values } = this.#columns;
    const order = Array.from({ length: this.#size }, (_, i) => i).sort(
      (a, b) => hashes[a] - hashes[b] || tokens[a] - tokens[b] || values[a] - values[b],
    );
    order.forEach((slot, i) => {
      to.hashes[at + i] = hashes[slot];
      to.tokens[at + i] = tokens[slot];
      to.values[at + i] = values[slot];
    });
  }

  /** Whether what stands in a slot comes after this in the order of hashes; equal hashes are told apart by what they are of. */
  #isAfter(slot: number, hash: number, token: number, value: number): boolean {
    const { hashes, tokens, values } = this.#columns;
    if (hashes[slot] !== hash) return hashes[slot] > hash;
    if (tokens[slot] !== token) return tokens[slot] > token;
    return values[slot] > value;
  }

  #put(slot: number, hash: number, token: number, value: number): void {
    this.#columns.hashes[slot] = hash;
    this.#columns.tokens[slot] = token;
    this.#columns.values[slot] = value;
  }

  #copy(to: number, from: number): void {
    this.#put(to, this.#columns.hashes[from], this.#columns.tokens[from], this.#columns.values[from]);
  }

  #rise(slot: number, hash: number, token: number, value: number): void {
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#isAfter(parent, hash, token, value)) break;
      this.#copy(slot, parent);
      slot = parent;
    }
    this.#put(slot, hash, token, value);
  }

  /** In place of the top. */
  #sink(hash: number, token: number, value: number): void {
    const { hashes, tokens, values } = this.#columns;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isAfter(child + 1, hashes[child], tokens[child], values[child])) child++;
      if (!this.#isAfter(child, hash, token, value)) break;
      this.#copy(slot, child);
      slot = child;
    }
    this.#put(slot, hash, token, value);
  }

  #grow(): void {
    const more = createSampleColumns(Math.min(this.#most, Math.max(FIRST_CAPACITY, 2 * this.#size)));
    for (const name of Object.keys(more) as (keyof SampleColumns)[]) more[name].set(this.#columns[name]);
    this.#columns = more;
  }
}
