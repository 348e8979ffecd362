/** Dictionaries as folders on disk. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import { writeDictionary } from '../../core/formats/dictionaries/write.ts';

/** Writes the files of a dictionary; the folder is made where there is none. */
export async function writeFolder(folder: string, dictionary: OpenedDictionary): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { path, parts } of writeDictionary(dictionary)) {
    const pieces: Uint8Array[] = [];
    for (const part of parts) pieces.push(part instanceof Uint8Array ? part : new Uint8Array(await part.arrayBuffer()));
    writeFileSync(join(folder, path), Buffer.concat(pieces));
  }
}
