/** From another library's tensors to ours: shapes checked, matrices turned, a SAELens configuration stated. */
import { listTensors, type DictionaryConfig, type TensorName } from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import { toPart, transpose, type TorchDtype } from '../torch/index.ts';
import type { Candidate, DictionaryFormat, OpenedDictionary } from './opened.ts';
import { createBlob, stateConfig } from './write.ts';
import { noteConstant } from './saelensValues.ts';
import { assertFloat, readValues, SAELENS_DTYPE, type StoredPart } from './stored.ts';

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

/** A tensor as a file stores it, for checking before anything is read. */
interface ForeignTensor {
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
interface Found {
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
      const thresholds = found.get('threshold');
      const told = [...(notes ?? []), ...(thresholds ? noteConstant(await readValues(thresholds)) : [])];
      const stored: DictionaryConfig = { ...config, dtype: SAELENS_DTYPE[found.get('W_dec')!.dtype] };
      return {
        name,
        format,
        config: stored,
        cfgText: JSON.stringify(stateConfig(stored, {}), null, 1),
        parts: ordered,
        extras: [],
        ...(Object.keys(maybeRecord(record) ?? {}).length > 0 && { record }),
        ...(told.length > 0 && { notes: told }),
        bytes: ordered.reduce((n, { data }) => n + data.size, 0),
      };
    },
  };
}

/** Numbers computed here as a part. */
export function partOf(name: TensorName, shape: number[], values: Float32Array<ArrayBuffer>): StoredPart {
  return { name, dtype: 'F32', shape, data: createBlob(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) };
}

/**
 * The transpose of a matrix, in the same number format.
 * @param name what the result is called
 */
export function transposePart({ dtype, shape, data }: StoredPart, name: string): Promise<StoredPart> {
  const strides = [shape[1], 1];
  // Its file has no checksum.
  const verify = () => Promise.resolve();
  return toPart(transpose({ kind: 'tensor', dtype: dtype as TorchDtype, shape, strides, offset: 0, storage: data, verify }), name);
}
