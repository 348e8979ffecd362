/** A checkpoint in several files, with the index that says which tensor is in which. */
import { FormatError, type BlobLike, type StoredTensor } from './bytes.ts';
import type { CheckpointWithUnusable } from './safetensors.ts';
import { readJson } from './text.ts';
import { listNames, maybeRecord, quote } from './words.ts';

const MAX_INDEX_BYTES = 64 * 2 ** 20;
/** The largest published checkpoints have a few hundred. */
const MAX_SHARDS = 4096;

/**
 * @param index model.safetensors.index.json, pytorch_model.bin.index.json
 * @param find gives a shard by the file name the index uses
 * @param read opens one shard
 * @throws FormatError when the index is malformed, a shard is missing or damaged, or a tensor is not
 *   in the shard the index names
 */
export async function readShards(
  index: { path: string; data: BlobLike },
  find: (name: string) => BlobLike | undefined,
  read: (file: BlobLike, name: string) => Promise<CheckpointWithUnusable>,
): Promise<CheckpointWithUnusable> {
  const { value } = await readJson(index.data, index.path, MAX_INDEX_BYTES);
  const byShard = groupByShard(maybeRecord(maybeRecord(value)?.weight_map), index.path);
  const absent = [...byShard.keys()].filter((name) => !find(name));
  if (absent.length > 0) {
    throw new FormatError(
      `${absent.length} of the ${byShard.size} files of this model ${absent.length === 1 ? 'is' : 'are'} missing: ${listNames(absent)}. Drop all of them together.`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  const unusable = new Map<string, string>();
  let format = '';
  for (const [shard, names] of byShard) {
    const part = await read(find(shard)!, shard);
    format = part.format;
    for (const name of names) {
      const tensor = part.tensors.get(name);
      const dtype = part.unusable?.get(name);
      if (tensor) tensors.set(name, tensor);
      else if (dtype) unusable.set(name, dtype);
      else
        throw new FormatError(
          `${quote(index.path)} says that ${quote(name)} is in ${quote(shard)}, but it is not. The files belong to different models, or one is damaged.`,
        );
    }
  }
  return { format, tensors, unusable };
}

function groupByShard(map: Record<string, unknown> | undefined, path: string): Map<string, string[]> {
  if (!map) throw new FormatError(`${path} has no weight_map, so it does not say where the weights are.`);
  const byShard = new Map<string, string[]>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') throw new FormatError(`${path} does not name a file for ${quote(name)}.`);
    const names = byShard.get(shard);
    if (names) names.push(name);
    else byShard.set(shard, [name]);
  }
  if (byShard.size === 0 || byShard.size > MAX_SHARDS)
    throw new FormatError(`${path} names ${byShard.size} weight files, which makes no sense.`);
  return byShard;
}
