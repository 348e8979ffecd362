/** Opens the entries of archives: slices where stored, unpacked within bounds where deflated. */
import type { Stop } from '../errors.ts';
import { FormatError, type BlobLike } from './bytes.ts';
import { inflate } from './inflate.ts';
import { quote } from './words.ts';
import { checkCrc, DEFLATED, listZip, locateEntry, type ZipEntry } from './zip.ts';

/** Deflated entries unpack into memory: together at most so many times the file, and a little; weights stay far below. */
const MAX_EXPANSION = 8;
const FREE_EXPANSION_BYTES = 16 * 2 ** 20;
const REMEDY = 'Save the file again without compression, or unpack a zip and drop the folder.';

interface ZipFile {
  path: string;
  data: BlobLike;
}

/** An entry's bytes. */
export interface Located {
  data: BlobLike;
  /**
   * Compares them with the archive's checksum, once. Reads all of them, so it is left to whoever wants the numbers.
   * @throws FormatError when they differ
   */
  verify: () => Promise<void>;
}

/**
 * @param name the file's, for sentences
 * @returns opens one entry after another; what all of them unpack to is counted together. Unpacked ones are verified
 *   already. Throws FormatError, AbortedError.
 */
export function createOpener(file: BlobLike, name: string, stop?: Stop): (entry: ZipEntry) => Promise<Located> {
  let left = file.size * MAX_EXPANSION + FREE_EXPANSION_BYTES;
  return async (entry) => {
    const label = `${quote(entry.path)} in ${quote(name)}`;
    const packed = await locateEntry(file, name, entry);
    if (entry.method !== DEFLATED) return createLocated(packed, entry.crc, label);
    left -= entry.size;
    if (left < 0) {
      throw new FormatError(
        `${label} would unpack to ${entry.size} bytes from a file of ${file.size}; weights do not pack so tightly. ${REMEDY}`,
      );
    }
    const unpacked = createLocated(await inflate(packed, entry.size, label, stop), entry.crc, label);
    await unpacked.verify();
    return unpacked;
  };
}

function createLocated(data: BlobLike, crc: number, label: string): Located {
  let checked: Promise<void> | undefined;
  return { data, verify: () => (checked ??= checkCrc(data, crc, label)) };
}

/**
 * The files of an archive, folders left out, in the archive's order, each compared with its checksum.
 * @throws FormatError with one sentence; AbortedError
 */
export async function readZip(file: BlobLike, name: string, stop?: Stop): Promise<ZipFile[]> {
  const open = createOpener(file, name, stop);
  const files: ZipFile[] = [];
  for (const entry of await listZip(file, name)) {
    if (entry.path.endsWith('/')) continue;
    const { data, verify } = await open(entry);
    await verify();
    files.push({ path: entry.path, data });
  }
  return files;
}
