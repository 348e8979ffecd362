/** Steps back and forth over what a person did to a tree: a snapshot a step, since trees share what did not change. */

const MOST = 100;

interface Step<T> {
  words: string;
  value: T;
}

export interface History<T> {
  /** Before each step, the newest last. */
  past: readonly Step<T>[];
  future: readonly Step<T>[];
}

/** One step back or forth. @param now what is given up for it; null: there is none */
export type Travel = <T>(history: History<T>, now: T) => { history: History<T>; step: Step<T> } | null;

export function emptyHistory<T>(): History<T> {
  return { past: [], future: [] };
}

/** @param value as it was before the step */
export function stepped<T>({ past }: History<T>, words: string, value: T): History<T> {
  return { past: [...past, { words, value }].slice(-MOST), future: [] };
}

/** @param now what is given up for the step before; null where there is none */
export function back<T>({ past, future }: History<T>, now: T): { history: History<T>; step: Step<T> } | null {
  const step = past.at(-1);
  if (!step) return null;
  return { history: { past: past.slice(0, -1), future: [...future, { words: step.words, value: now }] }, step };
}

export function forth<T>({ past, future }: History<T>, now: T): { history: History<T>; step: Step<T> } | null {
  const step = future.at(-1);
  if (!step) return null;
  return { history: { past: [...past, { words: step.words, value: now }], future: future.slice(0, -1) }, step };
}
