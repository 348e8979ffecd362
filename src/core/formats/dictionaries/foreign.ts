/** Says what a file is that holds no dictionary in a format read here, from its name and its first bytes. */
import { FormatError } from '../bytes.ts';
import { identifyFile, impostor, refuseImpostor } from '../text.ts';
import { quote } from '../words.ts';
import { attempt } from './attempt.ts';
import { baseName, type DictionaryFile } from './files.ts';

/** Whether the file may hold something in another format; judged by name, so that nothing is read. */
export function isForeign(path: string): boolean {
  return /\.(pt|pth|bin|pkl|ckpt|npz|npy|zip|gz|tar|tgz|xz|zst|7z)$/.test(path) || baseName(path) === 'sae.safetensors';
}

/** @returns the sentence that refuses the file */
export async function describeForeign({ path, data }: DictionaryFile): Promise<FormatError> {
  const name = quote(path);
  const problem = await attempt(() => refuseImpostor(data, name, 'file'));
  if (problem) return problem;
  if (baseName(path) === 'sae.safetensors') {
    return new FormatError(`${name} is a sparsify dictionary without its cfg.json. Drop the folder with both.`);
  }
  const found = await identifyFile(data);
  return found ? impostor(found, name) : new FormatError(`${name} is in a format that is not read.`);
}

/** What one of the files is that no dictionary has among its own: a picture, a document, a model of another program. */
export async function describeStrange(files: readonly DictionaryFile[]): Promise<FormatError | undefined> {
  for (const { path, data } of files.slice(0, MOST_LOOKED_AT)) {
    const found = await identifyFile(data);
    if (found && found.kind !== 'json' && found.kind !== 'text' && found.kind !== 'safetensors') return impostor(found, quote(path));
  }
  return undefined;
}

const MOST_LOOKED_AT = 16;
