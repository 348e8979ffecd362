/** How far a download is and how fast it goes, said a few times a second. */

/** The rate is that of the last seconds, so that it follows the connection. */
const WINDOW_MS = 5000;
const SAY_MS = 150;

export interface Metered {
  loaded: number;
  total: number;
  rate?: number;
  note?: string;
}

export interface Meter {
  begin(loaded: number, total: number): void;
  /** Fewer than none when a file starts again. */
  add(bytes: number): void;
  note: (note: string | null) => void;
}

export function createMeter(say: (metered: Metered) => void, now: () => number = Date.now): Meter {
  let loaded = 0;
  let total = 0;
  let words: string | null = null;
  let said = -Infinity;
  let samples: { at: number; loaded: number }[] = [];
  const tell = () => {
    said = now();
    const first = samples[0];
    const seconds = first ? (said - first.at) / 1000 : 0;
    const rate = seconds > 0.5 ? Math.max(0, (loaded - first.loaded) / seconds) : undefined;
    say({ loaded, total, ...(rate !== undefined && { rate }), ...(words !== null && { note: words }) });
  };
  return {
    begin(here, all) {
      [loaded, total] = [here, all];
      samples = [{ at: now(), loaded }];
      tell();
    },
    add(bytes) {
      loaded += bytes;
      const at = now();
      if (at - said < SAY_MS && loaded < total) return;
      samples.push({ at, loaded });
      while (samples.length > 2 && at - samples[0].at > WINDOW_MS) samples.shift();
      tell();
    },
    note(note) {
      words = note;
      tell();
    },
  };
}
