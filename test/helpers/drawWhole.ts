/** A component as HTML, with the parts that are fetched when they are first wanted. */
import { text } from 'node:stream/consumers';
import type { ReactNode } from 'react';
import { prerenderToNodeStream } from 'react-dom/static';

export async function drawWhole(page: ReactNode): Promise<string> {
  // In one piece: large parts would come after the rest, with what stands in for them still there.
  const { prelude } = await prerenderToNodeStream(page, { progressiveChunkSize: 1e9 });
  return text(prelude);
}
