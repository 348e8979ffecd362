/** CRC-32 as zips use it (polynomial 0xEDB88320, reflected), over files of any size. */
import { throwIfStopped, type Stop } from '../errors.ts';
import { readBytes, type BlobLike } from './bytes.ts';

const SLICE_BYTES = 4 * 2 ** 20;

/** Table t at 256·t: what a byte that stands t bytes before the end of a word adds. Made on first use. */
let tables: Uint32Array | undefined;

function getTables(): Uint32Array {
  if (tables) return tables;
  const made = new Uint32Array(4 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    made[i] = crc;
  }
  for (let i = 0; i < 3 * 256; i++) made[i + 256] = (made[i] >>> 8) ^ made[made[i] & 255];
  return (tables = made);
}

/**
 * @param crc of what came before, 0 at the start
 * @returns the checksum of everything so far, unsigned
 */
export function updateCrc32(crc: number, bytes: Uint8Array): number {
  const t = getTables();
  const words = bytes.length & ~3;
  let c = ~crc;
  for (let i = 0; i < words; i += 4) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c = t[768 + (c & 255)] ^ t[512 + ((c >>> 8) & 255)] ^ t[256 + ((c >>> 16) & 255)] ^ t[c >>> 24];
  }
  for (let i = words; i < bytes.length; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

/**
 * Checksum of a whole file, 4 MiB in memory at a time.
 * @throws AbortedError when `stop` says so
 */
export async function crc32(file: BlobLike, stop?: Stop): Promise<number> {
  let crc = 0;
  for (let offset = 0; offset < file.size; offset += SLICE_BYTES) {
    throwIfStopped(stop);
    crc = updateCrc32(crc, await readBytes(file, offset, Math.min(SLICE_BYTES, file.size - offset)));
  }
  return crc;
}
