/** Puts the bytes behind the tensors of a pickle. */
import type { Located } from '../zipEntries.ts';
import type { Unpickled } from './pickle.ts';
import type { TorchValue } from './types.ts';

/** @param found every storage the pickle speaks of, by key */
export function attach({ value, tensors }: Unpickled, found: Map<string, Located>): TorchValue {
  for (const { tensor, key } of tensors) {
    const { data, verify } = found.get(key)!;
    tensor.storage = data;
    tensor.verify = verify;
  }
  return value;
}
