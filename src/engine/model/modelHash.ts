/**
 * A model's identity: SHA-256 over its parameters as computed with, so the same weights give the same
 * hash whatever file they came in. Each parameter is hashed in 8 MiB pieces (crypto.subtle is not
 * incremental), and the hash of a model is that of the sorted list "name piece-hash piece-hash…".
 */
import { toHex } from '../../core/formats/sha256.ts';

const PIECE_BYTES = 8 * 1024 * 1024;

interface ModelHash {
  /** @param values not changed, not kept */
  add(name: string, values: ArrayBufferView): Promise<void>;
  /** Hex; '' where the page has no crypto.subtle (plain http from another machine). */
  finish(): Promise<string>;
}

export function createModelHash(): ModelHash {
  const lines = new Map<string, string>();
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  return {
    async add(name, values) {
      if (!subtle || lines.has(name)) return;
      const pieces: string[] = [];
      for (let at = 0; at < values.byteLength; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, values.byteLength - at);
        pieces.push(toHex(await subtle.digest('SHA-256', new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset + at, length))));
      }
      lines.set(name, `${name} ${pieces.join(' ')}`);
    },
    async finish() {
      if (!subtle) return '';
      const text = [...lines.keys()]
        .sort()
        .map((name) => lines.get(name))
        .join('\n');
      return toHex(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
    },
  };
}
