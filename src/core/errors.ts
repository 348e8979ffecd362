/** Errors whose message is a sentence for the person who made the call. */

/** The call itself is wrong: unknown hook, wrong length, text too long. Nothing was changed. */
export class UsageError extends Error {
  override name = 'UsageError';
  readonly code = 'usage';
}

/** The call was given up on request. The name is the one AbortSignal uses. */
export class AbortedError extends Error {
  override name = 'AbortError';
  readonly code = 'abort';
  constructor(message = 'Stopped on request.') {
    super(message);
  }
}

/** Something we rely on broke; the message says what is kept and what to do. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly code = 'engine';
}

/** A mistake of ours, never of the caller. */
export class InvariantError extends Error {
  override name = 'InvariantError';
  readonly code = 'invariant';
}

/** Enough of AbortSignal to ask whether to stop; `core` knows no DOM types. */
export type Stop = { readonly aborted: boolean };

/** @throws AbortedError when `stop` says so */
export function throwIfStopped(stop: Stop | undefined): void {
  if (stop?.aborted) throw new AbortedError();
}
