/**
 * Rows that leave a text's values at a hook, and what they come to at another hook's last token. Four ways, the shortest
 * that gives the whole: where the one is added to the other no model runs; where one block lies between only its keys and
 * values at changed positions and its last token; else the blocks between from the first changed position on; and for
 * hooks inside a block the edits of `runCandidates`.
 */
import { UsageError } from '../../../core/errors.ts';
import type { Hook } from '../../../core/lm/hooks.ts';
import type { ContextBase, Machine } from './bases.ts';

/** A context with something changed at a hook. */
export interface ChangedRow {
  context: number;
  /** Rising. */
  positions: readonly number[];
  /** Adds what is changed at positions[slot] to the hook's value there. */
  addTo: (slot: number, out: Float32Array) => void;
  /** Where all positions change along one vector of the hook, by these amounts. */
  along?: { vector: Float32Array; amounts: readonly number[] };
}

/** What a row comes to at the target's hook, at the last token, [F]; good during the call only. */
export type Deliver = (row: number, values: Float32Array) => void;

/** What is read, and on what it depends. */
export interface Way {
  machine: Machine;
  bases: readonly ContextBase[];
  from: Hook;
  to: Hook;
  /** Bytes that a batch may hold by count; one row alone may hold twice as many. */
  batchBytes: number;
  /** Most rows of a batch; absent: by time and bytes. */
  batchSize?: number;
  /** Whether what a row does not change keeps its clean keys and values. */
  sharePrefix: boolean;
  /** Is told of each batch. */
  onBatch: (rows: number, bytes: number) => void;
}

/** A text's state that rows are changes of: its clean one, or one without the latents of a dictionary. */
export interface Ground {
  length: number;
  /** Values at the hook where rows begin. [pos, F] */
  values: Float32Array;
  /** Keys and values by block, from the first that rows run. */
  keys: readonly ({ k: Float32Array; v: Float32Array } | undefined)[];
  /** At the target's hook, at the last token. [F] */
  last: Float32Array;
  bytes: number;
}

/** How many rows run at once. @param each bytes of one. @param byTime as many as may run between two looks at the messages */
export function rowsAtOnce({ batchBytes, batchSize }: Way, each: number, byTime: number): number {
  if (each > 2 * batchBytes) {
    const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    throw new UsageError(
      `One change of one context takes ${mib(each)} MiB, but ${mib(2 * batchBytes)} MiB are left for it. Take a shorter text, or allow more memory.`,
    );
  }
  return Math.max(1, Math.floor(Math.min(batchSize ?? byTime, batchBytes / each)));
}

/** Adds a row's change to a copy of the ground's value at a position. @param slot −1 where nothing is changed */
export function changedValue(
  { values, length }: Pick<Ground, 'values' | 'length'>,
  position: number,
  row: ChangedRow,
  out: Float32Array,
): void {
  const F = values.length / length;
  out.set(values.subarray(position * F, (position + 1) * F));
  const slot = row.positions.indexOf(position);
  if (slot >= 0) row.addTo(slot, out);
}
