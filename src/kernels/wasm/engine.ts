/** Dictionaries on WASM SIMD: one memory for each dictionary in use, dropped whole when it goes. */
import { EngineError } from '../../core/errors.ts';
import type { DecodeOptions } from '../../core/sae/decode.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { chooseRows, type SaeEngine } from '../engine.ts';
import { DecoderSpace } from './decoderSpace.ts';
import { EncoderSpace, packedBytes } from './encoderSpace.ts';
import type { WasmBuild } from './kernels.ts';

/** Bytes of all kept dictionaries together; a larger one is packed a panel at a time at every call. */
const KEPT_BYTES = 192 * 2 ** 20;
/** Browsers set address space aside for every memory. */
const KEPT_DICTIONARIES = 8;
const TILE_ROWS = 4;
/** Numbers of the heaps of one block of topk rows. */
const HEAP_VALUES = 2 ** 20;

export class WasmEngine implements SaeEngine {
  readonly kernels;
  readonly #module: WebAssembly.Module;
  readonly #limit: number;
  /** Least recently used first. */
  readonly #kept = new Map<Dictionary, EncoderSpace>();
  #decoder: DecoderSpace | undefined;

  /** @param limit bytes kept, for tests */
  constructor(module: WebAssembly.Module, build: WasmBuild, limit = KEPT_BYTES) {
    this.kernels = `wasm-${build}` as const;
    this.#module = module;
    this.#limit = limit;
  }

  rowsAtOnce(dictionary: Dictionary): number {
    return chooseRows(dictionary, TILE_ROWS, HEAP_VALUES);
  }

  async encode(dictionary: Dictionary, x: Float32Array) {
    return this.#space(dictionary).encode(x);
  }

  async decode(dictionary: Dictionary, latents: Latents, o: DecodeOptions = {}) {
    const { d_out } = dictionary.config;
    if (!this.#decoder || this.#decoder.width < d_out || this.#decoder.width >= d_out + TILE_ROWS) {
      this.#decoder = this.#make(() => new DecoderSpace(this.#module, d_out));
    }
    return this.#decoder.decode(dictionary, latents, o);
  }

  forget(dictionary: Dictionary): void {
    this.#kept.delete(dictionary);
  }

  keptBytes(): number {
    return [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes, this.#decoder?.bytes ?? 0);
  }

  #space(dictionary: Dictionary): EncoderSpace {
    const known = this.#kept.get(dictionary);
    this.#kept.delete(dictionary);
    const space = known ?? this.#create(dictionary);
    this.#kept.set(dictionary, space);
    return space;
  }

  #create(dictionary: Dictionary): EncoderSpace {
    const create = (isKept: boolean) => new EncoderSpace(this.#module, dictionary, this.rowsAtOnce(dictionary), isKept);
    const bytes = packedBytes(dictionary.config);
    const isKept = bytes <= this.#limit;
    this.#makeRoom(isKept ? bytes : 0);
    try {
      return create(isKept);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#kept.clear();
      return this.#make(() => create(false));
    }
  }

  /** Forgets dictionaries not used for longest. */
  #makeRoom(bytes: number): void {
    let total = bytes + [...this.#kept.values()].reduce((sum, space) => sum + space.bytes, 0);
    for (const [dictionary, space] of this.#kept) {
      if (total <= this.#limit && this.#kept.size < KEPT_DICTIONARIES) return;
      this.#kept.delete(dictionary);
      total -= space.bytes;
    }
  }

  #make<T>(create: () => T): T {
    try {
      return create();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const advice = 'Close other tabs or choose a smaller dictionary; nothing you wrote is lost.';
      throw new EngineError(`There is not enough memory for this dictionary. ${advice}`, { cause: error });
    }
  }
}
