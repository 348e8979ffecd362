/**
 * Where bytes come from. Readers take slices, so a file of any size is never held whole.
 * A DOM `Blob`, a `File` and Node's `Blob` all fit.
 */
export interface BlobLike {
  readonly size: number;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Number formats a stored weight may have. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export const BYTES_PER_VALUE: Record<FloatDtype, number> = { F32: 4, F16: 2, BF16: 2 };

/** One parameter as it lies in a file. */
export interface StoredTensor {
  dtype: FloatDtype;
  /** Shape as stored. */
  shape: number[];
  /**
   * True when a Linear weight lies [in, out] (most ONNX exports), false for [out, in]
   * (checkpoints). Meaningless for vectors and embeddings, which set it false.
   */
  transposed: boolean;
  file: BlobLike;
  /** First byte in `file`. */
  offset: number;
  /** Bytes; equals product(shape) × bytes per value. */
  length: number;
}

/** A file that can be read and that says something wrong. The message is a sentence for a person. */
export class FormatError extends Error {
  override name = 'FormatError';
  readonly code = 'format';
}

/** The parameters of one model, by Hugging Face name (`gpt_neox.layers.0.attention.dense.bias`). */
export interface Checkpoint {
  /** For a person: "safetensors", "ONNX". */
  format: string;
  tensors: Map<string, StoredTensor>;
}

/** Reads `length` bytes at `offset`. Throws FormatError when the file ends before. */
export async function readBytes(file: BlobLike, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  if (offset < 0 || length < 0 || offset + length > file.size) {
    throw new FormatError(
      `The file ends too early: ${length} bytes were expected at ${offset}, but it has ${file.size}. It was probably cut off while being copied.`,
    );
  }
  return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
}

/**
 * Bytes made here as a file: a Blob of the platform's, which may keep it out of memory and is what a store can keep.
 * @param parts without gaps; not to be changed afterwards
 */
export function createJoinedBlob(parts: (Uint8Array<ArrayBuffer> | BlobLike)[]): BlobLike {
  // `core` knows no DOM types; browsers, workers and Node all have this class.
  const { Blob } = globalThis as unknown as { Blob: new (parts: unknown[]) => BlobLike };
  return new Blob(parts);
}
