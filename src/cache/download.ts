/**
 * Fetches files of the page and of addresses a person gave; with hub/, for models of the hub, all that fetches. It takes
 * nothing on trust: a missing file must be a 404, a web page is never a model.
 */
import { AbortedError, EngineError } from '../core/errors.ts';
import { FormatError } from '../core/formats/bytes.ts';
import { noteBytes, noteRequest } from './requestLog.ts';

interface DownloadOptions {
  signal?: AbortSignal;
  /** Bytes so far, and in all when the server says (else 0). */
  onProgress?: (loaded: number, total: number) => void;
  /** What the file is, for sentences: "config.json of bookworm-9m". */
  label: string;
}

/**
 * @returns the file as a Blob, whose bytes the browser may keep on disk; undefined for a 404
 * @throws FormatError for a web page or a short file, EngineError when the server or the network fails, AbortedError
 */
export async function download(url: string, { signal, onProgress, label }: DownloadOptions): Promise<Blob | undefined> {
  const response = await request(url, label, signal);
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new EngineError(
      `${label} could not be fetched: the server answered ${response.status}. Try again, or open the model from files.`,
    );
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) {
    throw new FormatError(`The server sent a web page where ${label} should be.`);
  }
  // A compressed transfer counts other bytes than it delivers, so its length says nothing.
  const encoded = response.headers.get('content-encoding');
  const total = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  const blob = await collect(response, label, (loaded) => onProgress?.(loaded, total), signal);
  if (total > 0 && blob.size !== total) {
    throw new FormatError(`${label} arrived incomplete: ${blob.size} of ${total} bytes. Try again.`);
  }
  return blob;
}

async function request(url: string, label: string, signal?: AbortSignal): Promise<Response> {
  noteRequest(url);
  try {
    return await fetch(url, { ...(signal && { signal }) });
  } catch (error) {
    throw failure(error, label, signal);
  }
}

async function collect(response: Response, label: string, onBytes: (loaded: number) => void, signal?: AbortSignal): Promise<Blob> {
  const chunks: BlobPart[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  if (!reader) return response.blob();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new Blob(chunks);
      loaded += value.byteLength;
      noteBytes(response.url, value.byteLength);
      // A Blob of its own lets the browser move what has arrived out of memory.
      chunks.push(new Blob([value]));
      onBytes(loaded);
    }
  } catch (error) {
    throw failure(error, label, signal);
  }
}

function failure(error: unknown, label: string, signal?: AbortSignal): Error {
  if (signal?.aborted) return new AbortedError();
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError(`${label} could not be fetched (${reason}). Check the connection and try again; what is loaded stays.`, {
    cause: error,
  });
}
