/** Rows through the kernels, in pieces that let messages in between. */
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import type { EncodeArriving } from './forwardJob.ts';
import { nextTask } from './runtime.ts';

/**
 * As the engine's `encode`, for any number of rows.
 * @param x [n, d_in], raw rows of the dictionary's hook
 * @throws AbortedError between pieces
 */
export async function encodeRows(engine: SaeEngine, dictionary: Dictionary, x: Float32Array, stop?: Stop): Promise<Latents> {
  const { d_in, d_sae } = dictionary.config;
  const n = x.length / d_in;
  const rowsAtOnce = engine.rowsAtOnce(dictionary);
  const pieces: Latents[] = [];
  for (let first = 0; first < n; first += rowsAtOnce) {
    throwIfStopped(stop);
    pieces.push(await engine.encode(dictionary, x.subarray(first * d_in, Math.min(n, first + rowsAtOnce) * d_in)));
    if (first + rowsAtOnce < n) await nextTask();
  }
  return joinRows(pieces, n, d_sae);
}

/** What a forward pass encodes with for edits through a dictionary. */
export function kernelEncoder(engine: SaeEngine, stop?: Stop): EncodeArriving {
  return (dictionary, x) => encodeRows(engine, dictionary, x, stop);
}

/** Rows of several pieces one after the other, n in all. */
function joinRows(pieces: readonly Latents[], n: number, d_sae: number): Latents {
  const rows = new Uint32Array(n + 1);
  let row = 0;
  let entries = 0;
  for (const piece of pieces) {
    for (let r = 1; r < piece.rows.length; r++) rows[++row] = entries + piece.rows[r];
    entries += piece.latents.length;
  }
  const latents = new Uint32Array(entries);
  const values = new Float32Array(entries);
  let at = 0;
  for (const piece of pieces) {
    latents.set(piece.latents, at);
    values.set(piece.values, at);
    at += piece.latents.length;
  }
  const perRow = (key: 'scale' | 'shift') =>
    pieces.some((piece) => piece[key]) ? { [key]: Float32Array.from(pieces.flatMap((piece) => [...piece[key]!])) } : {};
  return { rows, latents, values, d_sae, ...perRow('scale'), ...perRow('shift') };
}
