/** How much a forward pass holds, by count. */
import type { ModelConfig } from './config.ts';

/** Rows of equal length: `pos` new positions each, behind `past` known ones. */
export interface PassShape {
  rows: number;
  pos: number;
  past: number;
}

/**
 * fp32 numbers of all tensors that a block of `blockGraph` names, weights aside. A bound: ONNX Runtime gives space back on
 * the way. With T tokens, D = d_model, M = d_mlp, H heads and K keys: (32 + 6 r)·T·D + 4·T·M + 3·rows·K·D + 3·rows·H·pos·K,
 * where r is the part of a head that is rotated.
 */
export function blockValues({ d_model: D, d_mlp: M, n_heads: H, d_head: E, rotary_dim: R }: ModelConfig, shape: PassShape): number {
  const { rows, pos, past } = shape;
  const tokens = rows * pos;
  const keys = past + pos;
  return tokens * D * (32 + (6 * R) / E) + 4 * tokens * M + 3 * rows * keys * D + 3 * rows * H * pos * keys;
}

/** Multiply-adds × 2 of a block: the four products with weights, and the two of attention. */
export function blockFlops({ d_model: D, d_mlp: M }: ModelConfig, { rows, pos, past }: PassShape): number {
  return 2 * rows * pos * (4 * D * D + 2 * D * M + 2 * (past + pos) * D);
}
