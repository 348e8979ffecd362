/**
 * Documents from text files a person dropped: .txt, .md and anything else that is text (one document), .jsonl (a
 * document a line), .csv (a document a row), each also as .gz. Nothing is taken unless the whole file reads.
 */
import { Gunzip } from 'fflate';
import Papa from 'papaparse';
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';

interface TextFile {
  path: string;
  data: Blob;
}

interface Documents {
  documents: string[];
  /** What was left out, as sentences. */
  warnings: string[];
}

interface DocumentOptions {
  /** Field of a .jsonl object or column of a .csv; absent: `text`, then `content`, then the only one. */
  field?: string;
  /** Most bytes of text in one file, unpacked; 512 MiB. */
  maxBytes?: number;
  stop?: Stop;
}

/** Unpacked, of one file: ten times the corpora people train on in a tab. */
const MAX_BYTES = 512 * 2 ** 20;
const USUAL_FIELDS = ['text', 'content'];
/** Between two looks at `stop`. */
const SLICE_BYTES = 4 * 2 ** 20;

/**
 * @throws FormatError, a sentence naming the file and the line, for an empty, too large, binary or malformed file;
 *   AbortedError
 */
export async function readDocuments({ path, data }: TextFile, options: DocumentOptions = {}): Promise<Documents> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const packed = /\.gz$/i.test(name);
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const bytes = packed ? await unpack(name, data, maxBytes, options.stop) : await readWhole(name, data, maxBytes);
  const text = decode(name, bytes);
  const kind = /\.(jsonl|ndjson|csv)$/i.exec(packed ? name.slice(0, -3) : name)?.[1].toLowerCase();
  const read =
    kind === undefined
      ? { documents: [text], warnings: [] }
      : kind === 'csv'
        ? readCsv(name, text, options)
        : readLines(name, text, options);
  const documents = read.documents.filter((document) => document.trim() !== '');
  if (documents.length === 0) throw new FormatError(`${name} holds no text. Nothing was added.`);
  return { documents, warnings: read.warnings };
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

/** UTF-8, or UTF-16 where the file says so. */
function decode(name: string, bytes: Uint8Array): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
  let text: string;
  try {
    text = new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${name} is not UTF-8 text: it may be binary or in an older encoding. Save it as UTF-8 and add it again.`);
  }
  if (text.includes('\0')) throw new FormatError(`${name} holds null characters, so it is a binary file, not text. Nothing was added.`);
  return text;
}

function readLines(name: string, text: string, { field, stop }: DocumentOptions): Documents {
  const documents: string[] = [];
  let without = 0;
  text.split(/\r?\n/).forEach((line, i) => {
    if (i % 10_000 === 0) throwIfStopped(stop);
    if (line.trim() === '') return;
    const found = textOf(parseLine(name, line, i + 1), field);
    // Written as \u0000 it passes unseen through `decode`; the store of texts parts documents by it.
    if (found?.includes('\0')) {
      throw new FormatError(
        `Line ${i + 1} of ${name} holds a null character (\\u0000), which no text has. Take it out; nothing was added.`,
      );
    }
    if (found === undefined) without++;
    else documents.push(found);
  });
  return { documents, warnings: leftOut(name, without, 'line', field) };
}

function parseLine(name: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw new FormatError(`Line ${number} of ${name} is not JSON. A .jsonl file has one JSON object a line; nothing was added.`);
  }
}

function textOf(value: unknown, field: string | undefined): string | undefined {
  if (typeof value === 'string' && field === undefined) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const record = value as Record<string, unknown>;
  const name = (field === undefined ? USUAL_FIELDS : [field]).find((f) => Object.hasOwn(record, f) && typeof record[f] === 'string');
  return name === undefined ? undefined : (record[name] as string);
}

function readCsv(name: string, text: string, { field }: DocumentOptions): Documents {
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) {
    throw new FormatError(`${name} has a quotation mark out of place near row ${(broken.row ?? 0) + 1}. Nothing was added.`);
  }
  const [head = [], ...rows] = data;
  const column = chooseColumn(name, head, field);
  const found = rows.map((row) => row[column]);
  const documents = found.filter((cell) => cell !== undefined);
  return { documents, warnings: leftOut(name, found.length - documents.length, 'row', head[column]) };
}

function chooseColumn(name: string, head: string[], field: string | undefined): number {
  const wanted = field === undefined ? USUAL_FIELDS : [field];
  const at = wanted.map((f) => head.findIndex((h) => h.trim().toLowerCase() === f.toLowerCase())).find((i) => i >= 0);
  if (at !== undefined) return at;
  if (field === undefined && head.length === 1) return 0;
  const columns = head.slice(0, 12).map((h) => `“${h.trim().slice(0, 40)}”`);
  throw new FormatError(
    `${name} has no column ${wanted.map((f) => `“${f}”`).join(' or ')}. Its columns: ${columns.join(', ')}. Name the one that holds the text.`,
  );
}

function leftOut(name: string, count: number, unit: string, field: string | undefined): string[] {
  if (count === 0) return [];
  const what = field === undefined ? '“text” or “content”' : `“${field}”`;
  return [`${count} ${unit}${count === 1 ? '' : 's'} of ${name} had no ${what} and ${count === 1 ? 'was' : 'were'} left out.`];
}
