/** Places in sorted lists. */

/** First place in sorted[from … to) whose number is at least `wanted`; `to` when there is none. */
export function lowerBound(sorted: Uint32Array, wanted: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle] < wanted) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The last of the items that begins at or before a position; 0 when none does. @param startOf rising from item to item */
export function itemAt<T>(items: readonly T[], position: number, startOf: (item: T) => number): number {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (startOf(items[middle]) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
