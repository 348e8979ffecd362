/** Whoever fetches a model or a dictionary, or deletes it, is alone with it in all tabs of this page. */
import { UsageError } from '../../core/errors.ts';
import { tryHold } from '../locks.ts';

/** Where the browser has no locks, at least this tab does not get in its own way. */
const mine = new Set<string>();

/** A fetch that was cancelled just now still puts away what has come. */
const TRIES = 10;
const BETWEEN_MS = 50;

/** @returns how to give it back; undefined when somebody is at it, here or in another tab */
export async function hold(lock: string): Promise<(() => void) | undefined> {
  if (mine.has(lock)) return undefined;
  mine.add(lock);
  let release: (() => void) | undefined;
  try {
    release = await tryHold(lock);
  } finally {
    if (!release) mine.delete(lock);
  }
  return release && giveBack(lock, release);
}

function giveBack(lock: string, release: () => void): () => void {
  return () => {
    mine.delete(lock);
    release();
  };
}

/**
 * Does what must not be done to something that is being fetched.
 * @param name for the sentence
 * @throws UsageError when it is being fetched; then nothing was done
 */
export async function unlessFetched<T>(lock: string, name: string, work: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    const release = await hold(lock);
    if (release) return work().finally(release);
    if (n === TRIES) throw new UsageError(`${name} is being fetched; cancel it first, here or in another tab of this page.`);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}
