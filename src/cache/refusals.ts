/** Why the browser keeps nothing, in words. */

export function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

/** Part of a sentence. */
export function reasonOf(error: unknown): string {
  return isFull(error)
    ? 'the browser has no room left for this page'
    : 'the browser lets this page store nothing (a private window, perhaps)';
}
