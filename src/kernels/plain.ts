/** The engine of last resort: plain TypeScript, for browsers without WASM SIMD. */
import { decode } from '../core/sae/decode.ts';
import { encodeBlocked } from '../core/sae/encodeBlocked.ts';
import type { SaeEngine } from './engine.ts';

/** About 50 ms at the 3.5 GFLOP/s of encodeBlocked. */
const CALL_FLOPS = 2e8;
const ROWS = { least: 8, most: 128 };

export function createPlainEngine(): SaeEngine {
  return {
    kernels: 'typescript',
    rowsAtOnce: ({ config }) => Math.min(ROWS.most, Math.max(ROWS.least, Math.floor(CALL_FLOPS / (2 * config.d_in * config.d_sae)))),
    encode: async (dictionary, x) => encodeBlocked(dictionary, x),
    decode: async (dictionary, latents, o) => decode(dictionary, latents, o),
    forget: () => {},
    keptBytes: () => 0,
  };
}
