/**
 * Documents from text files a person dropped: .txt, .md and anything else that is text (one document), .json and .jsonl
 * (a document an entry or a line), .csv and .tsv (a document a row), each also as .gz. Nothing is taken unless the whole
 * file reads; what is no text is called what it is.
 */
import { Gunzip } from 'fflate';
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { identify, isPlainText, SNIFF_BYTES } from '../../core/formats/fileKinds.ts';
import { decodeText, identifyFile } from '../../core/formats/text.ts';
import type { DocumentOptions, Documents } from './documentFields.ts';
import { isJson, readJsonDocuments } from './jsonDocuments.ts';
import { readTable } from './tableDocuments.ts';

interface TextFile {
  path: string;
  data: Blob;
}

/** Unpacked, of one file: ten times the corpora people train on in a tab. */
const MAX_BYTES = 512 * 2 ** 20;
/** Between two looks at `stop`. */
const SLICE_BYTES = 4 * 2 ** 20;
/** Formats that are letters throughout, at least in their beginning. */
const ALWAYS = /^\s*(%PDF-\d|\{\\rtf\d|<svg\b|version https:\/\/git-lfs)/;

/**
 * @throws FormatError, a sentence naming the file and the line, for an empty, too large, binary or malformed file, and
 *   for one that is markup or no text at all; AbortedError
 */
export async function readDocuments({ path, data }: TextFile, options: DocumentOptions = {}): Promise<Documents> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  // Packed files are known by their first bytes too.
  const packed = /\.gz$/i.test(name) || (await identifyFile(data))?.kind === 'gzip';
  const bytes = packed ? await unpack(name, data, maxBytes, options.stop) : await readWhole(name, data, maxBytes);
  const encoding = readEncoding(name, bytes);
  const text = unixLines(decode(name, bytes, encoding));
  refuseMarkup(name, text);
  const read = readers(name)(name, text, options);
  const documents = read.documents.map(unixLines).filter((document) => document.trim() !== '');
  if (documents.length === 0) throw new FormatError(`${name} holds no text. Nothing was added.`);
  return { documents, warnings: read.warnings };
}

function readers(name: string): (name: string, text: string, options: DocumentOptions) => Documents {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1].toLowerCase() ?? '';
  if (['json', 'jsonl', 'ndjson'].includes(ending)) return readJsonDocuments;
  return ['csv', 'tsv', 'tab'].includes(ending) ? readTable : readPlain;
}

/** One document, whatever it holds; what looks like several is said. */
function readPlain(name: string, text: string): Documents {
  const warnings = isJson(text)
    ? [`${name} holds JSON and was read as one text, brackets and all. In a file called .json or .jsonl its texts are read one by one.`]
    : [];
  return { documents: [text], warnings };
}

/** Windows ends lines with two characters, old Macs with one: a model would learn them as tokens. */
function unixLines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

async function readWhole(name: string, data: Blob, maxBytes: number): Promise<Uint8Array> {
  if (data.size === 0) throw new FormatError(`${name} is empty. Nothing was added.`);
  refuseLarge(name, data.size, maxBytes);
  return new Uint8Array(await data.arrayBuffer());
}

function refuseLarge(name: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new FormatError(
    `${name} holds more than ${Math.round(maxBytes / 2 ** 20)} MiB of text, the most one file may. Split it and add the parts you need.`,
  );
}

/** Stops at the bound, so that a small file cannot unpack into all memory. */
async function unpack(name: string, data: Blob, maxBytes: number, stop?: Stop): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const gunzip = new Gunzip((part) => {
    size += part.length;
    refuseLarge(name, size, maxBytes);
    parts.push(part);
  });
  for (let at = 0; at < data.size; at += SLICE_BYTES) {
    throwIfStopped(stop);
    const slice = new Uint8Array(await data.slice(at, at + SLICE_BYTES).arrayBuffer());
    try {
      gunzip.push(slice, at + SLICE_BYTES >= data.size);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      throw new FormatError(`${name} is not a whole gzip file: it may be cut off, or something else with that name. Nothing was added.`);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** @throws FormatError for what is no text, called what it is */
function readEncoding(name: string, bytes: Uint8Array): Encoding {
  const head = bytes.subarray(0, SNIFF_BYTES);
  const found = identify(head);
  if (!found || ['json', 'text', 'web page'].includes(found.kind)) return 'utf-8';
  if (found.kind === 'wide text' && !/UTF-32/.test(found.words)) return head[0] === 0xfe || head[0] === 0 ? 'utf-16be' : 'utf-16le';
  // A text may begin with the letters that a format begins with.
  if (isPlainText(head) && !ALWAYS.test(decodeText(head))) return 'utf-8';
  if (found.kind === 'lfs pointer') {
    throw new FormatError(`${name} is a Git LFS pointer, not the text itself. Fetch it with "git lfs pull" and add it again.`);
  }
  const [what] = found.words.split(/[.,;] /);
  const advice = /Unpack/.test(found.words)
    ? ' Unpack it and add the texts in it.'
    : /UTF-8|plain text/.test(found.words)
      ? ' Save it as UTF-8 text and add that.'
      : '';
  throw new FormatError(`${name} ${what}${/UTF-32/.test(what) ? '' : ', not text'}.${advice} Nothing was added.`);
}

/** Markup as a document would be trained on as text. @throws FormatError */
function refuseMarkup(name: string, text: string): void {
  const start = text
    .slice(0, 4096)
    .trimStart()
    .replace(/^(<!--[^]*?-->\s*)+/, '');
  const isPage = /\.(x?html?|mhtml?)(\.gz)?$/i.test(name) || /^<(!doctype\s+html|html|head|body)\b/i.test(start);
  if (!isPage && !/^<\?xml\b/.test(start)) return;
  throw new FormatError(
    `${name} is ${isPage ? 'a web page' : 'XML'}: its markup would be read as text. Copy the text out of it and add that; markup itself can be put into a .jsonl file. Nothing was added.`,
  );
}

/** @throws FormatError */
function decode(name: string, bytes: Uint8Array, encoding: Encoding): string {
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const what =
      encoding === 'utf-8' ? 'is not UTF-8 text: it may be binary or in an older encoding' : 'is not whole UTF-16 text: it may be cut off';
    throw new FormatError(`${name} ${what}. Save it as UTF-8 and add it again.`);
  }
  if (text.includes('\0')) throw new FormatError(`${name} holds null characters, so it is a binary file, not text. Nothing was added.`);
  return text;
}
