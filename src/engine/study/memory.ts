/** What a batch of candidates holds, by count (docs/decisions/candidates.md has the formula in words). */
import type { ModelConfig } from '../../core/lm/config.ts';
import { blockFlops, blockValues } from '../../core/lm/memory.ts';
import type { CandidateRow } from './candidateRows.ts';
import type { Reading } from './reading.ts';

/** Multiply-adds × 2 of one call of the runtime: 40 to 90 ms on one core at the rates of docs/benchmarks.md. */
export const CALL_FLOPS = 1.2e9;

/** Positions of a row that may be unembedded at once. */
const UNEMBED_ROWS = 16;

type Row = Pick<CandidateRow, 'pos' | 'past' | 'context' | 'codeBytes'>;

/**
 * Bytes one row adds to a batch. In fp32 numbers: the residual that goes in, twice (ours and the runtime's); keys and values
 * it continues from, twice; every tensor a block names; values of edited sites fetched and changed, once more
 * (docs/decisions/inner-edits.md); hooks fetched whole, and what is kept of them; a row of the unembedding, twice, and
 * the logits kept. Then the latents its edits are made from.
 */
export function rowBytes(config: ModelConfig, reading: Reading, row: Row): number {
  const { d_model: D, d_mlp: M, n_heads: H, d_vocab: V } = config;
  const { pos, past, context, codeBytes } = row;
  const keys = past + pos;
  const carried = 3 * pos * D + 4 * past * D;
  const inner = 2 * (4 * pos * D + H * pos * keys + 2 * keys * D + 2 * pos * M);
  const read = reading.hooks.reduce((sum, { F, positions }) => sum + 2 * pos * F + positions[context].length * F, 0);
  const wanted = reading.logits[context].length;
  const logits = (wanted + 2 * Math.min(wanted, UNEMBED_ROWS)) * V + 2 * wanted * D;
  return 4 * (carried + blockValues(config, { rows: 1, pos, past }) + inner + read + logits) + codeBytes;
}

/** Multiply-adds × 2 of one row in one block. */
export function batchFlops(config: ModelConfig, { pos, past }: Row): number {
  return blockFlops(config, { rows: 1, pos, past });
}

/** Rows of one call of the unembedding for a batch of `rows` rows: within the time of a call and what `rowBytes` counts. */
export function unembedRows({ d_model: D, d_vocab: V }: ModelConfig, rows: number, wanted: number): number {
  return Math.max(1, Math.min(Math.floor(CALL_FLOPS / (2 * D * V)), rows * Math.min(wanted, UNEMBED_ROWS)));
}
