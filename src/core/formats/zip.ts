/**
 * Reads the lists of zip archives (APPNOTE 6.3: end record, central directory, local headers) and finds their entries'
 * bytes; zipEntries.ts unpacks them. Everything in an archive is hostile until checked.
 */
import { FormatError, readBytes, type BlobLike } from './bytes.ts';
import { crc32 } from './crc32.ts';
import { decodeText } from './text.ts';
import { quote } from './words.ts';

/** One file of an archive, as the central directory has it. */
export interface ZipEntry {
  path: string;
  /** The path as it lies in the archive. */
  rawPath: Uint8Array;
  /** 0 stored, 8 deflated; others are not read. */
  method: number;
  /** Bytes in the archive. */
  packed: number;
  /** Bytes once unpacked; what it says, until checked. */
  size: number;
  crc: number;
  /** Of its local header. */
  at: number;
  /** Where the next entry, or the directory, begins. */
  limit: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const STORED = 0;
export const DEFLATED = 8;
const ENCRYPTED = 1;
/** Sizes and checksum stand behind the data. */
const IN_DESCRIPTOR = 8;

/** The 64-bit form: an end record of its own, a locator before the usual one, an extra field per entry. */
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const EXTRA64 = 1;
/** In a 32-bit or 16-bit field: the number stands in the 64-bit form. */
const IN_64 = 0xffffffff;
const IN_64_COUNT = 0xffff;

const MAX_ENTRIES = 4096;
/** Of the central directory: 4096 entries with long names and extra fields. */
const MAX_DIRECTORY_BYTES = 4 * 2 ** 20;

/** Whether the file begins as a zip does. */
export async function isZip(file: BlobLike): Promise<boolean> {
  if (file.size < END_BYTES) return false;
  return new DataView(await file.slice(0, 4).arrayBuffer()).getUint32(0, true) === LOCAL;
}

/** @throws FormatError when the bytes of an entry are not those that were packed */
export async function checkCrc(data: BlobLike, crc: number, label: string): Promise<void> {
  if ((await crc32(data)) !== crc) {
    throw new FormatError(`${label} does not match its checksum: the file was damaged while being copied. Copy or download it again.`);
  }
}

/**
 * What an archive says it holds, folders included, in its order; only its end and its directory are read.
 * @throws FormatError when the directory is damaged, names a file twice, or entries share bytes
 */
export async function listZip(file: BlobLike, name: string): Promise<ZipEntry[]> {
  const { at, bytes, count } = await findDirectory(file, name);
  if (count > MAX_ENTRIES)
    throw new FormatError(`${quote(name)} holds ${count} files; a zip that is read here has at most ${MAX_ENTRIES}.`);
  if (bytes > MAX_DIRECTORY_BYTES) throw broken(name, `has a list of files of ${bytes} bytes, far too long`);
  const entries = readEntries(view(await readBytes(file, at, bytes)), count, name);
  refuseTwins(entries, name);
  setLimits(entries, at, name);
  return entries;
}

/**
 * The bytes of an entry as they lie in the archive, still packed if it is.
 * @throws FormatError when its local header is not where or what the directory says
 */
export async function locateEntry(file: BlobLike, name: string, entry: ZipEntry): Promise<BlobLike> {
  const { path, rawPath, method, packed, size, crc, at, limit } = entry;
  if (method === STORED && packed !== size) throw broken(name, `gives ${quote(path)} two sizes`);
  if (method !== STORED && method !== DEFLATED) {
    throw new FormatError(
      `${quote(path)} in ${quote(name)} is packed in a way that is not read here. Unpack the zip and drop the folder instead.`,
    );
  }
  const header = view(await readBytes(file, at, LOCAL_BYTES + rawPath.length));
  if (header.getUint32(0, true) !== LOCAL) throw broken(name, `does not hold ${quote(path)} where it says`);
  const nameBytes = header.getUint16(26, true);
  const local = new Uint8Array(header.buffer, header.byteOffset + LOCAL_BYTES, rawPath.length);
  if (nameBytes !== rawPath.length || local.some((byte, i) => byte !== rawPath[i])) throw broken(name, `gives ${quote(path)} two names`);
  refuseTwoSizes(header, { path, size, crc }, name);
  // The local extra field may differ in length from the directory's; PyTorch aligns its data with it.
  const from = at + LOCAL_BYTES + nameBytes + header.getUint16(28, true);
  if (from + packed > limit) throw broken(name, `lets ${quote(path)} overlap what follows it`);
  return file.slice(from, from + packed);
}

/**
 * What the local header says again must agree, unless it leaves it to a descriptor behind the data or to the 64-bit form.
 * How much is packed is left out: what comes out of it is measured.
 */
function refuseTwoSizes(header: DataView, { path, size, crc }: Pick<ZipEntry, 'path' | 'size' | 'crc'>, name: string): void {
  if ((header.getUint16(6, true) & IN_DESCRIPTOR) !== 0) return;
  const local = header.getUint32(22, true);
  if (local !== IN_64 && local !== size) throw broken(name, `gives ${quote(path)} two sizes, ${local} and ${size} bytes`);
  if (header.getUint32(14, true) !== crc) throw broken(name, `gives ${quote(path)} two checksums`);
}

/** Place and length of the central directory, within the file. */
async function findDirectory(file: BlobLike, name: string): Promise<{ at: number; bytes: number; count: number }> {
  const tailAt = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  const tail = view(await readBytes(file, tailAt, file.size - tailAt));
  const end = findEnd(tail);
  if (end < 0) throw broken(name, 'has no end record; it was probably cut off while being copied');
  const [comment, left] = [tail.getUint16(end + 20, true), tail.byteLength - end - END_BYTES];
  if (comment > left) throw broken(name, `announces a comment of ${comment} bytes where ${left} are left`);
  const short = { count: tail.getUint16(end + 10, true), bytes: tail.getUint32(end + 12, true), at: tail.getUint32(end + 16, true) };
  const isLong = short.at === IN_64 || short.bytes === IN_64 || short.count === IN_64_COUNT;
  const found = isLong ? await findDirectory64(file, tailAt + end, name) : { ...short, end: tailAt + end };
  if (found.at + found.bytes > found.end) throw broken(name, 'points outside itself');
  return found;
}

async function findDirectory64(
  file: BlobLike,
  end: number,
  name: string,
): Promise<{ at: number; bytes: number; count: number; end: number }> {
  const missing = () => broken(name, 'says it has more than 4 GiB or 65,534 files, but has no record of that size');
  if (end < LOCATOR64_BYTES) throw missing();
  const locator = view(await readBytes(file, end - LOCATOR64_BYTES, LOCATOR64_BYTES));
  const at = locator.getUint32(0, true) === LOCATOR64 ? readSize(locator, 8) : -1;
  if (at < 0 || at + END64_BYTES > end - LOCATOR64_BYTES) throw missing();
  const record = view(await readBytes(file, at, END64_BYTES));
  if (record.getUint32(0, true) !== END64) throw missing();
  // Its size leaves out the twelve bytes that say so.
  const [size, left] = [readSize(record, 4), end - LOCATOR64_BYTES - at - 12];
  if (size > left) throw broken(name, `announces an end record of ${size} bytes where ${left} are left`);
  return { count: readSize(record, 32), bytes: readSize(record, 40), at: readSize(record, 48), end: at };
}

/** A 64-bit number; beyond 2^53 it is inexact, and past every file. */
function readSize(data: DataView, at: number): number {
  return data.getUint32(at, true) + data.getUint32(at + 4, true) * 2 ** 32;
}

function findEnd(tail: DataView): number {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) if (tail.getUint32(at, true) === END) return at;
  return -1;
}

function readEntries(directory: DataView, count: number, name: string): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > directory.byteLength || directory.getUint32(at, true) !== CENTRAL) {
      throw broken(name, 'has a damaged list of files');
    }
    const [pathBytes, extra, comment] = [28, 30, 32].map((offset) => directory.getUint16(at + offset, true));
    const next = at + CENTRAL_BYTES + pathBytes + extra + comment;
    if (next > directory.byteLength) throw broken(name, 'has a damaged list of files');
    const rawPath = new Uint8Array(directory.buffer, directory.byteOffset + at + CENTRAL_BYTES, pathBytes);
    const path = decodePath(rawPath);
    if ((directory.getUint16(at + 8, true) & ENCRYPTED) !== 0) {
      throw new FormatError(`${quote(path)} in ${quote(name)} is encrypted. Unpack the zip and drop the folder instead.`);
    }
    const [packed, size, place] = readSizes(directory, at, at + CENTRAL_BYTES + pathBytes, extra, name);
    entries.push({
      path,
      rawPath,
      method: directory.getUint16(at + 10, true),
      packed,
      size,
      crc: directory.getUint32(at + 16, true),
      at: place,
      limit: 0,
    });
    at = next;
  }
  // A count that is too small would hide files.
  if (at !== directory.byteLength) throw broken(name, 'has a damaged list of files');
  return entries;
}

/** Packed bytes, unpacked bytes and place, from the extra field of the 64-bit form where the short fields point there. */
function readSizes(directory: DataView, at: number, extraAt: number, extraBytes: number, name: string): number[] {
  const short = [20, 24, 42].map((offset) => directory.getUint32(at + offset, true));
  if (!short.includes(IN_64)) return short;
  let field = extraAt;
  const end = extraAt + extraBytes;
  while (field + 4 <= end && directory.getUint16(field, true) !== EXTRA64) field += 4 + directory.getUint16(field + 2, true);
  const fieldEnd = field + 4 <= end ? field + 4 + directory.getUint16(field + 2, true) : 0;
  if (fieldEnd === 0 || fieldEnd > end) throw broken(name, 'has a damaged list of files');
  const long = [...short];
  let next = field + 4;
  // In the field's own order: unpacked, packed, place.
  for (const i of [1, 0, 2]) {
    if (short[i] !== IN_64) continue;
    if (next + 8 > fieldEnd) throw broken(name, 'has a damaged list of files');
    long[i] = readSize(directory, next);
    next += 8;
  }
  return long;
}

/** Which of two equal names counts differs between readers. */
function refuseTwins(entries: ZipEntry[], name: string): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) throw broken(name, `holds two files called ${quote(path)}`);
    seen.add(path);
  }
}

function setLimits(entries: ZipEntry[], directoryAt: number, name: string): void {
  let limit = directoryAt;
  for (const entry of [...entries].sort((a, b) => b.at - a.at)) {
    entry.limit = limit;
    const least = entry.at + LOCAL_BYTES + entry.rawPath.length + entry.packed;
    if (least > limit) throw broken(name, `lets ${quote(entry.path)} overlap what follows it, or points outside itself`);
    limit = entry.at;
  }
}

function broken(name: string, how: string): FormatError {
  return new FormatError(`${quote(name)} ${how}, so it cannot be read as a zip.`);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes 128 to 255 of the character set of the IBM PC, which zips mean where they do not say UTF-8 (APPNOTE, appendix D). */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Macs write UTF-8 without the flag that says so, so whatever is valid UTF-8 is that. */
function decodePath(bytes: Uint8Array): string {
  const text = decodeText(bytes);
  if (!text.includes('\ufffd')) return text;
  return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : CP437[byte - 128])).join('');
}
