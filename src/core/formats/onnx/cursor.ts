/**
 * Walks protobuf fields of a file of any size through a small window. Fields are located, not
 * read; a caller that does not ask for a field's bytes never loads them, so weights are skipped.
 */
import { FormatError, readBytes, type BlobLike } from '../bytes.ts';

const WINDOW_BYTES = 65_536;
/** A tag and a length or value, each at most 10 bytes. */
const FIELD_HEAD_BYTES = 20;

/** Wire types of the protobuf encoding; groups (3, 4) do not occur in ONNX. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field: its payload lies at [start, end) in the file; `value` is set for varints only. */
export interface Field {
  number: number;
  wire: number;
  value: number;
  start: number;
  end: number;
}

export class Cursor {
  readonly name: string;
  readonly #file: BlobLike;
  #window = new Uint8Array(0);
  #windowStart = 0;
  #pos = 0;

  /** @param name the file's name for sentences */
  constructor(file: BlobLike, name: string) {
    this.#file = file;
    this.name = name;
  }

  get size(): number {
    return this.#file.size;
  }

  /**
   * Calls `visit` for each field in [start, end), in file order. A visitor may walk inside the field.
   * @throws FormatError where the bytes are not protobuf or a field runs over `end`
   */
  async walk(start: number, end: number, visit: (field: Field) => Promise<void> | void): Promise<void> {
    let pos = start;
    while (pos < end) {
      if (!this.#holds(pos, Math.min(pos + FIELD_HEAD_BYTES, end))) await this.#fill(pos);
      const field = this.#readField(pos, end);
      const pending = visit(field);
      if (pending) await pending;
      pos = field.end;
    }
  }

  /** The payload of a field, at most `most` bytes. Throws FormatError when it is longer. */
  async bytes(field: Field, most: number): Promise<Uint8Array> {
    const length = field.end - field.start;
    if (length > most) throw this.damaged(`a field of ${length} bytes stands where at most ${most} are expected`);
    if (length > WINDOW_BYTES) return readBytes(this.#file, field.start, length);
    if (!this.#holds(field.start, field.end)) await this.#fill(field.start);
    const from = field.start - this.#windowStart;
    return this.#window.subarray(from, from + length);
  }

  damaged(what: string): FormatError {
    return new FormatError(`${this.name} is not a readable ONNX file: ${what}. It may be damaged or cut off; copy or download it again.`);
  }

  #holds(start: number, end: number): boolean {
    return start >= this.#windowStart && end <= this.#windowStart + this.#window.length;
  }

  async #fill(start: number): Promise<void> {
    this.#window = await readBytes(this.#file, start, Math.min(WINDOW_BYTES, this.#file.size - start));
    this.#windowStart = start;
  }

  #readField(pos: number, end: number): Field {
    this.#pos = pos;
    const tag = this.#readVarint(end);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1 || number > 0x1fffffff) throw this.damaged(`byte ${pos} begins no field`);
    if (wire === WIRE.varint) {
      const start = this.#pos;
      const value = this.#readVarint(end);
      return { number, wire, value, start, end: this.#pos };
    }
    const length = wire === WIRE.bytes ? this.#readVarint(end) : wire === WIRE.fixed32 ? 4 : wire === WIRE.fixed64 ? 8 : -1;
    const start = this.#pos;
    if (length < 0) throw this.damaged(`byte ${pos} begins no field`);
    if (length > end - start) throw this.damaged(`at byte ${pos} it announces ${length} bytes where ${end - start} are left`);
    return { number, wire, value: 0, start, end: start + length };
  }

  /** A signed 64-bit varint; exact up to 2^53 either way. */
  #readVarint(end: number): number {
    let value = 0;
    let scale = 1;
    const stop = Math.min(end, this.#pos + 10);
    for (let first = this.#pos; this.#pos < stop; scale *= 128) {
      const byte = this.#window[this.#pos++ - this.#windowStart];
      value += (byte & 127) * scale;
      if (byte < 128) return this.#pos - first === 10 ? this.#readNegative(first) : value;
    }
    throw this.damaged(`the number at byte ${this.#pos} does not end`);
  }

  /** Ten-byte varints are negative int64 values, which doubles cannot hold unsigned. */
  #readNegative(first: number): number {
    let value = 0n;
    for (let i = 9; i >= 0; i--) value = value * 128n + BigInt(this.#window[first + i - this.#windowStart] & 127);
    return Number(BigInt.asIntN(64, value));
  }
}
