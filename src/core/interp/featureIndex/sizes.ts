/**
 * What an index keeps of each latent. Everything kept is a function of the set of firings alone, never of their order, so
 * that indices of disjoint parts of a corpus merge into that of the whole, byte for byte.
 */

/** Values of all latents' samples together; 12 bytes each. */
const SAMPLE = { values: 2 ** 21, most: 2048, least: 64 };
const FINE_BINS = { values: 2 ** 21, most: 2048, least: 256 };
/** Latents above which fewer contexts are kept of each. */
const MANY_LATENTS = 4096;

/** Tokens shown before and after the one meant. */
export const BEFORE = 16;
export const AFTER = 8;
export const WINDOW = BEFORE + 1 + AFTER;

export interface IndexSizes {
  d_sae: number;
  /** Firings of lowest hash whose token and value are kept. */
  sample: number;
  /** Contexts kept: of the sample's lowest hashes, of the highest values, and of the highest pre-activations that stayed off. */
  drawn: number;
  top: number;
  near: number;
  /** Equal bins of a width that is a power of two. */
  fineBins: number;
}

export function sizesOf(d_sae: number): IndexSizes {
  const share = ({ values, most, least }: typeof SAMPLE) => Math.min(most, Math.max(least, 2 ** Math.floor(Math.log2(values / d_sae))));
  const isMany = d_sae > MANY_LATENTS;
  return {
    d_sae,
    sample: share(SAMPLE),
    drawn: isMany ? 32 : 128,
    top: isMany ? 32 : 64,
    near: isMany ? 16 : 24,
    fineBins: share(FINE_BINS),
  };
}

/** What a place in a corpus is drawn by, the same in every part of it (finalizer of MurmurHash3, A. Appleby). */
export function placeHash(document: number, position: number): number {
  return mix(Math.imul(document + 1, 0x9e3779b1) ^ position);
}

/** A number drawn for the firing of a latent at a place. @returns 0 … 2³² − 1 */
export function firingHash(place: number, latent: number): number {
  return mix(place ^ Math.imul(latent + 1, 0x85ebca77));
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
