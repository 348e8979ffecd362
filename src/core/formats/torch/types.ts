/** What a PyTorch file holds, as plain records. */
import type { BlobLike } from '../bytes.ts';

/** Number formats in safetensors spelling. */
export type TorchDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

export const TORCH_DTYPE_BYTES: Record<TorchDtype, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A view into a storage; every element it reaches lies within the storage, and it has no more elements than the storage. */
export interface TorchTensor {
  kind: 'tensor';
  dtype: TorchDtype;
  shape: readonly number[];
  /** In elements, one per dimension, never negative. */
  strides: readonly number[];
  /** First element in the storage. */
  offset: number;
  /** The whole storage, little-endian; a slice of the file, unless it was packed. */
  storage: BlobLike;
  /**
   * Compares the storage with the checksum the zip holds (once; later calls are free). Reads all of it, so it is not done
   * on opening. The container of before 1.6 has no checksums.
   * @throws FormatError when they differ
   */
  verify: () => Promise<void>;
}

/** An object of a class on the list: its attributes, nothing of the class. */
export interface TorchObject {
  kind: 'object';
  /** `autoencoders.learned_dict.TiedSAE`. */
  className: string;
  state: Map<string, TorchValue>;
}

export type TorchKey = string | number | boolean;

/** A dict, in the file's order. */
export type TorchDict = Map<TorchKey, TorchValue>;

/**
 * Lists, tuples and torch.Size are arrays; whole numbers beyond 2^53 are bigints; dtypes and devices are strings
 * ("torch.float32", "cuda:0"). Never circular, at most 100 deep.
 */
export type TorchValue = null | boolean | number | bigint | string | readonly TorchValue[] | TorchDict | TorchTensor | TorchObject;

export function isTensor(value: TorchValue | undefined): value is TorchTensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}

export function isObject(value: TorchValue | undefined): value is TorchObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'object';
}
