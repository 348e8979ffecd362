/**
 * What passes over texts leave for the next question about the same texts, up to so many bytes. What was used longest ago
 * goes first, but never for something of the same scan: texts are gone through in one order, and each newcomer would drop
 * just what the next scan begins with.
 */
import type { HookedModel } from '../model/hookedModel.ts';

/** Of all texts of a model: the 20,000 tokens that effects are measured on by default, of a model of 6 layers of 256. */
const STORE_BYTES = 256 * 2 ** 20;

interface Entry {
  value: unknown;
  bytes: number;
  scan: number;
}

export class PassStore {
  readonly #most: number;
  /** Those used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #held = 0;
  #scan = 0;

  constructor(most = STORE_BYTES) {
    this.#most = most;
  }

  get bytes(): number {
    return this.#held;
  }

  /** Begins a scan: what others left may go for what this one brings. */
  begin(): void {
    this.#scan++;
  }

  /** @typeParam T what is kept under keys of this kind */
  get<T>(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, { ...entry, scan: this.#scan });
    return entry.value as T;
  }

  set(key: string, value: unknown, bytes: number): void {
    this.#drop(key);
    let free = this.#most - this.#held;
    const going: string[] = [];
    for (const [old, entry] of this.#entries) {
      if (bytes <= free) break;
      if (entry.scan === this.#scan) continue;
      going.push(old);
      free += entry.bytes;
    }
    if (bytes > free) return;
    for (const old of going) this.#drop(old);
    this.#entries.set(key, { value, bytes, scan: this.#scan });
    this.#held += bytes;
  }

  #drop(key: string): void {
    this.#held -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

const stores = new WeakMap<HookedModel, PassStore>();

/** The store of a model, which goes with it. */
export function passStoreOf(model: HookedModel): PassStore {
  let store = stores.get(model);
  if (!store) stores.set(model, (store = new PassStore()));
  return store;
}
