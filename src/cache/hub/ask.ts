/** One request with patience: waits as long as a busy server asks, says so, and a bounded number of times. */
import { AbortedError, EngineError, throwIfStopped } from '../../core/errors.ts';
import { noteRequest } from '../requestLog.ts';
import { refusal, type Asked } from './refusal.ts';

export interface Patience {
  /** A connection that brings nothing for so long is given up, in ms. */
  stallMs: number;
  /** Failures in a row, without a byte between them, before giving up. */
  retries: number;
  /** Connections cut in one file, whatever they brought. */
  cuts: number;
  /** Wait before the n-th try again in a row, in ms. */
  backoffMs: (n: number) => number;
  /** Times a server may ask to wait, and the longest wait that is done, in ms. */
  waits: number;
  longestWaitMs: number;
}

export const PATIENCE: Patience = {
  stallMs: 30_000,
  retries: 5,
  cuts: 60,
  backoffMs: (n) => Math.min(8000, 500 * 2 ** n),
  waits: 6,
  longestWaitMs: 120_000,
};

/** A connection that could not be had or was cut; another try may help. */
export class CutError extends Error {
  override name = 'CutError';
}

export interface AskOptions {
  signal: AbortSignal;
  patience: Patience;
  /** A sentence while something is waited for, null when it goes on. */
  onNote: (note: string | null) => void;
}

const BUSY = [429, 503];
/** Wait when a busy server does not say how long. */
const USUAL_WAIT_MS = 5000;

/**
 * @returns any answer but "too busy"
 * @throws EngineError when it stays too busy, CutError when there is no connection, AbortedError
 */
export async function ask(url: string, headers: Record<string, string>, asked: Asked, options: AskOptions): Promise<Response> {
  const { signal, patience, onNote } = options;
  for (let waits = 0; ; waits++) {
    const response = await request(url, headers, options);
    if (!BUSY.includes(response.status)) return response;
    void response.body?.cancel().catch(() => undefined);
    const wait = retryAfter(response) ?? USUAL_WAIT_MS;
    const where = new URL(asked.host).host;
    if (wait > patience.longestWaitMs || waits >= patience.waits) {
      const when = wait > patience.longestWaitMs ? ` It asks to come back in ${Math.ceil(wait / 60_000)} minutes.` : '';
      throw new EngineError(refusal(response.status, '', asked) + when);
    }
    onNote(`${where} is busy and asks to wait ${Math.max(1, Math.round(wait / 1000))} s.`);
    await pause(wait, signal);
    onNote(null);
  }
}

async function request(url: string, headers: Record<string, string>, { signal, patience }: AskOptions): Promise<Response> {
  throwIfStopped(signal);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience.stallMs);
  noteRequest(url);
  try {
    // Not through the browser's own cache, which would keep every file a second time.
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, stop.signal]), cache: 'no-store' });
    if (response.redirected && new URL(response.url).origin !== new URL(url).origin) noteRequest(response.url);
    return response;
  } catch (error) {
    if (signal.aborted) throw new AbortedError();
    throw new CutError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds, or a date. */
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** @throws AbortedError */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new AbortedError());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
