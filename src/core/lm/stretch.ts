/** The part of an input that is in hand, and the tokens of it that an edit touches. */
import type { CheckedWhere } from './editContext.ts';

/** Where a stretch of activations lies in the whole input. */
export interface Stretch {
  /** Batch row of the first row held. */
  firstRow: number;
  rows: number;
  /** Position of the first token held (not 0 with cached keys and values). */
  firstPos: number;
  /** Tokens held of each row, padding included. */
  pos: number;
  /** Real tokens of each row held, counted from position 0 of the text. */
  lengths: number[];
}

/** A token's place in an edit's values: its place in `rows` and `positions` as given, or its own row and position. */
export interface Slots {
  row: number;
  pos: number;
}

/** Calls back for each token of a stretch that an edit touches; padding is left out. `slots` is good during the call. */
export function forEachToken(where: CheckedWhere, at: Stretch, visit: (row: number, pos: number, slots: Slots) => void): void {
  const slots: Slots = { row: 0, pos: 0 };
  for (let r = 0; r < at.rows; r++) {
    const row = at.firstRow + r;
    if (where.rows && !where.rows.has(row)) continue;
    slots.row = where.rowSlot?.get(row) ?? row;
    const end = Math.min(at.pos, (at.lengths[r] ?? 0) - at.firstPos);
    for (let p = 0; p < end; p++) {
      const position = at.firstPos + p;
      if (where.positions && !where.positions.has(position)) continue;
      slots.pos = where.slot?.get(position) ?? position;
      visit(r, p, slots);
    }
  }
}
