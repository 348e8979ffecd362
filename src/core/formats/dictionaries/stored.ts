/**
 * Tensors of a dictionary as they lie in a file: located, checked number by number in slices, widened
 * on demand. Their bytes are never copied, so that an export can give back exactly what came in.
 */
import { throwIfStopped, type Stop } from '../../errors.ts';
import { assertFinite, widen } from '../../lm/weightLayout.ts';
import { FormatError, readBytes, type BlobLike, type FloatDtype } from '../bytes.ts';
import { readSafetensorsHeader } from '../safetensors.ts';
import { decodeText } from '../text.ts';
import { quote } from '../words.ts';

/** One tensor with its bytes; plain data, so that a store can keep `data` as a Blob of its own. */
export interface StoredPart {
  name: string;
  /** safetensors spelling: F32, F16, BF16, F64. */
  dtype: string;
  shape: number[];
  /** Exactly this tensor's bytes, little-endian, row-major. */
  data: BlobLike;
}

/** Bytes of a tensor read at a time; a multiple of every number size. */
const SLICE_BYTES = 4 * 2 ** 20;

/** A dictionary has a dozen tensors; a longer header (the container allows 100 MB) is something else. */
const MAX_HEADER_BYTES = 2 ** 20;

const LENGTH_BYTES = 8;

/** Space looked through for the colon behind a key; writers put none. */
const MAX_SPACE = 64;

/** Bytes of a number by its safetensors spelling. */
const VALUE_BYTES: Record<string, number> = { F32: 4, F16: 2, BF16: 2, F64: 8 };

/**
 * Locates the tensors of a safetensors file; no tensor is read.
 * @returns in file order
 * @throws FormatError when the container is damaged, too large in its header, or names a tensor twice
 */
export async function readStoredParts(file: BlobLike, name: string): Promise<StoredPart[]> {
  await refuseLongHeader(file, name);
  const entries = await readSafetensorsHeader(file, name);
  await refuseTwiceNamed(file, name);
  return entries.map(({ name, dtype, shape, offset, length }) => ({ name, dtype, shape, data: file.slice(offset, offset + length) }));
}

async function refuseLongHeader(file: BlobLike, name: string): Promise<void> {
  if (file.size <= MAX_HEADER_BYTES) return;
  const length = await readHeaderLength(file);
  if (length > MAX_HEADER_BYTES && length + LENGTH_BYTES <= file.size) {
    throw new FormatError(
      `${quote(name)} has a header of ${length} bytes, far more than a dictionary needs. It is probably not a dictionary.`,
    );
  }
}

async function readHeaderLength(file: BlobLike): Promise<number> {
  const head = await readBytes(file, 0, LENGTH_BYTES);
  const view = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES);
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
}

/** JSON keeps the last of two equal names, so which one counts would be chance. */
async function refuseTwiceNamed(file: BlobLike, name: string): Promise<void> {
  const text = decodeText(await readBytes(file, LENGTH_BYTES, await readHeaderLength(file)));
  const seen = new Set<string>();
  for (const key of listTopKeys(text)) {
    if (seen.has(key)) throw new FormatError(`${quote(name)} names the tensor ${quote(key)} twice, so it is not clear which one counts.`);
    seen.add(key);
  }
}

/** Keys of a valid JSON object as written, repeats included. */
function listTopKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (depth === 1 && /^\s*:/.test(text.slice(i + 1, i + 1 + MAX_SPACE))) keys.push(JSON.parse(text.slice(start, i + 1)) as string);
    }
  }
  return keys;
}

/** safetensors spelling → SAELens spelling. */
export const SAELENS_DTYPE: Record<string, string> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', F64: 'float64' };

/** @throws FormatError when the numbers are of a kind that weights are not stored in */
export function assertFloat({ name, dtype }: Pick<StoredPart, 'name' | 'dtype'>, file: string): void {
  if (!(dtype in VALUE_BYTES)) {
    throw new FormatError(`${quote(file)} stores ${quote(name)} as ${dtype}; weights must be F32, F16, BF16 or F64.`);
  }
}

/**
 * Reads every number once and keeps none.
 * @param onBytes told how many bytes were read just now
 * @throws FormatError at the first NaN or infinity; AbortedError when `stop` says so
 */
export async function checkValues(part: StoredPart, onBytes?: (bytes: number) => void, stop?: Stop): Promise<void> {
  await readSlices(part, () => undefined, onBytes, stop);
}

/**
 * Reads a tensor in fp32; F64 is rounded.
 * @returns row-major, owned by the caller
 * @throws FormatError at the first NaN or infinity; AbortedError when `stop` says so
 */
export async function readValues(part: StoredPart, stop?: Stop): Promise<Float32Array<ArrayBuffer>> {
  const target = new Float32Array(part.data.size / VALUE_BYTES[part.dtype]);
  await readSlices(part, (values, first) => target.set(values, first), undefined, stop);
  return target;
}

async function readSlices(
  { name, dtype, data }: StoredPart,
  take: (values: Float32Array<ArrayBuffer>, first: number) => void,
  onBytes?: (bytes: number) => void,
  stop?: Stop,
): Promise<void> {
  const size = VALUE_BYTES[dtype];
  for (let offset = 0; offset < data.size; offset += SLICE_BYTES) {
    throwIfStopped(stop);
    const bytes = await readBytes(data, offset, Math.min(SLICE_BYTES, data.size - offset));
    const values = new Float32Array(bytes.length / size);
    if (dtype === 'F64') values.set(new Float64Array(bytes.buffer, bytes.byteOffset, values.length));
    else widen(bytes, dtype as FloatDtype, values);
    assertFinite(values, quote(name), offset / size);
    take(values, offset / size);
    onBytes?.(bytes.length);
  }
}
