/** Says what a file is that holds no dictionary in a format read here, from its name and its first bytes. */
import { FormatError, readBytes } from '../bytes.ts';
import { decodeText, quote, refuseImpostor } from '../text.ts';
import { baseName, type DictionaryFile } from './files.ts';

/** Enough for a zip's first local header with its name. */
const SNIFF_BYTES = 512;
const ZIP_NAME_AT = 30;

/** Whether the file may hold something in another format; judged by name, so that nothing is read. */
export function isForeign(path: string): boolean {
  return /\.(pt|pth|bin|pkl|ckpt|npz|npy|zip|gz|tar|tgz|xz|zst|7z)$/.test(path) || baseName(path) === 'sae.safetensors';
}

/** @returns the sentence that refuses the file */
export async function describeForeign({ path, data }: DictionaryFile): Promise<FormatError> {
  const name = quote(path);
  try {
    await refuseImpostor(data, name);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  if (baseName(path) === 'sae.safetensors') {
    return new FormatError(`${name} is a sparsify dictionary without its cfg.json. Drop the folder with both.`);
  }
  const head = await readBytes(data, 0, Math.min(SNIFF_BYTES, data.size));
  return new FormatError(`${name} is ${identify(head)}.`);
}

function identify(head: Uint8Array): string {
  if (head[0] === 0x50 && head[1] === 0x4b) return identifyZip(head);
  if (head[0] === 0x1f && head[1] === 0x8b) return 'compressed with gzip. Unpack it and drop the file inside';
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) return 'a Python pickle. Dictionaries are read from files that end in .pt';
  if (head[0] === 0x93 && decodeText(head.subarray(1, 6)) === 'NUMPY')
    return 'a single NumPy array; a dictionary needs all of its own, as an .npz';
  return 'in a format that is not read';
}

function identifyZip(head: Uint8Array): string {
  if (head.length < ZIP_NAME_AT) return `the first ${head.length} bytes of a zip and nothing else. Copy or download it again`;
  const length = head[26] | (head[27] << 8);
  const first = decodeText(head.subarray(ZIP_NAME_AT, ZIP_NAME_AT + Math.min(length, SNIFF_BYTES)));
  if (first === '[Content_Types].xml' || first.startsWith('xl/') || first.startsWith('_rels/')) {
    return 'an Office document (a spreadsheet or text), not a dictionary';
  }
  if (/(^|\/)(data\.pkl|code\/|data\/|\.format_version|\.data\/|version|byteorder|constants\.pkl)/.test(first)) {
    return 'a PyTorch file; of these, dictionaries that end in .pt are read here, and models are opened as models';
  }
  return 'a zip archive. Unpack it and drop the folder inside';
}
