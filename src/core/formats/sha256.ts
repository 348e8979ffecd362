/** SHA-256 of a file too large to be held whole: crypto.subtle takes only all bytes at once (docs/decisions/libraries.md). */
import { sha256 } from '@noble/hashes/sha2.js';
import { throwIfStopped, type Stop } from '../errors.ts';
import type { BlobLike } from './bytes.ts';

/** Read at a time. */
const PIECE = 4 * 2 ** 20;

/** Hex, of bytes that are all there. */
export function sha256Hex(data: Uint8Array): string {
  return toHex(sha256(data));
}

/** Hex. @throws AbortedError */
export async function sha256Of(file: BlobLike, stop?: Stop): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PIECE) {
    throwIfStopped(stop);
    hash.update(new Uint8Array(await file.slice(at, Math.min(at + PIECE, file.size)).arrayBuffer()));
  }
  return toHex(hash.digest());
}

/** Two digits a byte, as hashes are written. */
export function toHex(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
