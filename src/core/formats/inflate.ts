/** Unpacks raw deflate data in small steps, so that a bomb costs no more than what it was allowed to hold. */
import { Inflate as InflateStream } from 'fflate';
import { throwIfStopped, type Stop } from '../errors.ts';
import { createJoinedBlob, FormatError, readBytes, type BlobLike } from './bytes.ts';

/** Packed bytes given at a time: deflate makes at most 1032 bytes of one, so a step yields at most 4 MiB. */
const STEP_BYTES = 4096;
const READ_BYTES = 2 ** 20;

/**
 * @param size bytes that must come out; the caller has judged them
 * @param label the entry, for a sentence
 * @returns in memory
 * @throws FormatError when more or fewer bytes come out, or the data is damaged; AbortedError
 */
export async function inflate(packed: BlobLike, size: number, label: string, stop?: Stop): Promise<BlobLike> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const stream = new InflateStream((piece) => {
    bytes += piece.length;
    if (bytes > size) throw new FormatError(`${label} is larger than the zip says (${size} bytes); it was made to do harm or is damaged.`);
    if (piece.length > 0) pieces.push(piece);
  });
  for (let offset = 0; offset < packed.size; offset += READ_BYTES) {
    throwIfStopped(stop);
    const part = await readBytes(packed, offset, Math.min(READ_BYTES, packed.size - offset));
    for (let at = 0; at < part.length; at += STEP_BYTES) step(stream, part.subarray(at, at + STEP_BYTES), label);
  }
  if (bytes !== size) throw new FormatError(`${label} unpacks to ${bytes} bytes where the zip says ${size}; the file is damaged.`);
  return createJoinedBlob(pieces);
}

function step(stream: InflateStream, bytes: Uint8Array<ArrayBuffer>, label: string): void {
  try {
    stream.push(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${label} cannot be unpacked; the file was probably damaged while being copied.`, { cause: error });
  }
}
