/** What every way of running a dictionary's maths offers; `src/core/sae` is the specification. */
import type { DecodeOptions } from '../core/sae/decode.ts';
import type { Dictionary } from '../core/sae/dictionary.ts';
import type { Latents } from '../core/sae/latents.ts';

export type KernelName = 'webgpu' | 'wasm-relaxed' | 'wasm-simd' | 'typescript';

export interface SaeEngine {
  readonly kernels: KernelName;
  /** Rows worth encoding in one call, between two looks at the messages: some tens of milliseconds. */
  rowsAtOnce(dictionary: Dictionary): number;
  /**
   * As core's `encode`, in fp32.
   * @param x [n, d_in], raw rows of the dictionary's hook
   * @throws UsageError as core's does; EngineError when memory or the device fails
   */
  encode(dictionary: Dictionary, x: Float32Array): Promise<Latents>;
  /**
   * As core's `decode`, in fp32.
   * @returns [n, d_out]
   */
  decode(dictionary: Dictionary, latents: Latents, o?: DecodeOptions): Promise<Float32Array<ArrayBuffer>>;
  /** Gives back what is kept for a dictionary that is gone. */
  forget(dictionary: Dictionary): void;
  /** Bytes of packed weights and working memory held now. */
  keptBytes(): number;
}

/** Multiply-adds ×2 of one call: 30 to 60 ms at the rates of docs/benchmarks.md. */
const CALL_FLOPS = 2e9;
/** More rows gain nothing. */
const MOST_ROWS = 512;

/** Rows of one call, a multiple of `tile`, so that a call ends soon and topk heaps [rows, k] stay within `values`. */
export function chooseRows({ config }: Dictionary, tile: number, values: number): number {
  const { d_in, d_sae, k = 1 } = config;
  const most = Math.min(MOST_ROWS, CALL_FLOPS / (2 * d_in * d_sae), values / Math.min(k, d_sae));
  return Math.max(1, Math.floor(most / tile)) * tile;
}
