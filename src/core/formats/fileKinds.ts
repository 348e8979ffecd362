/** What a file is by its first bytes: what stands in another's place is called what it is, not damaged. */
import { decodeText } from './utf8.ts';

/** Bytes that tell: a tar says what it is at 257. */
export const SNIFF_BYTES = 512;

/** Of a zip's first local header, with its name behind. */
const ZIP_NAME_AT = 30;
/** A shorter file of letters says nothing. */
const LEAST_TEXT = 12;

export type Kind =
  'safetensors' | 'zip' | 'gzip' | 'pickle' | 'npy' | 'onnx' | 'json' | 'text' | 'web page' | 'lfs pointer' | 'wide text' | 'other';

export interface FileKind {
  kind: Kind;
  /** The rest of a sentence that begins with the file's name, without a full stop: "is compressed with gzip. Unpack it …". */
  words: string;
}

/** Bytes that a kind begins with, or has at a place; letters stand for themselves, '?' for any byte. */
type Signature = [kind: Kind, bytes: readonly number[] | string, words: string, at?: number];

const UNPACK = 'Unpack it and drop the file inside';

// prettier-ignore
const SIGNATURES: readonly Signature[] = [
  ['gzip', [0x1f, 0x8b], `is compressed with gzip. ${UNPACK}`],
  ['other', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], `is compressed with xz. ${UNPACK}`],
  ['other', [0x28, 0xb5, 0x2f, 0xfd], `is compressed with Zstandard. ${UNPACK}`],
  ['other', [0x04, 0x22, 0x4d, 0x18], `is compressed with LZ4. ${UNPACK}`],
  ['other', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], `is a 7-Zip archive. ${UNPACK}`],
  ['other', 'Rar!', `is a RAR archive. ${UNPACK}`],
  ['other', 'BZh', `is compressed with bzip2. ${UNPACK}`],
  ['other', 'mimetypeapplication/epub', 'is an e-book (EPUB). Save it as plain text', 30],
  ['other', 'mimetypeapplication/vnd.oasis', 'is an OpenDocument file. Save it as plain text', 30],
  ['other', '{\\rtf', 'is a Rich Text document (RTF). Save it as plain text'],
  ['other', 'ustar', `is a tar archive. ${UNPACK}`, 257],
  ['wide text', [0xff, 0xfe, 0, 0], 'is text in UTF-32. Save it as UTF-8'],
  ['wide text', [0xff, 0xfe], 'is text in UTF-16 (as Windows PowerShell and Notepad write it). Save it as UTF-8'],
  ['wide text', [0xfe, 0xff], 'is text in UTF-16 (big-endian). Save it as UTF-8'],
  ['other', [0, 5, 0x16, 7], 'is a note that a Mac keeps beside a file (AppleDouble), not the file itself. Drop the file of the same name without "._"'],
  ['other', [0, 5, 0x16, 0], 'is in the AppleSingle form of old Macs. Save it as a plain file'],
  ['other', [0x89, 0x50, 0x4e, 0x47], 'is a picture (PNG)'],
  ['other', [0xff, 0xd8, 0xff], 'is a picture (JPEG)'],
  ['other', 'GIF8', 'is a picture (GIF)'],
  ['other', 'RIFF????WEBP', 'is a picture (WebP)'],
  ['other', 'RIFF????WAVE', 'is a sound file (WAV)'],
  ['other', [0x49, 0x49, 0x2a, 0], 'is a picture (TIFF)'],
  ['other', [0x4d, 0x4d, 0, 0x2a], 'is a picture (TIFF)'],
  ['other', [0, 0, 1, 0], 'is a picture (icon)'],
  ['other', 'ftyphei', 'is a picture (HEIC)', 4],
  ['other', 'ftypavif', 'is a picture (AVIF)', 4],
  ['other', 'ftyp', 'is a film (MP4)', 4],
  ['other', '<svg', 'is a picture (SVG)'],
  ['other', '%PDF', 'is a PDF document'],
  ['other', 'GGUF', 'is a GGUF file (llama.cpp’s format), which is not read here. Take the model’s safetensors files'],
  ['other', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a], 'is an HDF5 file (Keras and others), which is not read here. Save it as safetensors'],
  ['other', 'TFL3', 'is a TensorFlow Lite model, which is not read here', 4],
  ['other', 'PAR1', 'is a Parquet table, which is not read here'],
  ['other', 'ARROW1', 'is an Arrow table, which is not read here'],
  ['other', 'SQLite format 3', 'is an SQLite database'],
  ['other', [0xd0, 0xcf, 0x11, 0xe0], 'is an old Office document'],
  ['other', [0x7f, 0x45, 0x4c, 0x46], 'is a program (ELF)'],
  ['other', [0x4d, 0x5a, 0x90, 0], 'is a Windows program'],
  ['npy', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'is a single NumPy array; a dictionary needs all of its own, as an .npz'],
];

/** @returns what it is; undefined for what is not known */
export function identify(head: Uint8Array): FileKind | undefined {
  // A header length may begin as anything does; the brace after it decides.
  if (isSafetensors(head)) return { kind: 'safetensors', words: 'is a safetensors file. Call it .safetensors' };
  for (const [kind, bytes, words, at = 0] of SIGNATURES) if (begins(head, bytes, at)) return { kind, words };
  if (begins(head, [0x50, 0x4b, 3, 4]) || begins(head, [0x50, 0x4b, 5, 6])) return { kind: 'zip', words: zipWords(head) };
  if (isPickle(head))
    return { kind: 'pickle', words: 'is a Python pickle. Dictionaries are read from files that end in .pt, models from .bin and .pt' };
  // Version of the format, then who made it.
  if (head[0] === 8 && head[1] <= 32 && head[2] === 0x12) return { kind: 'onnx', words: 'is an ONNX model. Call it .onnx' };
  if (isWide(head)) return { kind: 'wide text', words: 'is text in UTF-16 without a mark. Save it as UTF-8' };
  return identifyText(head);
}

function identifyText(head: Uint8Array): FileKind | undefined {
  const text = decodeText(head).trimStart();
  if (/^<(!doctype|html|head|body|\?xml|!--)/i.test(text)) return { kind: 'web page', words: 'is a web page' };
  if (/^version https:\/\/git-lfs/i.test(text)) return { kind: 'lfs pointer', words: 'is a Git LFS pointer' };
  if (head.length < LEAST_TEXT || head.some(isControl)) return undefined;
  if (/^[[{]\s*(["{}[\]\d]|$)/.test(text)) return { kind: 'json', words: 'is JSON text' };
  if (isBroken(text)) return undefined;
  const flat = text.replace(/\s+/g, ' ').slice(0, 40);
  return { kind: 'text', words: `is plain text ("${flat}…")` };
}

/** Whether these bytes are UTF-8 without control characters. */
export function isPlainText(head: Uint8Array): boolean {
  return !head.some(isControl) && !isBroken(decodeText(head));
}

function isControl(byte: number): boolean {
  return byte < 9 || (byte > 13 && byte < 32) || byte === 127;
}

/** The end may be the first half of a character. */
function isBroken(text: string): boolean {
  return text.slice(0, -3).includes('\ufffd');
}

function isSafetensors(head: Uint8Array): boolean {
  return head.length > 8 && head[8] === 0x7b && !(head[4] | head[5] | head[6] | head[7]) && (head[0] | head[1] | head[2] | head[3]) !== 0;
}

/** PROTO with a protocol, and an instruction that pickles begin with: FRAME, a number, a mark, an empty dict or list, a name. */
function isPickle(head: Uint8Array): boolean {
  return (
    head.length > 2 &&
    head[0] === 0x80 &&
    head[1] >= 2 &&
    head[1] <= 5 &&
    [0x95, 0x8a, 0x28, 0x7d, 0x5d, 0x63, 0x8c, 0x29].includes(head[2])
  );
}

/** Every other byte is 0, and the others are letters. */
function isWide(head: Uint8Array): boolean {
  if (head.length < LEAST_TEXT) return false;
  const pairs = Array.from({ length: LEAST_TEXT / 2 }, (_, i) => [head[2 * i], head[2 * i + 1]]);
  const isLetter = (byte: number) => byte >= 9 && byte < 127;
  return pairs.every(([a, b]) => isLetter(a) && b === 0) || pairs.every(([a, b]) => a === 0 && isLetter(b));
}

function begins(head: Uint8Array, bytes: readonly number[] | string, at = 0): boolean {
  if (head.length < at + bytes.length) return false;
  if (typeof bytes !== 'string') return bytes.every((byte, i) => head[at + i] === byte);
  return [...bytes].every((letter, i) => letter === '?' || head[at + i] === letter.charCodeAt(0));
}

function zipWords(head: Uint8Array): string {
  if (head.length < ZIP_NAME_AT) return `is the first ${head.length} bytes of a zip and nothing else. Copy or download it again`;
  const length = head[26] | (head[27] << 8);
  const first = decodeText(head.subarray(ZIP_NAME_AT, ZIP_NAME_AT + length));
  if (first === '[Content_Types].xml' || first.startsWith('xl/') || first.startsWith('_rels/')) {
    return 'is an Office document (a spreadsheet or text), not a dictionary';
  }
  if (/(^|\/)(data\.pkl|code\/|data\/|\.format_version|\.data\/|version|byteorder|constants\.pkl)/.test(first)) {
    return 'is a PyTorch file; of these, dictionaries that end in .pt are read here, and models are opened as models';
  }
  if (/^[^/]+\.npy$/.test(first)) return 'is a NumPy archive. Call it .npz';
  return 'is a zip archive. Unpack it and drop the folder inside';
}
