/** Files for the tests of PyTorch readers: fixtures, and pickles and zips put together by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync, type Zippable } from 'fflate';
import { isObject, isTensor, toPart, type TorchTensor, type TorchValue } from '../../../src/core/formats/torch/index.ts';

export const DICTIONARIES = join(import.meta.dirname, '../../fixtures/dictionaries');

export function readBytesOf(...path: string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(...path)));
}

export function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** Every tensor below a value with its path ("0.0.encoder", "ae.bias"). */
export function listTensors(value: TorchValue, path = ''): [string, TorchTensor][] {
  const below = (key: unknown) => (path === '' ? String(key) : `${path}.${String(key)}`);
  if (isTensor(value)) return [[path, value]];
  if (isObject(value)) return listTensors(value.state, path);
  if (value instanceof Map) return [...value].flatMap(([key, child]) => listTensors(child, below(key)));
  if (Array.isArray(value)) return (value as TorchValue[]).flatMap((child, i) => listTensors(child, below(i)));
  return [];
}

/** The bytes of a tensor in row-major order. */
export async function gather(tensor: TorchTensor): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await toPart(tensor, 'tensor')).data.arrayBuffer());
}

/** Parts of pickles. */
export const op = {
  bytes: (...parts: (number | number[] | string)[]): number[] =>
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)),
  text: (value: string): number[] =>
    op.bytes(0x58, [...new Uint8Array(Uint32Array.of(new TextEncoder().encode(value).length).buffer)], value),
  int: (value: number): number[] => op.bytes(0x4a, [...new Uint8Array(Int32Array.of(value).buffer)]),
  global: (module: string, name: string): number[] => op.bytes(0x63, `${module}\n${name}\n`),
  tuple: (...items: number[][]): number[] => op.bytes(0x28, items.flat(), 0x74),
  dict: (...items: number[][]): number[] => op.bytes(0x7d, 0x28, items.flat(), 0x75),
  storage: (type: string, key: string, count: number): number[] =>
    op.bytes(op.tuple(op.text('storage'), op.global('torch', type), op.text(key), op.text('cpu'), op.int(count)), 0x51),
  tensor: (storage: number[], offset: number, shape: number[], strides: number[]): number[] =>
    op.bytes(
      op.global('torch._utils', '_rebuild_tensor_v2'),
      op.tuple(storage, op.int(offset), op.tuple(...shape.map(op.int)), op.tuple(...strides.map(op.int)), [0x89], [0x4e]),
      0x52,
    ),
  whole: (body: number[]): Uint8Array => Uint8Array.from([0x80, 2, ...body, 0x2e]),
};

/** A PyTorch zip. */
export function archive(pickle: Uint8Array, storages: Record<string, Uint8Array> = {}, more: Zippable = {}, level: 0 | 9 = 0): Blob {
  const data = Object.fromEntries(Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes]));
  return blobOf(zipSync({ 'archive/data.pkl': pickle, ...data, 'archive/version': new TextEncoder().encode('3\n'), ...more }, { level }));
}

/** A float storage of 0, 1, 2, ... as bytes. */
export function counting(count: number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer);
}
