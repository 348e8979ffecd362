/**
 * The best so many contexts of one latent, with the tokens around and the latent's values there. Best: highest key; of
 * equal ones the earlier document, then the earlier position.
 */
import { WINDOW } from './sizes.ts';

const FIRST_CAPACITY = 16;

/** Contexts in columns; those of one latent lie together, best first. */
export interface ContextColumns {
  keys: Float64Array<ArrayBuffer>;
  /** Value, or pre-activation, at the token meant. */
  values: Float32Array<ArrayBuffer>;
  documents: Uint32Array<ArrayBuffer>;
  positions: Uint32Array<ArrayBuffer>;
  /** [n, WINDOW]; before the context's first token and after its last: NO_TOKEN. */
  ids: Uint32Array<ArrayBuffer>;
  /** [n, WINDOW] */
  around: Float32Array<ArrayBuffer>;
}

export const NO_TOKEN = 0xffffffff;

export function createColumns(n: number): ContextColumns {
  return {
    keys: new Float64Array(n),
    values: new Float32Array(n),
    documents: new Uint32Array(n),
    positions: new Uint32Array(n),
    ids: new Uint32Array(n * WINDOW),
    around: new Float32Array(n * WINDOW),
  };
}

export class ContextList {
  readonly #most: number;
  #columns = createColumns(0);
  #size = 0;
  /** Rows of the columns as a heap, the worst on top. */
  #heap = new Uint32Array(0);

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether one with this key may be taken; those below certainly are not. */
  wants(key: number): boolean {
    return this.#size < this.#most || key >= this.#columns.keys[this.#heap[0]];
  }

  /** The key that one must reach; −Infinity while there is room. */
  floor(): number {
    return this.#size < this.#most ? -Infinity : this.#columns.keys[this.#heap[0]];
  }

  /** Takes one in if it is good enough. @returns its row of `windows`, which the caller fills; −1 where it is not */
  claim(key: number, value: number, document: number, position: number): number {
    const isFull = this.#size === this.#most;
    if (isFull && !this.#isBetter(key, document, position, this.#heap[0])) return -1;
    if (!isFull && this.#size === this.#heap.length) this.#grow();
    const row = isFull ? this.#heap[0] : this.#size;
    const { keys, values, documents, positions } = this.#columns;
    keys[row] = key;
    values[row] = value;
    documents[row] = document;
    positions[row] = position;
    if (isFull) this.#sink();
    else this.#rise(row);
    return row;
  }

  /** Tokens and values around all that is kept, WINDOW of each row. */
  get windows(): Pick<ContextColumns, 'ids' | 'around'> {
    return this.#columns;
  }

  giveTo(other: ContextList): void {
    other.take(this.#columns, 0, this.#size);
  }

  /** Takes rows of other columns. */
  take(from: ContextColumns, first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const row = this.claim(from.keys[i], from.values[i], from.documents[i], from.positions[i]);
      if (row < 0) continue;
      this.#columns.ids.set(from.ids.subarray(i * WINDOW, (i + 1) * WINDOW), row * WINDOW);
      this.#columns.around.set(from.around.subarray(i * WINDOW, (i + 1) * WINDOW), row * WINDOW);
    }
  }

  /** Copies all, best first, to `to` from row `at` on. */
  writeTo(to: ContextColumns, at: number): void {
    const c = this.#columns;
    const order = Array.from({ length: this.#size }, (_, i) => i).sort((a, b) =>
      this.#isBetter(c.keys[a], c.documents[a], c.positions[a], b) ? -1 : 1,
    );
    order.forEach((slot, i) => {
      const row = at + i;
      to.keys[row] = c.keys[slot];
      to.values[row] = c.values[slot];
      to.documents[row] = c.documents[slot];
      to.positions[row] = c.positions[slot];
      to.ids.set(c.ids.subarray(slot * WINDOW, (slot + 1) * WINDOW), row * WINDOW);
      to.around.set(c.around.subarray(slot * WINDOW, (slot + 1) * WINDOW), row * WINDOW);
    });
  }

  #isBetter(key: number, document: number, position: number, slot: number): boolean {
    const { keys, documents, positions } = this.#columns;
    if (key !== keys[slot]) return key > keys[slot];
    if (document !== documents[slot]) return document < documents[slot];
    return position < positions[slot];
  }

  /** Of two rows that are kept. */
  #isWorse(a: number, b: number): boolean {
    const { keys, documents, positions } = this.#columns;
    return this.#isBetter(keys[b], documents[b], positions[b], a);
  }

  /** Puts a new row, the last of the heap, in its place. */
  #rise(row: number): void {
    const heap = this.#heap;
    let at = this.#size++;
    for (let parent = (at - 1) >> 1; at > 0 && this.#isWorse(row, heap[parent]); parent = (at - 1) >> 1) {
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = row;
  }

  /** Puts the row on top, which has other contents now, in its place. */
  #sink(): void {
    const heap = this.#heap;
    const row = heap[0];
    let at = 0;
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && this.#isWorse(heap[child + 1], heap[child])) child++;
      if (!this.#isWorse(heap[child], row)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = row;
  }

  #grow(): void {
    const capacity = Math.min(this.#most, Math.max(FIRST_CAPACITY, 4 * this.#size));
    this.#columns = grown(this.#columns, capacity);
    const heap = new Uint32Array(capacity);
    heap.set(this.#heap);
    this.#heap = heap;
  }
}

function grown(columns: ContextColumns, capacity: number): ContextColumns {
  const more = createColumns(capacity);
  for (const name of Object.keys(more) as (keyof ContextColumns)[]) more[name].set(columns[name]);
  return more;
}
