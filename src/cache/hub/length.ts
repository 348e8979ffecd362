/** How long a file is, by what a server lets a page see of an answer for its first byte. */

/** Asks for the same file with other headers. */
type AskAgain = (headers: Record<string, string>) => Promise<Response>;

/**
 * Of a server that does not let other pages see its Content-Range, asked once more: every answer shows its Content-Length,
 * and a range to the end is as long as the file and never compressed. What comes of it is not waited for.
 * @returns undefined where the server does not say
 */
export async function lengthOf(response: Response, askAgain: AskAgain): Promise<number | undefined> {
  const { status, headers } = response;
  const stated = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? headers.get('x-linked-size');
  if (stated !== null) return readCount(stated);
  if (status === 200) return readCount(headers.get('content-length'));
  const whole = await askAgain({ Range: 'bytes=0-' });
  void whole.body?.cancel().catch(() => undefined);
  return whole.ok ? readCount(whole.headers.get('content-length')) : undefined;
}

function readCount(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
