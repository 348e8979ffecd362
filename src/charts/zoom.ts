/** Which stretch of x is seen, by value. */
import type { Domain } from './axes.ts';

export interface Zoom {
  /** What is seen now. */
  domain: Domain;
  /** All there is, from 0. */
  end: number;
  /** A closer stretch than this shows nothing more. */
  least: number;
}

/**
 * Keys: + halves the stretch about `at`, − doubles it, 0 and Escape show all.
 * @returns the stretch; null, all of it; undefined: the key means nothing here
 */
export function zoomByKey(key: string, at: number, zoom: Zoom): Domain | null | undefined {
  const [low, high] = zoom.domain;
  switch (key) {
    case '+':
    case '=':
      return stretch(at - (high - low) / 4, at + (high - low) / 4, zoom);
    case '-':
      return stretch(at - (high - low), at + (high - low), zoom);
    case '0':
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}

/** From `from` to `to`, never less than the least, moved to lie inside what there is; null when that is all of it. */
export function stretch(from: number, to: number, { end, least }: Omit<Zoom, 'domain'>): Domain | null {
  const width = Math.max(to - from, least);
  if (width >= end) return null;
  const low = Math.max(0, Math.min((from + to - width) / 2, end - width));
  return [low, low + width];
}
