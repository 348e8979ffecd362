/**
 * Named columns of numbers in one safetensors file, with what they are of under its __metadata__. Columns are read alone,
 * or parts of them.
 */
import { createJoinedBlob, FormatError, readBytes, type BlobLike } from './bytes.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';
import { parseJson } from './text.ts';

/** By the format's names of number formats. */
const TYPES = { F64: Float64Array, F32: Float32Array, U32: Uint32Array, I16: Int16Array, U8: Uint8Array } as const;
type TypeName = keyof typeof TYPES;
type ColumnOf<T extends TypeName> = InstanceType<(typeof TYPES)[T]>;
type FileColumn = { [T in TypeName]: ColumnOf<T> }[TypeName];

/** @param kind what the file is, for whoever opens it. @param meta survives JSON */
export function writeColumnFile(kind: string, meta: object, columns: Record<string, FileColumn>): BlobLike {
  const parts = Object.entries(columns).map(([name, column]) => {
    const dtype = (Object.keys(TYPES) as TypeName[]).find((key) => column instanceof TYPES[key])!;
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    return { name, dtype, shape: [column.length], data: createJoinedBlob([bytes]) };
  });
  return createJoinedBlob(writeSafetensors(parts, { kind, about: JSON.stringify(meta) }));
}

interface ColumnFile {
  meta: unknown;
  /** @throws FormatError when there is no such column, or not of that type */
  read<T extends TypeName>(name: string, type: T): Promise<ColumnOf<T>>;
  /** Entries first … end. */
  readPart<T extends TypeName>(name: string, type: T, first: number, end: number): Promise<ColumnOf<T>>;
  /** All columns. */
  readAll(): Promise<Record<string, FileColumn>>;
}

/** @throws FormatError for a file that is not of this kind, or is cut off */
export async function openColumnFile(kind: string, file: BlobLike): Promise<ColumnFile> {
  const { entries, metadata } = await openSafetensors(file, 'The file');
  if (metadata.kind !== kind || typeof metadata.about !== 'string') {
    throw new FormatError(`The file does not say that it is a ${kind} of featurescope.`);
  }
  const columns = new Map(entries.map((entry) => [entry.name, entry]));
  const readPart = async <T extends TypeName>(name: string, type: T, first: number, end: number): Promise<ColumnOf<T>> => {
    const entry = columns.get(name);
    if (entry?.dtype !== type) throw new FormatError(`The file has no ${name} of the right kind.`);
    const size = TYPES[type].BYTES_PER_ELEMENT;
    if (!(first >= 0 && first <= end && end * size <= entry.length))
      throw new FormatError(`The file is damaged: its ${name} end too early.`);
    const bytes = await readBytes(file, entry.offset + first * size, (end - first) * size);
    return new TYPES[type](bytes.buffer) as ColumnOf<T>;
  };
  const read = <T extends TypeName>(name: string, type: T) => {
    const entry = columns.get(name);
    return readPart(name, type, 0, (entry?.length ?? 0) / TYPES[type].BYTES_PER_ELEMENT);
  };
  return {
    meta: parseJson(metadata.about, 'What the file says of itself'),
    read,
    readPart,
    async readAll() {
      const all: Record<string, FileColumn> = {};
      for (const { name, dtype } of entries) {
        if (!Object.hasOwn(TYPES, dtype)) throw new FormatError(`The file has numbers of the kind ${dtype}, which no column is of.`);
        all[name] = await read(name, dtype as TypeName);
      }
      return all;
    },
  };
}
