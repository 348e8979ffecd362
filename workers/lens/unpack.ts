/** Zips among opened files, replaced by what is in them. */
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
    for (const { path, data } of await readZip(file.data, file.path)) out.push({ path, data: data as Blob });
  }
  return out;
}
