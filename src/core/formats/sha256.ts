/**
 * SHA-256 (FIPS 180-4) of a file too large to be held whole: crypto.subtle takes only all bytes at once.
 */
import type { BlobLike } from './bytes.ts';
import { throwIfStopped, type Stop } from '../errors.ts';

const BLOCK = 64;
/** Read at a time. */
const PIECE = 4 * 2 ** 20;

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = Uint32Array.from(firstPrimes(64), (p) => fraction(Math.cbrt(p), p, 3));

export class Sha256 {
  /** At first the same of the square roots of the first eight. */
  readonly #state = Uint32Array.from(firstPrimes(8), (p) => fraction(Math.sqrt(p), p, 2));
  readonly #schedule = new Uint32Array(64);
  readonly #rest = new Uint8Array(BLOCK);
  #held = 0;
  #bytes = 0;

  update(data: Uint8Array): this {
    this.#bytes += data.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(BLOCK - this.#held, data.length);
      this.#rest.set(data.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < BLOCK) return this;
      this.#block(this.#rest, 0);
    }
    for (; at + BLOCK <= data.length; at += BLOCK) this.#block(data, at);
    this.#rest.set(data.subarray(at));
    this.#held = data.length - at;
    return this;
  }

  /** Hex. Ends it. */
  digest(): string {
    const end = new Uint8Array((this.#held < 56 ? 56 : 120) - this.#held + 8);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(this.#bytes / 2 ** 29));
    view.setUint32(end.length - 4, (this.#bytes * 8) >>> 0);
    this.update(end);
    return Array.from(this.#state, (word) => word.toString(16).padStart(8, '0')).join('');
  }

  #block(data: Uint8Array, at: number): void {
    const w = this.#schedule;
    for (let i = 0, j = at; i < 16; i++, j += 4) w[i] = (data[j] << 24) | (data[j + 1] << 16) | (data[j + 2] << 8) | data[j + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const s = this.#state;
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
    s[4] += e;
    s[5] += f;
    s[6] += g;
    s[7] += h;
  }
}

/** Hex. @throws AbortedError */
export async function sha256Of(file: BlobLike, stop?: Stop): Promise<string> {
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += PIECE) {
    throwIfStopped(stop);
    hash.update(new Uint8Array(await file.slice(at, Math.min(at + PIECE, file.size)).arrayBuffer()));
  }
  return hash.digest();
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return primes;
}

/** floor(2^32 · frac(p^(1/k))), exact: the root in double precision is only the first guess of an integer one. */
function fraction(root: number, p: number, k: number): number {
  const target = BigInt(p) << BigInt(32 * k);
  let guess = BigInt(Math.floor(root * 2 ** 32));
  while (guess ** BigInt(k) > target) guess--;
  while ((guess + 1n) ** BigInt(k) <= target) guess++;
  return Number(guess & 0xffffffffn);
}

/** Two digits a byte, as hashes are written. */
export function toHex(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
