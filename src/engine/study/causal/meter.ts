/** What a tree has run and what it holds, by count. */
import type { Hook } from '../../../core/lm/hooks.ts';
import type { PassStore } from '../passStore.ts';
import type { ContextBase, Machine } from './bases.ts';
import type { Way } from './rows.ts';

interface Bounds {
  machine: Machine;
  bases: readonly ContextBase[];
  memoryBytes: number;
  batchSize?: number;
  sharePrefix: boolean;
  store?: PassStore;
}

export class Meter {
  /** Rows that were run. */
  continuations = 0;
  /** Full forward passes that one for each candidate and context would have been. */
  naive = 0;
  /** Largest sum of what was held at a time. */
  peakBytes: number;
  readonly #bounds: Bounds;
  readonly #clean: number;
  #held = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#clean = bounds.bases.reduce((sum, { bytes }) => sum + bytes, 0);
    this.peakBytes = this.#clean;
  }

  /** Bytes of the store that one source at one hook may fill: an eighth of the bound. */
  get keptBytes(): number {
    return this.#bounds.memoryBytes / 8;
  }

  /** For a circuit's edges, which run on their own: a quarter of the bound. */
  get edgeBytes(): number {
    return this.#bounds.memoryBytes / 4;
  }

  /** Something stays until `letGo`. */
  hold(bytes: number): void {
    this.#held += bytes;
    this.note(0);
  }

  letGo(): void {
    this.#held = 0;
  }

  note(bytes: number): void {
    this.peakBytes = Math.max(this.peakBytes, this.#clean + this.#held + bytes + (this.#bounds.store?.bytes ?? 0));
  }

  wayOf(from: Hook, to: Hook): Way {
    const { machine, bases, memoryBytes, batchSize, sharePrefix } = this.#bounds;
    return {
      machine,
      bases,
      from,
      to,
      batchBytes: memoryBytes / 8,
      sharePrefix,
      ...(batchSize !== undefined && { batchSize }),
      onBatch: (rows, bytes) => {
        this.continuations += rows;
        this.note(bytes);
      },
    };
  }
}
