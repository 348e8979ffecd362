/** Where the keys lead in a map of which some cells are empty. */

interface MapPlace {
  row: number;
  column: number;
}

/**
 * The next cell that can be reached; undefined where the key leads nowhere. Empty cells are passed over; up and down take
 * the nearest of a row, so that no cell is out of reach.
 * @param cells whether something stands there, by row and column
 */
export function nextPlace(
  cells: readonly (readonly boolean[])[],
  { row, column }: MapPlace,
  key: string,
  toEnds = false,
): MapPlace | undefined {
  const inRow = (at: number, columns: number[]) => {
    const found = columns.find((c) => cells[at]?.[c]);
    return found === undefined ? undefined : { row: at, column: found };
  };
  const width = cells[row]?.length ?? 0;
  const all = Array.from({ length: width }, (_, i) => i);
  const rows = cells.map((_, i) => i);
  const nearest = [...all].sort((a, b) => Math.abs(a - column) - Math.abs(b - column));
  const firstOf = (order: number[], columns: number[]) => order.map((at) => inRow(at, columns)).find((place) => place !== undefined);
  switch (key) {
    case 'ArrowRight':
      return inRow(row, all.slice(column + 1));
    case 'ArrowLeft':
      return inRow(row, all.slice(0, Math.max(0, column)).reverse());
    case 'ArrowDown':
      return firstOf(rows.slice(row + 1), nearest);
    case 'ArrowUp':
      return firstOf(rows.slice(0, row).reverse(), nearest);
    case 'Home':
      return toEnds ? firstOf(rows, all) : inRow(row, all);
    case 'End':
      return toEnds ? firstOf(rows.reverse(), [...all].reverse()) : inRow(row, [...all].reverse());
    default:
      return undefined;
  }
}
