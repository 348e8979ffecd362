/** Decoding in WASM: the directions of active latents are staged as they are met, whatever the dictionary's size. */
import { createDecodeFrame, type DecodeOptions } from '../../core/sae/decode.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { getPlan } from '../../core/sae/plan.ts';
import { Arena } from './arena.ts';
import { instantiate, type Kernels } from './kernels.ts';

/** Directions held at a time: 4 MB, or one direction where that is more. */
const STAGE_VALUES = 2 ** 20;
/** Entries of a row handed over at a time. */
const CALL_ENTRIES = 4096;
const LANES = 4;

export class DecoderSpace {
  private readonly arena: Arena;
  private readonly kernels: Kernels;
  /** d_out up to the next multiple of four. */
  readonly width: number;
  private readonly slots: number;
  private readonly at: Record<'staged' | 'sum' | 'slots' | 'values', number>;

  /**
   * @param d_out numbers of a direction
   * @throws RangeError when there is no memory
   */
  constructor(module: WebAssembly.Module, d_out: number) {
    this.width = Math.ceil(d_out / LANES) * LANES;
    this.slots = Math.max(1, Math.floor(STAGE_VALUES / this.width));
    const staged = 4 * this.slots * this.width;
    this.arena = new Arena(staged + 4 * this.width + 8 * CALL_ENTRIES);
    this.at = {
      staged: this.arena.reserve(staged),
      sum: this.arena.reserve(4 * this.width),
      slots: this.arena.reserve(4 * CALL_ENTRIES),
      values: this.arena.reserve(4 * CALL_ENTRIES),
    };
    this.kernels = instantiate(module, this.arena);
  }

  get bytes(): number {
    return this.arena.bytes;
  }

  /** As core's `decode`. */
  decode(dictionary: Dictionary, latents: Latents, o: DecodeOptions): Float32Array<ArrayBuffer> {
    const { d_out, d_sae } = dictionary.config;
    const frame = createDecodeFrame(dictionary, latents, o);
    const { decoder, decoderGain } = getPlan(dictionary);
    const { arena, at, width } = this;
    const staged = arena.floats(at.staged, this.slots * width);
    const sum = arena.floats(at.sum, width);
    const slots = arena.words(at.slots, CALL_ENTRIES);
    const values = arena.floats(at.values, CALL_ENTRIES);
    // Slot + 1 of a latent whose direction is staged; 0: not staged.
    const slotOf = new Uint32Array(d_sae);
    const occupants: number[] = [];
    let pending = 0;
    const flush = () => {
      this.kernels.addDirections(at.sum, width, at.slots, at.values, pending, at.staged);
      pending = 0;
    };
    const stage = (latent: number): number => {
      if (occupants.length === this.slots) {
        // The entries waiting refer to what is about to be overwritten.
        flush();
        for (const old of occupants.splice(0)) slotOf[old] = 0;
      }
      staged.set(decoder.subarray(latent * d_out, (latent + 1) * d_out), occupants.length * width);
      return (slotOf[latent] = occupants.push(latent));
    };
    const decoded = new Float32Array(frame.n * d_out);
    const row64 = new Float64Array(d_out);
    for (let row = 0; row < frame.n; row++) {
      sum.fill(0);
      for (let e = latents.rows[row]; e < latents.rows[row + 1]; e++) {
        const latent = latents.latents[e];
        const slot = slotOf[latent] || stage(latent);
        slots[pending] = slot - 1;
        values[pending++] = latents.values[e] * (decoderGain ? decoderGain[latent] : 1);
        if (pending === CALL_ENTRIES) flush();
      }
      flush();
      row64.set(sum.subarray(0, d_out));
      frame.finishRow(row, row64, decoded);
    }
    return decoded;
  }
}
