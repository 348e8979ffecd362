/**
 * Reads zip archives (APPNOTE 6.3: end record, central directory, local headers) so that a dictionary can be opened
 * from the zip it was exported as. Stored entries are slices of the file; compressed ones are unpacked one by one, never
 * beyond the size they declare. Everything in an archive is hostile until checked.
 */
import { FormatError, readBytes, type BlobLike } from './bytes.ts';
import { quote } from './text.ts';

export interface ZipFile {
  path: string;
  data: BlobLike;
}

/** Unpacks raw deflate data; must refuse to give more than `size` bytes. */
export type Inflate = (packed: BlobLike, size: number) => Promise<BlobLike>;

interface Entry {
  path: string;
  method: number;
  packed: number;
  size: number;
  /** Of its local header. */
  at: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

const MAX_ENTRIES = 4096;
/** The largest compressed entry that is unpacked; weights are usually stored, and a bomb is not. */
const MAX_INFLATED = 512 * 2 ** 20;
/** Archives beyond this use the 64-bit form. */
const ZIP64 = 0xffffffff;

/** Whether the file begins as a zip does. */
export async function isZip(file: BlobLike): Promise<boolean> {
  if (file.size < END_BYTES) return false;
  return new DataView(await file.slice(0, 4).arrayBuffer()).getUint32(0, true) === LOCAL;
}

/**
 * The files of an archive, folders left out, in the archive's order.
 * @throws FormatError with one sentence
 */
export async function readZip(file: BlobLike, name: string, inflate: Inflate): Promise<ZipFile[]> {
  const files: ZipFile[] = [];
  for (const entry of await readDirectory(file, name)) {
    if (entry.path.endsWith('/')) continue;
    files.push({ path: entry.path, data: await open(file, name, entry, inflate) });
  }
  return files;
}

async function readDirectory(file: BlobLike, name: string): Promise<Entry[]> {
  const tailAt = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  const tail = view(await readBytes(file, tailAt, file.size - tailAt));
  const end = findEnd(tail);
  if (end < 0) throw broken(name, 'has no end record; it was probably cut off while being copied');
  const count = tail.getUint16(end + 10, true);
  const bytes = tail.getUint32(end + 12, true);
  const at = tail.getUint32(end + 16, true);
  if (at === ZIP64 || bytes === ZIP64 || count === 0xffff) {
    throw new FormatError(`${quote(name)} is a zip of more than 4 GiB or 65,534 files. Unpack it and drop the folder instead.`);
  }
  if (count > MAX_ENTRIES) throw new FormatError(`${quote(name)} holds ${count} files; a zip of dictionaries has at most ${MAX_ENTRIES}.`);
  if (at + bytes > tailAt + end) throw broken(name, 'points outside itself');
  return readEntries(view(await readBytes(file, at, bytes)), count, name);
}

function findEnd(tail: DataView): number {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) if (tail.getUint32(at, true) === END) return at;
  return -1;
}

function readEntries(directory: DataView, count: number, name: string): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > directory.byteLength || directory.getUint32(at, true) !== CENTRAL) {
      throw broken(name, 'has a damaged list of files');
    }
    const [pathBytes, extra, comment] = [28, 30, 32].map((offset) => directory.getUint16(at + offset, true));
    const next = at + CENTRAL_BYTES + pathBytes + extra + comment;
    if (next > directory.byteLength) throw broken(name, 'has a damaged list of files');
    const path = textOf(new Uint8Array(directory.buffer, directory.byteOffset + at + CENTRAL_BYTES, pathBytes));
    if ((directory.getUint16(at + 8, true) & ENCRYPTED) !== 0) {
      throw new FormatError(`${quote(path)} in ${quote(name)} is encrypted. Unpack the zip and drop the folder instead.`);
    }
    entries.push({
      path,
      method: directory.getUint16(at + 10, true),
      packed: directory.getUint32(at + 20, true),
      size: directory.getUint32(at + 24, true),
      at: directory.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

async function open(file: BlobLike, name: string, entry: Entry, inflate: Inflate): Promise<BlobLike> {
  const { path, method, packed, size, at } = entry;
  const header = view(await readBytes(file, at, LOCAL_BYTES));
  if (header.getUint32(0, true) !== LOCAL) throw broken(name, `does not hold ${quote(path)} where it says`);
  // The local header's own name and extra field stand before the data; their lengths may differ from the directory's.
  const from = at + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (from + packed > file.size) throw broken(name, `ends within ${quote(path)}`);
  const data = file.slice(from, from + packed);
  if (method === STORED) {
    if (packed !== size) throw broken(name, `gives ${quote(path)} two sizes`);
    return data;
  }
  if (method !== DEFLATED) {
    throw new FormatError(
      `${quote(path)} in ${quote(name)} is packed in a way that is not read here. Unpack the zip and drop the folder instead.`,
    );
  }
  if (size > MAX_INFLATED) {
    throw new FormatError(`${quote(path)} in ${quote(name)} unpacks to more than 512 MiB. Unpack the zip and drop the folder instead.`);
  }
  return inflate(data, size);
}

function broken(name: string, how: string): FormatError {
  return new FormatError(`${quote(name)} ${how}, so it cannot be read as a zip.`);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Latin-1 would do for old archives, but names only tell the files of a dictionary apart. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
