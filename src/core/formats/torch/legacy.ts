/**
 * The container of PyTorch before 1.6: five pickles (a magic number, the protocol, the machine, the object, the keys of the
 * storages), then each storage as its element count (64 bits, little-endian) and its raw numbers, in the order of the keys.
 */
import { FormatError, readBytes, type BlobLike } from '../bytes.ts';
import { quote } from '../words.ts';
import type { Located } from '../zipEntries.ts';
import { attach } from './attach.ts';
import { bytesOf, show } from './build.ts';
import { MAX_PICKLE_BYTES, unpickle, type Unpickled } from './pickle.ts';
import type { TorchValue } from './types.ts';

/** The first pickle: PROTO 2, LONG1 of ten bytes 0x1950a86a20f9469cfc6c, STOP. */
const MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const PROTOCOL = 1001;
const COUNT_BYTES = 8;

export async function isLegacy(file: BlobLike): Promise<boolean> {
  if (file.size < MAGIC.length) return false;
  const head = await readBytes(file, 0, MAGIC.length);
  return MAGIC.every((byte, i) => head[i] === byte);
}

/** @throws FormatError as readTorch */
export async function readLegacy(file: BlobLike, name: string): Promise<TorchValue> {
  // The pickles' length stands nowhere; what follows them is raw numbers.
  const bytes = await readBytes(file, 0, Math.min(file.size, MAX_PICKLE_BYTES));
  let at = MAGIC.length;
  const next = (): Unpickled => {
    const unpickled = unpickle(bytes.subarray(at), name);
    at += unpickled.length;
    return unpickled;
  };
  const protocol = next().value;
  if (protocol !== PROTOCOL)
    throw new FormatError(`${quote(name)} is of an unknown version of PyTorch's old container (${show(protocol)}).`);
  const machine = next().value;
  const object = next();
  // A forbidden name says more than a missing setting.
  checkMachine(machine, name);
  const keys = next().value;
  return attach(object, await locateStorages(file, at, object, checkKeys(keys, object, name), name));
}

function checkMachine(machine: TorchValue, name: string): void {
  if (!(machine instanceof Map))
    throw new FormatError(`${quote(name)} does not say on what machine it was saved, as PyTorch's old container does.`);
  const isLittle = machine.get('little_endian');
  if (isLittle === false) {
    throw new FormatError(`${quote(name)} was saved on a big-endian machine. Load it there and save it again as safetensors.`);
  }
  if (isLittle !== true) throw new FormatError(`${quote(name)} does not say in which order its bytes are.`);
}

function checkKeys(keys: TorchValue, { storages }: Unpickled, name: string): string[] {
  const known = new Set(Array.isArray(keys) ? (keys as TorchValue[]) : []);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string') || known.size !== keys.length) {
    throw new FormatError(`${quote(name)} has no proper list of its storages. The file is damaged.`);
  }
  const missing = [...storages.keys()].find((key) => !known.has(key));
  if (missing !== undefined)
    throw new FormatError(`${quote(name)} speaks of the storage ${missing}, which is not in it. The file is damaged.`);
  return keys;
}

async function locateStorages(
  file: BlobLike,
  start: number,
  { storages }: Unpickled,
  keys: string[],
  name: string,
): Promise<Map<string, Located>> {
  const found = new Map<string, Located>();
  let at = start;
  for (const key of keys) {
    const ref = storages.get(key);
    if (!ref) throw new FormatError(`${quote(name)} holds a storage ${quote(key)} that nothing in it uses. The file is damaged.`);
    const head = await readBytes(file, at, COUNT_BYTES);
    const count = new DataView(head.buffer, head.byteOffset, COUNT_BYTES).getBigUint64(0, true);
    if (count !== BigInt(ref.count)) {
      throw new FormatError(
        `${quote(name)} gives storage ${key} ${ref.count} numbers in one place and ${count} in another. The file is damaged.`,
      );
    }
    at += COUNT_BYTES;
    const end = at + bytesOf(ref);
    if (end > file.size) {
      throw new FormatError(
        `${quote(name)} ends within storage ${key}: ${end} bytes were expected, it has ${file.size}. It was probably cut off while being copied.`,
      );
    }
    found.set(key, { data: file.slice(at, end), verify: () => Promise.resolve() });
    at = end;
  }
  if (at !== file.size)
    throw new FormatError(`${quote(name)} has ${file.size - at} bytes at its end that belong to nothing. The file is damaged.`);
  return found;
}
