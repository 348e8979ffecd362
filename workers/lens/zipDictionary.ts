/** A dictionary as a zip with a folder of some library. */
import { zip, type AsyncZippable } from 'fflate';
import { exportDictionary } from '../../src/core/formats/dictionaries/export.ts';
import type { OpenedDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { ExportFormat } from '../../src/api/dictionaries.ts';

/** @throws FormatError with the sentence that says why the format cannot hold it */
export async function zipDictionary(opened: OpenedDictionary, format: ExportFormat, folder: string): Promise<Blob> {
  const files: AsyncZippable = {};
  for (const { path, parts } of await exportDictionary(opened, format, folder)) {
    const buffers = parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer()));
    const blob = new Blob(await Promise.all(buffers));
    // Weights do not compress; storing them keeps the export quick.
    files[path] = [new Uint8Array(await blob.arrayBuffer()), { level: 0 }];
  }
  return new Promise((resolve, reject) =>
    zip(files, { consume: true }, (error, data) => (error ? reject(error) : resolve(new Blob([data], { type: 'application/zip' })))),
  );
}
