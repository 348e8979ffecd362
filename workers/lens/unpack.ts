/** Zips among opened files, replaced by what is in them. */
import { FormatError, type BlobLike } from '../../src/core/formats/bytes.ts';
import { isZip, readZip } from '../../src/core/formats/zip.ts';
import type { FileIn } from './api.ts';

/** @throws FormatError for a zip that is not whole */
export async function unpackZips(files: FileIn[]): Promise<FileIn[]> {
  const out: FileIn[] = [];
  for (const file of files) {
    if (!/\.zip$/i.test(file.path) || !(await isZip(file.data))) {
      out.push(file);
      continue;
    }
    for (const { path, data } of await readZip(file.data, file.path, inflate)) out.push({ path, data: data as Blob });
  }
  return out;
}

/** Stops as soon as more comes out than was declared: a bomb costs no more than its own size. */
async function inflate(packed: BlobLike, size: number): Promise<BlobLike> {
  const reader = (packed as Blob).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > size) throw new FormatError('A file in the zip is larger than the zip says; it was made to do harm or is damaged.');
      parts.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    if (error instanceof FormatError) throw error;
    throw new FormatError('A file in the zip cannot be unpacked; it was probably damaged while being copied.', { cause: error });
  }
  if (bytes !== size) throw new FormatError('A file in the zip is shorter than the zip says; it was probably cut off while being copied.');
  return new Blob(parts);
}
