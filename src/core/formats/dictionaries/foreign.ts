/** Says what a file is that belongs to a format not read here, from its name and its first bytes. */
import { FormatError, readBytes } from '../bytes.ts';
import { decodeText, quote, refuseImpostor } from '../text.ts';
import { baseName, type DictionaryFile } from './files.ts';

/** Enough for a zip's first local header with its name. */
const SNIFF_BYTES = 512;
const ZIP_NAME_AT = 30;

const PICKLE_NAME = /\.(pt|pth|bin|pkl|ckpt)$/;

/** Whether the file may hold a dictionary in another format; judged by name, so that nothing is read. */
export function isForeign(path: string): boolean {
  return PICKLE_NAME.test(path) || /\.(npz|npy|zip|gz|tar|tgz|xz|zst|7z)$/.test(path) || baseName(path) === 'sae.safetensors';
}

/**
 * @param neighbours names of the files beside it
 * @returns the sentence that refuses the file
 */
export async function describeForeign({ path, data }: DictionaryFile, neighbours: string[]): Promise<FormatError> {
  const name = quote(path);
  try {
    await refuseImpostor(data, name);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  if (baseName(path) === 'sae.safetensors') return new FormatError(`${name} is a sparsify dictionary, a format that is not read yet.`);
  const head = await readBytes(data, 0, Math.min(SNIFF_BYTES, data.size));
  return new FormatError(`${name} is ${identify(path, head, neighbours)}.`);
}

function identify(path: string, head: Uint8Array, neighbours: string[]): string {
  if (head[0] === 0x50 && head[1] === 0x4b) return identifyZip(path, head, neighbours);
  if (head[0] === 0x1f && head[1] === 0x8b) return 'compressed with gzip. Unpack it and drop the file inside';
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) {
    const isTorch = head[2] === 0x8a && head[3] === 0x0a;
    return `${isTorch ? 'a PyTorch file in the container from before version 1.6' : 'a Python pickle'} (${nameLibrary(path, neighbours)}), a format that is not read yet`;
  }
  if (head[0] === 0x93 && decodeText(head.subarray(1, 6)) === 'NUMPY') return 'a NumPy array, a format that is not read yet';
  if (PICKLE_NAME.test(path)) {
    return `called like a PyTorch file, but is none: it begins with neither a zip nor a pickle (${head.length < SNIFF_BYTES ? `${head.length} bytes in all` : 'unknown contents'})`;
  }
  return 'in a format that is not read';
}

function identifyZip(path: string, head: Uint8Array, neighbours: string[]): string {
  if (head.length < ZIP_NAME_AT) return `the first ${head.length} bytes of a zip and nothing else. Copy or download it again`;
  const length = head[26] | (head[27] << 8);
  const first = decodeText(head.subarray(ZIP_NAME_AT, ZIP_NAME_AT + Math.min(length, SNIFF_BYTES)));
  if (first === '[Content_Types].xml' || first.startsWith('xl/') || first.startsWith('_rels/')) {
    return 'an Office document (a spreadsheet or text), not a dictionary';
  }
  if (first.endsWith('.npy')) return 'a NumPy archive (Gemma Scope stores dictionaries so), a format that is not read yet';
  if (/(^|\/)(data\.pkl|code\/|data\/|\.format_version|\.data\/|version|byteorder|constants\.pkl)/.test(first) || PICKLE_NAME.test(path)) {
    return `a PyTorch file (${nameLibrary(path, neighbours)}), a format that is not read yet`;
  }
  return 'a zip archive. Unpack it and drop the folder inside';
}

function nameLibrary(path: string, neighbours: string[]): string {
  const name = baseName(path);
  if (name === 'learned_dicts.pt') return 'sparse_coding';
  if (name === 'ae.pt') return 'dictionary_learning';
  if (neighbours.includes(name.replace(/\.pt$/, '_cfg.json'))) return '1L-Sparse-Autoencoder';
  return 'OpenAI sparse_autoencoder, or another library';
}
