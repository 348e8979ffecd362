/**
 * The best so many contexts of one latent, with the tokens around and the latent's values there. Best: highest key; of
 * equal ones the earlier document, then the earlier position.
 */
import { WINDOW } from './sizes.ts';

const FIRST_CAPACITY = 4;

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

/** Fills the window of the context that is kept. */
type FillWindow = (ids: Uint32Array, around: Float32Array) => void;

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
  /** Where the worst of a full list stands. */
  #worst = -1;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether one with this key may be taken; those below certainly are not. */
  wants(key: number): boolean {
    return this.#size < this.#most || key >= this.#columns.keys[this.#worst];
  }

  /** The key that one must reach; −Infinity while there is room. */
  floor(): number {
    return this.#size < this.#most ? -Infinity : this.#columns.keys[this.#worst];
  }

  offer(key: number, value: number, document: number, position: number, fill: FillWindow): void {
    let slot = this.#size;
    if (slot === this.#most) {
      slot = this.#worst;
      if (!this.#isBetter(key, document, position, slot)) return;
    } else {
      if (slot === this.#columns.keys.length)
        this.#columns = grown(this.#columns, Math.min(this.#most, Math.max(FIRST_CAPACITY, 2 * slot)));
      this.#size++;
    }
    const { keys, values, documents, positions, ids, around } = this.#columns;
    keys[slot] = key;
    values[slot] = value;
    documents[slot] = document;
    positions[slot] = position;
    fill(ids.subarray(slot * WINDOW, (slot + 1) * WINDOW), around.subarray(slot * WINDOW, (slot + 1) * WINDOW));
    if (this.#size === this.#most) this.#worst = this.#findWorst();
  }

  giveTo(other: ContextList): void {
    other.take(this.#columns, 0, this.#size);
  }

  /** Takes rows of other columns. */
  take(from: ContextColumns, first: number, end: number): void {
    for (let i = first; i < end; i++) {
      this.offer(from.keys[i], from.values[i], from.documents[i], from.positions[i], (ids, around) => {
        ids.set(from.ids.subarray(i * WINDOW, (i + 1) * WINDOW));
        around.set(from.around.subarray(i * WINDOW, (i + 1) * WINDOW));
      });
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

  #findWorst(): number {
    const { keys, documents, positions } = this.#columns;
    let worst = 0;
    for (let s = 1; s < this.#size; s++) if (!this.#isBetter(keys[s], documents[s], positions[s], worst)) worst = s;
    return worst;
  }
}

function grown(columns: ContextColumns, capacity: number): ContextColumns {
  const more = createColumns(capacity);
  for (const name of Object.keys(more) as (keyof ContextColumns)[]) more[name].set(columns[name]);
  return more;
}
