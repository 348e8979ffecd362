/** From the active latents that a kernel writes, in whatever order of rows, to rows of latents. */
import { createTopkHeap, drain, GroupWinner, offer, type TopkHeap } from './activation.ts';
import { LatentsBuilder, type Latents } from './latents.ts';
import type { Plan } from './plan.ts';
import type { PerRow } from './rows.ts';

/** Numbers of an entry: row within the block, latent, value (as the bits of an fp32). */
export const ENTRY_WORDS = 3;

const FIRST_CAPACITY = 4096;

/** What no row's latent may be at or below. */
export function lowestOf({ isSigned }: Plan): number {
  return isSigned ? -3e38 : 0;
}

/** Takes rows block by block. */
export class LatentsCollector {
  private readonly plan: Plan;
  private readonly out: LatentsBuilder;
  private readonly heaps: TopkHeap[] = [];
  private words = new Uint32Array(FIRST_CAPACITY * ENTRY_WORDS);
  private used = 0;

  /** @param n rows in all */
  constructor(plan: Plan, n: number) {
    this.plan = plan;
    this.out = new LatentsBuilder(n);
  }

  /**
   * @param entries [count · ENTRY_WORDS]; copied
   * @returns whether bounds of rows may have risen
   */
  take(entries: Uint32Array): boolean {
    if (this.plan.k !== undefined) {
      const values = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
      for (let e = 0; e < entries.length; e += ENTRY_WORDS) offer(this.heap(entries[e]), entries[e + 1], values[e + 2]);
      return true;
    }
    this.reserve(entries.length);
    this.words.set(entries, this.used);
    this.used += entries.length;
    return false;
  }

  /** Values up to this can no longer become active in a row of the block: the k-th largest so far, else the plan's lowest. */
  bound(row: number): number {
    const heap = this.heaps[row];
    return heap && heap.size > 0 && heap.size === heap.indices.length ? heap.values[0] : lowestOf(this.plan);
  }

  /** Ends a block of `rows` rows. */
  endBlock(rows: number): void {
    if (this.plan.k !== undefined) {
      for (let r = 0; r < rows; r++) {
        if (this.heaps[r]) drain(this.heaps[r], this.out);
        this.out.endRow();
      }
      return;
    }
    const { words } = this;
    const values = new Float32Array(words.buffer);
    const { order, ends } = this.sortByRow(rows);
    const winner = this.plan.groupSize ? new GroupWinner(this.plan.groupSize, this.out) : undefined;
    for (let r = 0, i = 0; r < rows; r++) {
      for (; i < ends[r]; i++) {
        const [latent, value] = [words[order[i] + 1], values[order[i] + 2]];
        if (winner) winner.offer(latent, value);
        else this.out.add(latent, value);
      }
      winner?.endRow();
      this.out.endRow();
    }
    this.used = 0;
  }

  finish(d_sae: number, perRow: PerRow): Latents {
    return this.out.finish(d_sae, perRow);
  }

  /** Where the entries stand, by row and then by latent, and where each row ends in that order. */
  private sortByRow(rows: number): { order: Uint32Array; ends: Uint32Array } {
    const { words, used } = this;
    const ends = new Uint32Array(rows);
    for (let at = 0; at < used; at += ENTRY_WORDS) ends[words[at]]++;
    for (let r = 1; r < rows; r++) ends[r] += ends[r - 1];
    const next = new Uint32Array(rows);
    next.set(ends.subarray(0, -1), 1);
    const order = new Uint32Array(used / ENTRY_WORDS);
    for (let at = 0; at < used; at += ENTRY_WORDS) order[next[words[at]]++] = at;
    for (let r = 0; r < rows; r++) {
      const row = order.subarray(r === 0 ? 0 : ends[r - 1], ends[r]);
      if (row.some((at, i) => i > 0 && words[at + 1] < words[row[i - 1] + 1])) row.sort((a, b) => words[a + 1] - words[b + 1]);
    }
    return { order, ends };
  }

  private heap(row: number): TopkHeap {
    return (this.heaps[row] ??= createTopkHeap(this.plan)!);
  }

  private reserve(more: number): void {
    if (this.used + more <= this.words.length) return;
    const grown = new Uint32Array(2 * (this.used + more));
    grown.set(this.words.subarray(0, this.used));
    this.words = grown;
  }
}
