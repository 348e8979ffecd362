/**
 * The inner loops of reading weights: widening to fp32, finding numbers that are none, and
 * laying a piece of a stored matrix into its final place. Typed arrays are little-endian, as on
 * every machine with a browser.
 */
import { FormatError, type FloatDtype } from '../formats/bytes.ts';

/** A rectangle of a stored matrix. */
export interface Block {
  row: number;
  rows: number;
  column: number;
  columns: number;
}

/** Edge of the squares a transpose works in: 64 rows of 64 floats stay in the first-level cache. */
const TILE = 64;

let halfTable: Float32Array | undefined;

/** Every fp16 value as fp32, by bit pattern (256 KB, made on first use). */
function getHalfTable(): Float32Array {
  if (!halfTable) halfTable = Float32Array.from({ length: 65_536 }, (_, bits) => widenHalf(bits));
  return halfTable;
}

function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Widens stored numbers to fp32, exactly.
 * @param bytes little-endian, at an offset aligned to its number size
 * @param target as many values; written
 */
export function widen(bytes: Uint8Array<ArrayBuffer>, dtype: FloatDtype, target: Float32Array<ArrayBuffer>): void {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return target.set(new Float32Array(buffer, byteOffset, byteLength / 4));
  const source = new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (dtype === 'F16') {
    const table = getHalfTable();
    for (let i = 0; i < source.length; i++) target[i] = table[source[i]];
  } else {
    const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
    for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  }
}

/**
 * @param first index of values[0] in the whole tensor, for the sentence
 * @throws FormatError naming the tensor at the first NaN or infinity
 */
export function assertFinite(values: Float32Array<ArrayBuffer>, name: string, first: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7f800000) === 0x7f800000) {
      const found = Number.isNaN(values[i]) ? 'not a number (NaN)' : 'infinite';
      throw new FormatError(
        `${name} holds a value that is ${found}, at position ${first + i}. The file is damaged, or overflowed when it was converted; get another copy.`,
      );
    }
  }
}

/**
 * Writes a block into `target`, whose rows are `width` long.
 * @param values the block, row-major
 * @param turned whether target is the transpose of what is stored
 * @param order new index of each output feature (stored columns, or rows when turned); absent: unchanged
 */
export function placeBlock(
  values: Float32Array,
  block: Block,
  target: Float32Array,
  width: number,
  turned: boolean,
  order: Uint32Array | undefined,
): void {
  if (turned) placeTurned(values, block, target, width, order);
  else placeStraight(values, block, target, width, order);
}

function placeStraight(values: Float32Array, block: Block, target: Float32Array, width: number, order: Uint32Array | undefined): void {
  for (let r = 0; r < block.rows; r++) {
    const to = (block.row + r) * width;
    const from = r * block.columns;
    for (let c = 0; c < block.columns; c++) {
      const column = block.column + c;
      target[to + (order ? order[column] : column)] = values[from + c];
    }
  }
}

function placeTurned(values: Float32Array, block: Block, target: Float32Array, width: number, order: Uint32Array | undefined): void {
  for (let r0 = 0; r0 < block.rows; r0 += TILE) {
    const r1 = Math.min(r0 + TILE, block.rows);
    for (let c0 = 0; c0 < block.columns; c0 += TILE) {
      const c1 = Math.min(c0 + TILE, block.columns);
      for (let c = c0; c < c1; c++) {
        const to = (block.column + c) * width;
        for (let r = r0; r < r1; r++) {
          const row = block.row + r;
          target[to + (order ? order[row] : row)] = values[r * block.columns + c];
        }
      }
    }
  }
}
