/**
 * Named columns of numbers in one file of ours: eight letters, the length of a header (u32), the header as JSON, then
 * each column at a multiple of eight bytes, all little-endian. Columns are read alone, or parts of them.
 */
import { createJoinedBlob, FormatError, readBytes, type BlobLike } from './bytes.ts';
import { decodeText, encodeText } from './utf8.ts';

const TYPES = { f64: Float64Array, f32: Float32Array, u32: Uint32Array, i16: Int16Array, u8: Uint8Array } as const;
type TypeName = keyof typeof TYPES;
type ColumnOf<T extends TypeName> = InstanceType<(typeof TYPES)[T]>;
type FileColumn = { [T in TypeName]: ColumnOf<T> }[TypeName];

const MAGIC_BYTES = 8;
/** Longer headers are not of ours. */
const LONGEST_HEADER = 2 ** 22;

interface Entry {
  name: string;
  type: TypeName;
  length: number;
  offset: number;
}

/** @param magic eight letters. @param meta survives JSON */
export function writeColumnFile(magic: string, meta: object, columns: Record<string, FileColumn>): BlobLike {
  let offset = 0;
  const entries = Object.entries(columns).map(([name, column]): Entry => {
    const type = (Object.keys(TYPES) as TypeName[]).find((key) => column instanceof TYPES[key])!;
    const entry = { name, type, length: column.length, offset };
    offset += padded(column.byteLength);
    return entry;
  });
  const header = encodeText(JSON.stringify({ meta, columns: entries }));
  const start = padded(MAGIC_BYTES + 4 + header.length);
  const head = new Uint8Array(start);
  head.set(encodeText(magic.padEnd(MAGIC_BYTES).slice(0, MAGIC_BYTES)));
  new DataView(head.buffer).setUint32(MAGIC_BYTES, header.length, true);
  head.set(header, MAGIC_BYTES + 4);
  const parts = Object.values(columns).flatMap((column) => {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    return [bytes, new Uint8Array(padded(bytes.length) - bytes.length)];
  });
  return createJoinedBlob([head, ...parts]);
}

interface ColumnFile {
  meta: unknown;
  names: string[];
  /** @throws FormatError when there is no such column, or not of that type */
  read<T extends TypeName>(name: string, type: T): Promise<ColumnOf<T>>;
  /** Entries first … end. */
  readPart<T extends TypeName>(name: string, type: T, first: number, end: number): Promise<ColumnOf<T>>;
  /** All columns. */
  readAll(): Promise<Record<string, FileColumn>>;
}

/** @throws FormatError for a file that is not of this kind, or is cut off */
export async function openColumnFile(magic: string, file: BlobLike): Promise<ColumnFile> {
  const head = await readBytes(file, 0, MAGIC_BYTES + 4);
  if (decodeText(head.subarray(0, MAGIC_BYTES)) !== magic.padEnd(MAGIC_BYTES)) {
    throw new FormatError('The file does not begin as a file of featurescope of this kind does.');
  }
  const length = new DataView(head.buffer).getUint32(MAGIC_BYTES, true);
  if (length > LONGEST_HEADER) throw new FormatError('The file is damaged: its header is too long.');
  const { meta, columns } = parseHeader(await readBytes(file, MAGIC_BYTES + 4, length));
  const start = padded(MAGIC_BYTES + 4 + length);
  const entries = new Map(columns.map((entry) => [entry.name, entry]));
  for (const { name, type, length: n, offset } of columns) {
    if (start + offset + n * TYPES[type].BYTES_PER_ELEMENT > file.size)
      throw new FormatError(`The file is cut off: its ${name} are not all there.`);
  }
  const readPart = async <T extends TypeName>(name: string, type: T, first: number, end: number): Promise<ColumnOf<T>> => {
    const entry = entries.get(name);
    if (entry?.type !== type) throw new FormatError(`The file has no ${name} of the right kind.`);
    if (!(first >= 0 && first <= end && end <= entry.length)) throw new FormatError(`The file is damaged: its ${name} end too early.`);
    const size = TYPES[type].BYTES_PER_ELEMENT;
    const bytes = await readBytes(file, start + entry.offset + first * size, (end - first) * size);
    return new TYPES[type](bytes.buffer) as ColumnOf<T>;
  };
  const read = <T extends TypeName>(name: string, type: T) => readPart(name, type, 0, entries.get(name)?.length ?? 0);
  return {
    meta,
    names: [...entries.keys()],
    read,
    readPart,
    async readAll() {
      const all: Record<string, FileColumn> = {};
      for (const { name, type } of columns) all[name] = await read(name, type);
      return all;
    },
  };
}

function parseHeader(bytes: Uint8Array): { meta: unknown; columns: Entry[] } {
  let header: unknown;
  try {
    header = JSON.parse(decodeText(bytes));
  } catch {
    throw new FormatError('The file is damaged: its header is not JSON.');
  }
  const { meta, columns } = (header ?? {}) as { meta?: unknown; columns?: unknown };
  if (!Array.isArray(columns) || !columns.every(isEntry))
    throw new FormatError('The file is damaged: its header does not list its columns.');
  return { meta, columns };
}

function isEntry(entry: unknown): entry is Entry {
  const { name, type, length, offset } = (entry ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const isCount = (n: unknown) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
  return (
    typeof name === 'string' &&
    typeof type === 'string' &&
    Object.hasOwn(TYPES, type) &&
    isCount(length) &&
    isCount(offset) &&
    (offset as number) % 8 === 0
  );
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
