/** Zips among opened files, replaced by what is in them. */
import type { Stop } from '../../src/core/errors.ts';
import { isZip } from '../../src/core/formats/zip.ts';
import { readZip } from '../../src/core/formats/zipEntries.ts';
import type { PlainFile } from '../../src/api/model.ts';

/** @throws FormatError for a zip that is not whole, or larger than weights make it; AbortedError */
export async function unpackZips(files: PlainFile[], stop?: Stop): Promise<PlainFile[]> {
  const out: PlainFile[] = [];
  for (const file of files) {
    if (!/\.zip$/i.test(file.path) || !(await isZip(file.data))) {
      out.push(file);
      continue;
    }
    for (const { path, data } of await readZip(file.data, file.path, stop)) out.push({ path, data: data as Blob });
  }
  return out;
}
