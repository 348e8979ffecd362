/**
 * Runs one job at a time in which only the newest matters: starting another aborts the one before,
 * and an answer that comes too late is reported as stale, never as a value or an error.
 */
export type Outcome<T> = { status: 'done'; value: T } | { status: 'failed'; message: string } | { status: 'stale' };

interface Latest {
  run: <T>(job: (signal: AbortSignal) => Promise<T>) => Promise<Outcome<T>>;
  /** Makes whatever runs now stale. */
  cancel: () => void;
}

export function createLatest(): Latest {
  let current: AbortController | null = null;
  return {
    async run(job) {
      current?.abort();
      const mine = new AbortController();
      current = mine;
      try {
        const value = await job(mine.signal);
        return mine.signal.aborted ? { status: 'stale' } : { status: 'done', value };
      } catch (error) {
        return mine.signal.aborted ? { status: 'stale' } : { status: 'failed', message: sentenceOf(error) };
      } finally {
        if (current === mine) current = null;
      }
    },
    cancel() {
      current?.abort();
      current = null;
    },
  };
}

/** The words of an error for the screen. Every api rejection carries a sentence already. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error && error.message) return error.message;
  return typeof error === 'string' && error ? error : 'Something went wrong, and no reason was given.';
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
