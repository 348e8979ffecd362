/** Model weights in a PyTorch file (`pytorch_model.bin`). */
import { BYTES_PER_VALUE, FormatError, type BlobLike, type FloatDtype, type StoredTensor } from '../bytes.ts';
import type { CheckpointWithUnusable } from '../safetensors.ts';
import { quote } from '../words.ts';
import { readTorch } from './container.ts';
import { isTensor, type TorchTensor } from './types.ts';
import { toPart } from './view.ts';

/**
 * @param name the file's, for sentences
 * @returns the F32, F16 and BF16 tensors of a state dict by name; others (masks, counters) are listed in `unusable`
 * @throws FormatError as readTorch, when the file is no state dict, and when a weight does not match its checksum
 */
export async function readTorchCheckpoint(file: BlobLike, name = 'pytorch_model.bin'): Promise<CheckpointWithUnusable> {
  const state = await readTorch(file, name);
  if (!(state instanceof Map) || ![...state.values()].some(isTensor)) {
    throw new FormatError(`${quote(name)} holds no state dict (names with tensors), so it is not the weights of a model.`);
  }
  const tensors = new Map<string, StoredTensor>();
  const unusable = new Map<string, string>();
  for (const [key, value] of state) {
    if (typeof key !== 'string') continue;
    if (!isTensor(value)) unusable.set(key, 'something that is no tensor');
    else if (value.dtype in BYTES_PER_VALUE) tensors.set(key, await locate(value, key));
    else unusable.set(key, value.dtype);
  }
  return { format: 'PyTorch', tensors, unusable };
}

async function locate(tensor: TorchTensor, name: string): Promise<StoredTensor> {
  const { dtype, shape, data } = await toPart(tensor, name);
  return { dtype: dtype as FloatDtype, shape, transposed: false, file: data, offset: 0, length: data.size };
}
