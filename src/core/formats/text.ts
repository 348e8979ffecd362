/**
 * Text and JSON from files a person dropped or a server sent: size caps, a nesting cap (what
 * parses here is later walked recursively by others), and the two usual impostors by name.
 */
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import { FormatError, readBytes, type BlobLike } from './bytes.ts';

/** Deeper JSON than this belongs to no model file; tokenizers reach about 8. */
const MAX_JSON_DEPTH = 100;

/** Enough of a file's beginning to tell a web page or a Git LFS pointer. */
const SNIFF_BYTES = 256;

/** Strict UTF-8 is not asked for: a wrong byte becomes U+FFFD and the JSON check judges the rest. */
export function decodeText(bytes: Uint8Array): string {
  const text = getTextEncoding().decodeUtf8(bytes);
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * Recognises what stands in a file's place when a download went wrong.
 * @throws FormatError for an empty file, a web page or a Git LFS pointer
 */
export async function refuseImpostor(file: BlobLike, name: string): Promise<void> {
  if (file.size === 0) throw new FormatError(`${name} is empty. Copy or download it again.`);
  const start = decodeText(await readBytes(file, 0, Math.min(SNIFF_BYTES, file.size)))
    .trimStart()
    .toLowerCase();
  if (/^<(!doctype|html|head|body|\?xml|!--)/.test(start)) {
    throw new FormatError(`The server sent a web page where ${name} should be. Check the address, or download the file again.`);
  }
  if (start.startsWith('version https://git-lfs')) {
    throw new FormatError(
      `${name} is a Git LFS pointer, not the file itself. Fetch it with "git lfs pull" or download it from the model's page.`,
    );
  }
}

/**
 * Reads a JSON file.
 * @param maxBytes larger files are refused unread
 * @throws FormatError when the file is too large, an impostor, not JSON, or nested too deeply
 */
export async function readJson(file: BlobLike, name: string, maxBytes: number): Promise<{ text: string; value: unknown }> {
  if (file.size > maxBytes) {
    throw new FormatError(`${name} has ${file.size} bytes; at most ${maxBytes} are read. It is probably not the file its name says.`);
  }
  await refuseImpostor(file, name);
  const text = decodeText(await readBytes(file, 0, file.size));
  return { text, value: parseJson(text, name) };
}

/** @throws FormatError when `text` is not JSON or is nested too deeply */
export function parseJson(text: string, name: string): unknown {
  if (jsonDepth(text) > MAX_JSON_DEPTH) {
    throw new FormatError(`${name} is nested more than ${MAX_JSON_DEPTH} levels deep, which no model file needs.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FormatError(`${name} is not valid JSON. It was probably cut off while being copied.`);
  }
}

/** Deepest bracket nesting outside strings; meaningless but harmless for text that is not JSON. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

/** A name from a file as it may stand in a sentence: short, on one line. */
export function quote(name: string): string {
  const flat = name.replace(/[\u0000-\u001f\u007f]/g, '?');
  return flat.length > 80 ? `${flat.slice(0, 77)}...` : flat;
}

/** "a, b, c and 4 more". */
export function listNames(names: string[], most = 6): string {
  const shown = names.slice(0, most).map(quote).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A JSON object, or undefined for anything else. */
export function maybeRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
