/**
 * Text and JSON from files a person dropped or a server sent: size caps, a nesting cap (what
 * parses here is later walked recursively by others), and what stands in a file's place by name.
 */
import { FormatError, readBytes, type BlobLike } from './bytes.ts';
import { findTwice } from './jsonKeys.ts';
import { identify, SNIFF_BYTES, type FileKind, type Kind } from './fileKinds.ts';
import { parseAnyJson, plainJson } from './pythonJson.ts';
import { decodeText } from './utf8.ts';
import { quote } from './words.ts';

export { decodeText };

/** Deeper JSON than this belongs to no model file; tokenizers reach about 8. */
const MAX_JSON_DEPTH = 100;

/** What a file should be, and what it may look like from its first bytes. */
const EXPECTED = {
  'safetensors file': ['safetensors'],
  'JSON file': ['json', 'text'],
  // Their own readers say more of zips and pickles.
  'PyTorch file': ['zip', 'pickle', 'text'],
  'NumPy archive': ['zip'],
  'ONNX model': ['onnx'],
  /** Anything that is not a failed download. */
  file: ['safetensors', 'zip', 'gzip', 'pickle', 'npy', 'onnx', 'json', 'text', 'wide text', 'other'],
} as const satisfies Record<string, readonly Kind[]>;

type Expected = keyof typeof EXPECTED;

/** What a file is by its first bytes; undefined for what is not known, and for empty files. */
export async function identifyFile(file: BlobLike): Promise<FileKind | undefined> {
  return identify(await readBytes(file, 0, Math.min(SNIFF_BYTES, file.size)));
}

/**
 * Recognises what stands in a file's place.
 * @param expected what it should be
 * @throws FormatError for an empty file, a web page, a Git LFS pointer, or another format, each called what it is
 */
export async function refuseImpostor(file: BlobLike, name: string, expected: Expected): Promise<void> {
  if (file.size === 0) throw new FormatError(`${name} is empty. Copy or download it again.`);
  const found = await identifyFile(file);
  if (!found || (EXPECTED[expected] as readonly Kind[]).includes(found.kind)) return;
  throw impostor(found, name, expected);
}

/** @param expected what it should be; absent when that was said already */
export function impostor({ kind, words }: FileKind, name: string, expected?: Expected): FormatError {
  if (kind === 'web page') {
    return new FormatError(`The server sent a web page where ${name} should be. Check the address, or download the file again.`);
  }
  if (kind === 'lfs pointer') {
    return new FormatError(
      `${name} is a Git LFS pointer, not the file itself. Fetch it with "git lfs pull" or download it from the model's page.`,
    );
  }
  // Where words say what to do, that is enough.
  const says = expected === undefined || /[.,;]/.test(words.replace(/".*"/, ''));
  return new FormatError(`${name} ${words}${says ? '' : `, not ${expected === 'ONNX model' ? 'an' : 'a'} ${expected}`}.`);
}

/**
 * Reads a JSON file.
 * @param maxBytes larger files are refused unread
 * @returns its text, its value, and the text as JSON.parse takes it: Python's NaN is null there
 * @throws FormatError when the file is too large, an impostor, not JSON, or nested too deeply
 */
export async function readJson(file: BlobLike, name: string, maxBytes: number): Promise<{ text: string; value: unknown; plain: string }> {
  if (file.size > maxBytes) {
    throw new FormatError(`${name} has ${file.size} bytes; at most ${maxBytes} are read. It is probably not the file its name says.`);
  }
  await refuseImpostor(file, name, 'JSON file');
  const text = decodeText(await readBytes(file, 0, file.size));
  const value = parseJson(text, name);
  return { text, value, plain: isPlain(text) ? text : (plainJson(text) ?? text) };
}

/** As `readJson`, for files of settings: none of them may stand there twice with two values. @throws FormatError */
export async function readSettingsJson(file: BlobLike, name: string, maxBytes: number): Promise<{ text: string; value: unknown }> {
  const { text, value } = await readJson(file, name, maxBytes);
  const twice = findTwice(text);
  if (twice) {
    const [first, second] = twice.values.map(quote);
    throw new FormatError(`${name} gives ${quote(twice.key)} twice, as ${first} and as ${second}, so it is not clear which one counts.`);
  }
  return { text, value };
}

/** Nothing that Python alone writes; a cheap look, strings included. */
function isPlain(text: string): boolean {
  return !text.includes('NaN') && !text.includes('Infinity');
}

/**
 * Numbers that Python writes and the standard lacks (NaN, Infinity) are read as what they mean.
 * @throws FormatError when `text` is not JSON or is nested too deeply
 */
export function parseJson(text: string, name: string): unknown {
  const { deepest, isOpen } = jsonDepth(text);
  if (deepest > MAX_JSON_DEPTH) {
    throw new FormatError(`${name} is nested more than ${MAX_JSON_DEPTH} levels deep, which no model file needs.`);
  }
  try {
    return parseAnyJson(text);
  } catch {
    const how =
      isOpen || text.trim() === '' ? 'It was probably cut off while being copied' : 'Open it in an editor: it is no JSON, or was damaged';
    throw new FormatError(`${name} is not valid JSON. ${how}.`);
  }
}

/** Deepest bracket nesting outside strings, and whether the end leaves any open; meaningless but harmless for text that is not JSON. */
function jsonDepth(text: string): { deepest: number; isOpen: boolean } {
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
  return { deepest, isOpen: depth > 0 || inString };
}
