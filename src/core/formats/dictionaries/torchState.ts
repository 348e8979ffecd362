/** A state_dict as importers take it apart. */
import { FormatError } from '../bytes.ts';
import { listNames, quote } from '../words.ts';
import { isTensor, toPart, transpose, TORCH_DTYPE_BYTES, type TorchTensor, type TorchValue } from '../torch/index.ts';
import type { StoredPart } from './stored.ts';

/** What lies under the text keys of a dict. */
export type State = ReadonlyMap<string, TorchValue>;

/** @returns undefined when the value is no dict; keys that are no text are left out, no library has them */
export function asState(value: TorchValue | undefined): State | undefined {
  if (!(value instanceof Map)) return undefined;
  return new Map([...value].flatMap(([key, inner]) => (typeof key === 'string' ? [[key, inner]] : [])));
}

/** @throws FormatError where something else than a tensor stands */
export function tensorsOf(state: State, names: readonly string[], path: string): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const name of names) {
    const value = state.get(name);
    if (value === undefined) continue;
    if (!isTensor(value)) throw new FormatError(`${quote(path)} holds ${nameKind(value)} where the tensor ${name} should be.`);
    tensors.set(name, value);
  }
  return tensors;
}

/** @throws FormatError when keys remain that the class does not have */
export function refuseOthers(state: State, known: readonly string[], kind: string, path: string): void {
  const rest = [...state.keys()].filter((key) => !known.includes(key));
  if (rest.length > 0) throw new FormatError(`${quote(path)} holds ${listNames(rest)}, which no ${kind} has.`);
}

/**
 * A number that is stored as a tensor without dimensions, or as a plain number.
 * @returns undefined when the key is absent
 * @throws FormatError when it is neither
 */
export async function readScalar(state: State, name: string, path: string): Promise<number | undefined> {
  const value = state.get(name);
  if (value === undefined || typeof value === 'number') return value;
  if (!isTensor(value) || value.shape.join() !== '') {
    throw new FormatError(
      `${quote(path)} holds ${isTensor(value) ? 'a whole tensor' : nameKind(value)} where the number ${name} should be.`,
    );
  }
  const bytes = TORCH_DTYPE_BYTES[value.dtype];
  const { data } = await toPart(value, name);
  const view = new DataView(await data.slice(0, bytes).arrayBuffer());
  switch (value.dtype) {
    case 'F64':
      return view.getFloat64(0, true);
    case 'F32':
      return view.getFloat32(0, true);
    case 'I64':
      return Number(view.getBigInt64(0, true));
    case 'I32':
      return view.getInt32(0, true);
    default:
      throw new FormatError(`${quote(path)} stores the number ${name} as ${value.dtype}, which no library does.`);
  }
}

/** A tensor as it lies, or turned, under SAELens's name. */
export function partsOf(
  tensors: ReadonlyMap<string, TorchTensor>,
  wanted: [from: string, to: string, turned?: 'turned'][],
): Promise<StoredPart[]> {
  return Promise.all(
    wanted.map(([from, to, turned]) => {
      const tensor = tensors.get(from)!;
      return toPart(turned ? transpose(tensor) : tensor, to);
    }),
  );
}

/** Bytes of the tensors as numbers, not as storages, which several may share. */
export function bytesOf(tensors: Iterable<TorchTensor>): number {
  let bytes = 0;
  for (const { shape, dtype } of tensors) bytes += shape.reduce((n, size) => n * size, TORCH_DTYPE_BYTES[dtype]);
  return bytes;
}

/** A value in words. */
export function nameKind(value: TorchValue | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return 'text';
  if (typeof value !== 'object') return 'a number';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dict';
  return isTensor(value) ? 'a tensor' : 'an object';
}
