/** What opening a dictionary's files gives, whatever their format. */
import type { Stop } from '../../errors.ts';
import type { Dictionary, DictionaryConfig, TensorName } from '../../sae/dictionary.ts';
import type { BlobLike } from '../bytes.ts';
import { readValues, type StoredPart } from './stored.ts';

/** Where a dictionary came from; decides what an export must rewrite. */
export type DictionaryFormat =
  'saelens' | 'saelens-pre6' | 'tied' | 'sparsify' | 'dictionary_learning' | 'openai' | 'sparse_coding' | '1L-sae' | 'gemma-scope';

/** A dictionary whose files were checked; plain data but for the blobs, which a store may replace by its own. */
export interface OpenedDictionary {
  /** Folder name, or the hook when there is none; for a person. */
  name: string;
  format: DictionaryFormat;
  config: DictionaryConfig;
  /** cfg.json as it was; for formats without one, what SAELens would write. */
  cfgText: string;
  /** In SAELens's names and layout: in file order, or for other formats in that of `listTensors`. */
  parts: StoredPart[];
  /** Small files that belong to it and are given back by an export: sparsity.safetensors, featurescope.json, ... */
  extras: { name: string; data: BlobLike }[];
  /** log10(firing frequency + 1e-10) per latent, from sparsity.safetensors. [d_sae] */
  sparsity?: Float32Array<ArrayBuffer>;
  /** What is known of the training: featurescope.json, else metadata.training of cfg.json, else the foreign configuration. */
  record?: unknown;
  /** Sentences of the import report that stay true for as long as it is kept. */
  notes?: string[];
  /** Bytes of the tensors. */
  bytes: number;
}

/** What its numbers are read from. */
export type UnreadDictionary = Pick<OpenedDictionary, 'config' | 'parts'>;

/** A dictionary that was found and whose sizes are known; its tensors are read by `open`. */
export interface Candidate extends Pick<OpenedDictionary, 'name' | 'format' | 'config' | 'bytes'> {
  /** @throws FormatError */
  open(): Promise<OpenedDictionary>;
}

/**
 * Reads a dictionary's numbers.
 * @throws FormatError when a number is NaN or infinite, or the blobs are shorter than they were
 */
export async function readDictionary({ config, parts }: UnreadDictionary, stop?: Stop): Promise<Dictionary> {
  const tensors: Dictionary['tensors'] = {};
  for (const part of parts) tensors[part.name as TensorName] = await readValues(part, stop);
  return { config, tensors };
}
