/** The strip in blocks: only those near the screen are drawn. */
import type { TokenGroup } from '../../core/lm/glyphs.ts';
import type { TokenWindow } from '../../core/lm/windows.ts';
import { itemAt } from './bisect.ts';

export interface StripBlock {
  /** Tokens `first` up to `end`. */
  first: number;
  end: number;
  /** Its groups: groups[fromGroup … toGroup). */
  fromGroup: number;
  toGroup: number;
  /** A window of the model begins here. */
  border: boolean;
}

/** Tokens of a block, about; a short text is one block whatever its length up to twice this. */
export const BLOCK_TOKENS = 192;

/** Cuts a text at the borders of windows, and between them into even pieces; never inside a group. */
export function stripBlocks(groups: readonly TokenGroup[], windows: readonly TokenWindow[]): StripBlock[] {
  const cuts = new Map<number, boolean>();
  for (const { keepFrom, end } of windows) {
    const pieces = end - keepFrom <= 2 * BLOCK_TOKENS ? 1 : Math.ceil((end - keepFrom) / BLOCK_TOKENS);
    for (let i = 0; i < pieces; i++) cuts.set(keepFrom + Math.round((i * (end - keepFrom)) / pieces), i === 0);
  }
  const blocks: StripBlock[] = [];
  let pending: boolean | null = null;
  groups.forEach(({ first, count }, g) => {
    for (let i = first; i < first + count; i++) {
      const cut = cuts.get(i);
      if (cut === undefined) continue;
      // A cut inside a group moves behind it.
      if (i === first) pending = cut;
      else cuts.set(first + count, cut || (cuts.get(first + count) ?? false));
    }
    if (pending !== null) {
      blocks.push({ first, end: first, fromGroup: g, toGroup: g, border: pending && g > 0 });
      pending = null;
    }
    const block = blocks[blocks.length - 1];
    block.end = first + count;
    block.toGroup = g + 1;
  });
  return blocks;
}

/** The block that holds a position. */
export function blockAt(blocks: readonly StripBlock[], position: number): number {
  return itemAt(blocks, position, (b) => b.first);
}
