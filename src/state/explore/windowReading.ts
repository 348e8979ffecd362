/** Reading a long text window by window: which window comes next, what is known so far, what was read before. */
import type { TokenWindow } from '../../core/lm/windows.ts';
import type { TokenSpan } from './spans.ts';
import { itemAt } from './bisect.ts';

/** Longest text that is read, in tokens; of a longer one, its start. */
export const MAX_TOKENS = 20_000;

/** Which tokens have been read. The flags fill up while a text is read; a new object says that they did. */
export interface Known {
  /** 1 where a token has been read. [tokens] */
  readonly flags: Uint8Array;
  readonly count: number;
}

/** The window that a position takes its values from. */
export function windowAt(windows: readonly TokenWindow[], position: number): number {
  return itemAt(windows, position, (w) => w.keepFrom);
}

/** What is read first: the windows nearest to it. */
export interface Focus {
  /** Tokens on screen. */
  visible: TokenSpan;
  /** Position of the chosen token. */
  chosen: number;
}

/** The unread window nearest to what is on screen, the chosen token's next after those; undefined when all are read. */
export function nextWindow(windows: readonly TokenWindow[], done: (i: number) => boolean, { visible, chosen }: Focus): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  windows.forEach((w, i) => {
    if (done(i)) return;
    const away = distance(w, visible[0], visible[1]);
    const cost = away === 0 ? 0 : Math.min(away, 0.5 + distance(w, chosen, chosen + 1));
    if (cost < least) {
      least = cost;
      best = i;
    }
  });
  return best;
}

/** Tokens between a window's own tokens and from … to; 0 when they touch. */
function distance({ keepFrom, end }: TokenWindow, from: number, to: number): number {
  return Math.max(0, keepFrom - Math.max(from, to - 1), from - (end - 1));
}

/** Says whether it is time to show what has come: at once at first, then every so often. */
export function createPace(everyMs: number): () => boolean {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < everyMs) return false;
    last = now;
    return true;
  };
}
