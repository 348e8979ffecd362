/**
 * A file on a server, read in pieces as somebody asks for them, so that headers and lists of archives are known before the
 * file is fetched. What is read is bounded: whoever wants more than headers fetches the file.
 */
import { EngineError } from '../../core/errors.ts';
import { FormatError, type BlobLike } from '../../core/formats/bytes.ts';
import { quote } from '../../core/formats/words.ts';
import { noteBytes } from '../requestLog.ts';

/** Asks for `Range: bytes=from-to` of the file; anything but a refusal of the network. */
type AskRange = (headers: Record<string, string>) => Promise<Response>;

/** The server or the bounds do not let a file be looked into; it can still be fetched whole. */
export class PeekError extends Error {
  override name = 'PeekError';
}

/** Read at a time: a header with all its neighbours. */
const BLOCK = 64 * 1024;
/** Of one file. The list of an archive of 4096 entries has 4 MiB at most. */
const MOST_READ = 12 * 2 ** 20;
/** Of a connection that is cut while a header is read. */
const TRIES = 3;

/**
 * @param bytes the file's length, as it was listed
 * @param name for sentences
 */
export function createRemoteFile(ask: AskRange, bytes: number, name: string): BlobLike {
  const blocks = new Map<number, Uint8Array<ArrayBuffer>>();
  let left = MOST_READ;
  const load = async (first: number, last: number) => {
    const from = first * BLOCK;
    const to = Math.min(bytes, (last + 1) * BLOCK);
    left -= to - from;
    if (left < 0) throw new PeekError(`More than ${MOST_READ} bytes of ${name} would be read.`);
    const read = await tryAgain(async () => readRange(await ask({ Range: `bytes=${from}-${to - 1}` }), from, to, bytes, name));
    for (let block = first; block <= last; block++) blocks.set(block, read.subarray((block - first) * BLOCK, (block - first + 1) * BLOCK));
  };
  const read = async (from: number, to: number): Promise<ArrayBuffer> => {
    if (to - from > MOST_READ) throw new PeekError(`${to - from} bytes of ${name} are more than a header has.`);
    const out = new Uint8Array(Math.max(0, to - from));
    if (out.length === 0) return out.buffer;
    const [first, last] = [Math.floor(from / BLOCK), Math.floor((to - 1) / BLOCK)];
    for (let block = first; block <= last; block++) {
      if (blocks.has(block)) continue;
      let end = block;
      while (end < last && !blocks.has(end + 1)) end++;
      await load(block, end);
    }
    for (let block = first; block <= last; block++) {
      const here = blocks.get(block)!;
      const begin = Math.max(0, from - block * BLOCK);
      out.set(here.subarray(begin, Math.min(here.length, to - block * BLOCK)), block * BLOCK + begin - from);
    }
    return out.buffer;
  };
  return stretchOf(read, 0, bytes);
}

async function tryAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EngineError) || n >= TRIES) throw error;
    }
  }
}

/** As Blob.slice: ends beyond the file are its end. */
function stretchOf(read: (from: number, to: number) => Promise<ArrayBuffer>, at: number, size: number): RemoteStretch {
  const inside = (n: number) => Math.max(0, Math.min(size, n < 0 ? size + n : n));
  return {
    at,
    size,
    slice: (start = 0, end = size) => stretchOf(read, at + inside(start), Math.max(0, inside(end) - inside(start))),
    arrayBuffer: () => read(at, at + size),
  };
}

/** A part of a remote file that knows where in it it lies. */
export interface RemoteStretch extends BlobLike {
  readonly at: number;
}

/** @throws PeekError where the server sends whole files only; FormatError when the file is another than was listed */
async function readRange(response: Response, from: number, to: number, bytes: number, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  const drop = () => void response.body?.cancel().catch(() => undefined);
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) {
    drop();
    throw new FormatError(
      `${new URL(response.url).host} sent a web page where ${quote(name)} should be. Perhaps the network asks for a login, or the address is wrong.`,
    );
  }
  // Another origin may not show its Content-Range; then the length of the answer has to tell.
  const isHidden = !range && Number(response.headers.get('content-length') ?? NaN) === to - from;
  if (response.status !== 206 || !(range || isHidden) || !response.body) {
    drop();
    throw new PeekError(`${name} can only be had whole.`);
  }
  if (range && (Number(range[3]) !== bytes || Number(range[1]) !== from)) {
    drop();
    throw new FormatError(`${quote(name)} has ${bytes} bytes by the list, but the server sends parts of ${range[3]}. Try again later.`);
  }
  const out = new Uint8Array(to - from);
  const reader = response.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new EngineError(`The beginning of ${quote(name)} could not be fetched: the connection was cut. Try again.`, { cause: error });
    });
    if (done) break;
    noteBytes(response.url, value.byteLength);
    if (at + value.byteLength > out.length) {
      void reader.cancel().catch(() => undefined);
      throw new FormatError(`The server sends more of ${quote(name)} than it was asked for. Try again later.`);
    }
    out.set(value, at);
    at += value.byteLength;
  }
  if (at < out.length) throw new EngineError(`The beginning of ${quote(name)} could not be fetched: the connection was cut. Try again.`);
  return out;
}
