/**
 * Writes state dicts as `torch.load` reads them (also with weights_only): a zip of stored entries, a pickle of protocol 2
 * without memo, one storage per tensor. Tensors are not copied; each is read once for its checksum.
 */
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import { InvariantError, UsageError, type Stop } from '../../errors.ts';
import type { BlobLike } from '../bytes.ts';
import { crc32 } from '../crc32.ts';
import { createJoinedBlob } from '../bytes.ts';
import { TORCH_DTYPE_BYTES, type TorchDtype } from './types.ts';

/** A tensor to be written: contiguous, little-endian. StoredPart fits. */
export interface TorchPart {
  /** safetensors spelling. */
  dtype: string;
  shape: readonly number[];
  data: BlobLike;
}

// prettier-ignore
const STORAGES: Record<TorchDtype, string> = {
  F64: 'DoubleStorage', F32: 'FloatStorage', F16: 'HalfStorage', BF16: 'BFloat16Storage', I64: 'LongStorage', I32: 'IntStorage',
  I16: 'ShortStorage', I8: 'CharStorage', U8: 'ByteStorage', BOOL: 'BoolStorage',
};

/** The version of the container, which torch.load insists on. */
const VERSION = '3\n';
/** Beyond this a zip needs its 64-bit form, which is not written. */
const MAX_FILE_BYTES = 0xfffffffe;

/**
 * @param tensors by name, in the order they are to have
 * @returns the parts of the file, one after another
 * @throws UsageError when the file would exceed 4 GiB; AbortedError when `stop` says so
 */
export async function writeTorch(tensors: ReadonlyMap<string, TorchPart>, stop?: Stop): Promise<(BlobLike | Uint8Array<ArrayBuffer>)[]> {
  const parts = [...tensors.values()];
  const entries = [
    { path: 'archive/data.pkl', data: createJoinedBlob([writePickle(tensors)]) },
    { path: 'archive/byteorder', data: createJoinedBlob([encode('little')]) },
    ...parts.map(({ data }, i) => ({ path: `archive/data/${i}`, data })),
    { path: 'archive/version', data: createJoinedBlob([encode(VERSION)]) },
  ];
  const out: (BlobLike | Uint8Array<ArrayBuffer>)[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const { path, data } of entries) {
    if (at + data.size > MAX_FILE_BYTES)
      throw new UsageError('The dictionary needs more than 4 GiB as a PyTorch file. Export it as safetensors.');
    const crc = await crc32(data, stop);
    const header = writeHeader(path, data.size, crc);
    out.push(header, data);
    directory.push(writeDirectoryEntry(path, data.size, crc, at));
    at += header.length + data.size;
  }
  return [...out, ...directory, writeEnd(directory, at)];
}

/** What both kinds of header share: version, flags, method, time and date (1 January 1980), checksum, sizes, name. */
function writeCommon(view: DataView, at: number, path: string, size: number, crc: number): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 8, 0x21, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, path.length, true);
}

function writeHeader(path: string, size: number, crc: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(30 + path.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  writeCommon(view, 4, path, size, crc);
  bytes.set(encode(path), 30);
  return bytes;
}

function writeDirectoryEntry(path: string, size: number, crc: number, at: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(46 + path.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  writeCommon(view, 6, path, size, crc);
  view.setUint32(42, at, true);
  bytes.set(encode(path), 46);
  return bytes;
}

function writeEnd(directory: Uint8Array[], at: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, directory.length, true);
  view.setUint16(10, directory.length, true);
  view.setUint32(
    12,
    directory.reduce((n, entry) => n + entry.length, 0),
    true,
  );
  view.setUint32(16, at, true);
  return bytes;
}

/** OrderedDict() filled with name → _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()). */
function writePickle(tensors: ReadonlyMap<string, TorchPart>): Uint8Array<ArrayBuffer> {
  const orderedDict = [...global('collections', 'OrderedDict'), 0x29, 0x52];
  const bytes: number[] = [0x80, 2, ...orderedDict, 0x28];
  let key = 0;
  for (const [name, part] of tensors) {
    const dtype = part.dtype as TorchDtype;
    const count = part.shape.reduce((n, size) => n * size, 1);
    if (part.data.size !== count * TORCH_DTYPE_BYTES[dtype])
      throw new InvariantError(`${name} has ${part.data.size} bytes, not those of its shape`);
    const storage = [...text('storage'), ...global('torch', STORAGES[dtype]), ...text(String(key++)), ...text('cpu'), ...int(count)];
    bytes.push(...text(name), ...global('torch._utils', '_rebuild_tensor_v2'), 0x28);
    bytes.push(0x28, ...storage, 0x74, 0x51, ...int(0), ...tuple(part.shape), ...tuple(stridesOf(part.shape)), 0x89, ...orderedDict);
    bytes.push(0x74, 0x52);
  }
  return Uint8Array.from([...bytes, 0x75, 0x2e]);
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

function tuple(values: readonly number[]): number[] {
  return [0x28, ...values.flatMap(int), 0x74];
}

/** BININT, or LONG1 of eight bytes. */
function int(value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return value < 2 ** 31 ? [0x4a, ...bytes.subarray(0, 4)] : [0x8a, 8, ...bytes];
}

function text(value: string): number[] {
  const bytes = encode(value);
  const length = new Uint8Array(Uint32Array.of(bytes.length).buffer);
  return [0x58, ...length, ...bytes];
}

function global(module: string, name: string): number[] {
  return [0x63, ...encode(`${module}\n${name}\n`)];
}

function encode(value: string): Uint8Array<ArrayBuffer> {
  return getTextEncoding().encodeUtf8(value);
}
