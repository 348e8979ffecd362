/**
 * Reads the header of a safetensors file: 8 bytes of length (little-endian), JSON, then the tensor
 * bytes back to back. Weights are not read here, only located. As in the reference implementation
 * the entries must cover the data exactly; that also catches a name given twice, since the entry
 * JSON drops leaves a hole.
 */
import { FormatError, readBytes, type BlobLike, type Checkpoint, type FloatDtype, type StoredTensor } from './bytes.ts';
import { decodeText, parseJson, refuseImpostor } from './text.ts';
import { maybeRecord, quote } from './words.ts';
import { encodeText } from './utf8.ts';

/** The reference implementation's cap. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/** Bits per value of every dtype the format names. */
// prettier-ignore
const DTYPE_BITS: Record<string, number> = {
  BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6,
  I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64,
};

/** One tensor of the header. `offset` counts from the start of the file; offset and length are bytes. */
interface SafetensorsEntry {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
  length: number;
}

/** A checkpoint that also remembers why some tensors of the file cannot serve as weights. */
export interface CheckpointWithUnusable extends Checkpoint {
  /** Tensor name → its dtype (I64, F8_E4M3, ...). */
  unusable?: Map<string, string>;
}

/**
 * @param name the file's name for sentences
 * @returns every tensor, in file order
 * @throws FormatError when the header is not what the format asks for or the file is cut off
 */
export async function readSafetensorsHeader(file: BlobLike, name = 'model.safetensors'): Promise<SafetensorsEntry[]> {
  return (await openSafetensors(file, name)).entries;
}

/** The same with what stands under __metadata__, which the format asks to be an object of strings; {} where nothing does. */
export async function openSafetensors(
  file: BlobLike,
  name: string,
): Promise<{ entries: SafetensorsEntry[]; metadata: Record<string, unknown> }> {
  await refuseImpostor(file, name, 'safetensors file');
  const headerBytes = await readHeaderLength(file, name);
  const text = decodeText(await readBytes(file, LENGTH_BYTES, headerBytes));
  if (!text.startsWith('{')) throw new FormatError(`${name} is not a safetensors file: its header does not begin with "{".`);
  const header = maybeRecord(parseJson(text, `The header of ${name}`));
  if (!header) throw new FormatError(`The header of ${name} is not a JSON object.`);
  const dataStart = LENGTH_BYTES + headerBytes;
  const entries = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => readEntry(key, value, dataStart, file.size, name))
    .sort((a, b) => a.offset - b.offset || a.length - b.length);
  refuseGaps(entries, dataStart, file.size, name);
  return { entries, metadata: maybeRecord(header.__metadata__) ?? {} };
}

/**
 * @returns the file's F32, F16 and BF16 tensors by name; others are listed in `unusable`
 * @throws FormatError as readSafetensorsHeader
 */
export async function readSafetensors(file: BlobLike, name = 'model.safetensors'): Promise<CheckpointWithUnusable> {
  const tensors = new Map<string, StoredTensor>();
  const unusable = new Map<string, string>();
  for (const entry of await readSafetensorsHeader(file, name)) {
    const { dtype, shape, offset, length } = entry;
    if (isFloatDtype(dtype)) tensors.set(entry.name, { dtype, shape, transposed: false, file, offset, length });
    else unusable.set(entry.name, dtype);
  }
  return { format: 'safetensors', tensors, unusable };
}

async function readHeaderLength(file: BlobLike, name: string): Promise<number> {
  if (file.size < LENGTH_BYTES + 2) {
    throw new FormatError(`${name} has only ${file.size} bytes, too few for a safetensors file. Copy or download it again.`);
  }
  const head = await readBytes(file, 0, LENGTH_BYTES);
  const view = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length < 2 || length > MAX_HEADER_BYTES) {
    throw new FormatError(`${name} is not a safetensors file: its first eight bytes give a header of ${length} bytes.`);
  }
  if (LENGTH_BYTES + length > file.size) {
    throw new FormatError(
      `${name} ends inside its header (${length} bytes announced, file of ${file.size}). It was probably cut off while being copied.`,
    );
  }
  return length;
}

function readEntry(key: string, value: unknown, dataStart: number, fileSize: number, name: string): SafetensorsEntry {
  const tensor = `${name}, tensor ${quote(key)}:`;
  const entry = maybeRecord(value);
  if (!entry) throw new FormatError(`${tensor} its entry is not a JSON object.`);
  const { dtype, shape, data_offsets: range } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BITS, dtype)) {
    throw new FormatError(`${tensor} the number format ${quote(JSON.stringify(dtype) ?? 'missing')} is unknown.`);
  }
  if (!isSizes(shape)) throw new FormatError(`${tensor} its shape is not a list of whole numbers.`);
  if (!isSizes(range) || range.length !== 2 || range[0] > range[1]) {
    throw new FormatError(`${tensor} its data_offsets are not two rising whole numbers.`);
  }
  const [begin, end] = range;
  const bits = shape.reduce((n, size) => n * size, DTYPE_BITS[dtype]);
  if (bits !== (end - begin) * 8) {
    throw new FormatError(
      `${tensor} shape [${shape.slice(0, 8).join(', ')}] of ${dtype} needs ${bits / 8} bytes, but its offsets span ${end - begin}.`,
    );
  }
  if (dataStart + end > fileSize) {
    throw new FormatError(
      `${tensor} its data ends at byte ${dataStart + end}, but the file has ${fileSize}. It was probably cut off while being copied.`,
    );
  }
  return { name: key, dtype, shape, offset: dataStart + begin, length: end - begin };
}

function refuseGaps(entries: SafetensorsEntry[], dataStart: number, fileSize: number, name: string): void {
  let covered = dataStart;
  for (const entry of entries) {
    if (entry.offset < covered) throw new FormatError(`${name} is damaged: tensor ${quote(entry.name)} overlaps another.`);
    if (entry.offset > covered) {
      throw new FormatError(
        `${name} is damaged: ${entry.offset - covered} bytes before tensor ${quote(entry.name)} belong to no tensor (a name may be given twice).`,
      );
    }
    covered += entry.length;
  }
  if (covered !== fileSize) throw new FormatError(`${name} is damaged: ${fileSize - covered} bytes at its end belong to no tensor.`);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 32 && value.every((v) => Number.isSafeInteger(v) && (v as number) >= 0);
}

function isFloatDtype(dtype: string): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** The reference writer pads headers so that the data begins at a multiple of this. */
const HEADER_ALIGNMENT = 8;

const SPACE = 0x20;

/** A tensor to be written: its bytes little-endian, row-major. */
interface SafetensorsPart {
  name: string;
  /** As the format spells it. */
  dtype: string;
  shape: number[];
  data: BlobLike;
}

/**
 * A safetensors file from tensors in the order given.
 * @param metadata stands under __metadata__
 * @returns its parts: the header, then each tensor's own bytes
 */
export function writeSafetensors(
  parts: readonly SafetensorsPart[],
  metadata?: Record<string, string>,
): (BlobLike | Uint8Array<ArrayBuffer>)[] {
  let end = 0;
  const entries = parts.map(({ name, dtype, shape, data }): [string, object] => [
    name,
    { dtype, shape, data_offsets: [end, (end += data.size)] },
  ]);
  const json = JSON.stringify({ ...(metadata && { __metadata__: metadata }), ...Object.fromEntries(entries) });
  const bytes = encodeText(json);
  const header = new Uint8Array(Math.ceil(bytes.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT).fill(SPACE);
  header.set(bytes);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return [length, header, ...parts.map(({ data }) => data)];
}
