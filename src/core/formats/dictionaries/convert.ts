/** From another library's tensors to ours: shapes checked, matrices turned, a SAELens configuration stated. */
import { listTensors, type DictionaryConfig, type TensorName } from '../../sae/dictionary.ts';
import { FormatError, readBytes } from '../bytes.ts';
import { maybeRecord, quote } from '../text.ts';
import type { Candidate, DictionaryFormat, OpenedDictionary } from './opened.ts';
import { createBlob, stateConfig } from './write.ts';
import { assertFloat, SAELENS_DTYPE, VALUE_BYTES, type StoredPart } from './stored.ts';

/** Wider than any dictionary: keeps products exact; memory is bounded by the tensors themselves. */
export const MAX_SIZE = 2 ** 28;

/** A configuration with nothing said but sizes. */
export function createConfig(
  stated: Partial<DictionaryConfig> & Pick<DictionaryConfig, 'architecture' | 'd_in' | 'd_sae'>,
): DictionaryConfig {
  return {
    d_out: stated.d_in,
    dtype: 'float32',
    apply_b_dec_to_input: false,
    normalize_activations: 'none',
    reshape_activations: 'none',
    hook_name: null,
    hook_name_out: null,
    model_name: null,
    sae_lens_version: null,
    context_size: null,
    prepend_bos: null,
    dataset_path: null,
    training_checkpoint: false,
    ...stated,
  };
}

/** A number of a foreign configuration. @throws FormatError unless it is a whole number from 1 */
export function readCount(value: unknown, key: string, name: string, most = MAX_SIZE): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
    throw new FormatError(`${quote(name)} gives ${key} as ${describe(value)}; it must be a whole number from 1 to ${most}.`);
  }
  return value;
}

/** A JSON value as it may stand in a sentence. */
export function describe(value: unknown): string {
  return value === undefined ? 'nothing' : quote(JSON.stringify(value) ?? typeof value);
}

/** A tensor as a file stores it, for checking before anything is read. */
export interface ForeignTensor {
  shape: readonly number[];
  /** safetensors spelling. */
  dtype: string;
}

/**
 * Every tensor a class has, in its shape.
 * @param expected shapes by the file's own names
 * @param sizes where the sizes come from, for the sentence: "its config.json"
 * @throws FormatError naming the first that is missing or does not fit
 */
export function assertForeign(
  tensors: ReadonlyMap<string, ForeignTensor>,
  expected: Record<string, readonly number[]>,
  kind: string,
  sizes: string,
  file: string,
): void {
  const name = quote(file);
  for (const [key, shape] of Object.entries(expected)) {
    const tensor = tensors.get(key);
    if (!tensor) throw new FormatError(`${name} has no tensor ${key}, which ${kind} needs.`);
    assertFloat({ name: key, dtype: tensor.dtype }, file);
    if (tensor.shape.join() !== shape.join()) {
      throw new FormatError(
        `${name} stores ${key} as [${tensor.shape.slice(0, 8).join(', ')}], but ${sizes} asks for [${shape.join(', ')}].`,
      );
    }
  }
}

/** What an importer found; `parts` reads and turns the tensors. */
export interface Found {
  name: string;
  format: DictionaryFormat;
  config: DictionaryConfig;
  bytes: number;
  record?: unknown;
  notes?: string[];
  parts: () => Promise<StoredPart[]>;
}

export function createCandidate({ name, format, config, bytes, record, notes, parts }: Found): Candidate {
  return {
    name,
    format,
    config,
    bytes,
    async open(): Promise<OpenedDictionary> {
      const found = new Map((await parts()).map((part) => [part.name, part]));
      const ordered = listTensors(config).flatMap((spec) => found.get(spec.name) ?? []);
      const stored: DictionaryConfig = { ...config, dtype: SAELENS_DTYPE[found.get('W_dec')!.dtype] };
      return {
        name,
        format,
        config: stored,
        cfgText: JSON.stringify(stateConfig(stored, {}), null, 1),
        parts: ordered,
        extras: [],
        ...(maybeRecord(record) && { record }),
        ...(notes && notes.length > 0 && { notes }),
        bytes: ordered.reduce((n, { data }) => n + data.size, 0),
      };
    },
  };
}

/** Numbers computed here as a part. */
export function partOf(name: TensorName, shape: number[], values: Float32Array<ArrayBuffer>): StoredPart {
  return { name, dtype: 'F32', shape, data: createBlob(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) };
}

/** Bytes of the source read at a time while a matrix is turned. */
const SLICE_BYTES = 4 * 2 ** 20;
/** Square copied at a time, so that reads and writes both stay in the cache. */
const BLOCK = 32;

/**
 * The transpose of a matrix, in the same number format; a slice of the source and the result are held.
 * @param name what the result is called
 */
export async function transposePart({ dtype, shape: [rows, columns], data }: StoredPart, name: string): Promise<StoredPart> {
  const size = VALUE_BYTES[dtype];
  const target = new Uint8Array(data.size);
  const write = createWords(target, size);
  const rowsAtOnce = Math.max(BLOCK, Math.floor(SLICE_BYTES / (columns * size) / BLOCK) * BLOCK);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - first);
    const read = createWords(await readBytes(data, first * columns * size, count * columns * size), size);
    for (let r0 = 0; r0 < count; r0 += BLOCK) {
      const r1 = Math.min(count, r0 + BLOCK);
      for (let c0 = 0; c0 < columns; c0 += BLOCK) {
        const c1 = Math.min(columns, c0 + BLOCK);
        for (let c = c0; c < c1; c++) for (let r = r0; r < r1; r++) write[c * rows + first + r] = read[r * columns + c];
      }
    }
  }
  return { name, dtype, shape: [columns, rows], data: createBlob(target) };
}

type Words = Uint16Array | Uint32Array | Float64Array;

/** Bits of numbers are moved, never looked at; a double keeps its bits through an element assignment unless it is NaN, which is refused later. */
function createWords(bytes: Uint8Array<ArrayBuffer>, size: number): Words {
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const length = bytes.length / size;
  if (size === 2) return new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  if (size === 4) return new Uint32Array(aligned.buffer, aligned.byteOffset, length);
  return new Float64Array(aligned.buffer, aligned.byteOffset, length);
}
