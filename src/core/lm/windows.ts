/** How text longer than the context is cut. */

export interface TokenWindow {
  start: number;
  end: number;
  /** First token whose values are taken from this window: earlier ones had more left context in the one before. */
  keepFrom: number;
}

/** Windows of at most n_ctx tokens overlapping by a quarter; every token is kept from exactly one. */
export function tokenWindows(n: number, n_ctx: number): TokenWindow[] {
  const step = Math.max(1, n_ctx - Math.floor(n_ctx / 4));
  const windows: TokenWindow[] = [];
  for (let start = 0, kept = 0; kept < n; start += step) {
    const end = Math.min(n, start + n_ctx);
    windows.push({ start, end, keepFrom: kept });
    kept = end;
  }
  return windows;
}
