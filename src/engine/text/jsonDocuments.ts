/**
 * Documents from JSON: an object or a string a line (.jsonl), a list of them, or one object that holds such a list, as
 * pandas and others write it. What a file holds decides, not its name: many call JSON lines .json.
 */
import { throwIfStopped } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { parseAnyJson } from '../../core/formats/pythonJson.ts';
import { maybeRecord } from '../../core/formats/words.ts';
import { fieldsOf, leftOut, quoteAll, wordsOf, type DocumentOptions, type Documents } from './documentFields.ts';

/** Where an object keeps its list, in files of one object. */
const LISTS = ['data', 'rows', 'examples', 'documents', 'train'];

interface Part {
  value: unknown;
  /** "Line 3", "Entry 3". */
  place: string;
}

const LINES = ['line', 'lines'] as const;
const ENTRIES = ['entry', 'entries'] as const;

/** @throws FormatError, a sentence naming the line or entry; AbortedError */
export function readJsonDocuments(name: string, text: string, options: DocumentOptions): Documents {
  const whole = parseWhole(text);
  if (whole === undefined) {
    const lines = readLines(name, text, options);
    return collect(name, LINES, lines, options);
  }
  const list = Array.isArray(whole.value) ? (whole.value as unknown[]) : listIn(name, whole.value, options.field);
  return collect(
    name,
    ENTRIES,
    list.map((value, i) => ({ value, place: `Entry ${i + 1}` })),
    options,
  );
}

/** Whether all of it, or its first line and another, is a list or an object of JSON. */
export function isJson(text: string): boolean {
  const [first = '', second] = text.trim().split('\n', 2);
  const isObject = (line: string | undefined) => line?.startsWith('{') === true && parse(line) !== undefined;
  return (isObject(first) && isObject(second)) || parseWhole(text) !== undefined;
}

/** A list or an object that is the whole file; undefined where lines are to be read. */
function parseWhole(text: string): { value: unknown } | undefined {
  const start = text.trim();
  const end = start.indexOf('\n');
  // The first of several lines: a list may begin so, and an object that is laid out over lines.
  if (start.startsWith('{') && end >= 0 && parse(start.slice(0, end)) !== undefined) return undefined;
  return start.startsWith('{') || start.startsWith('[') ? parse(start) : undefined;
}

function readLines(name: string, text: string, { stop }: DocumentOptions): Part[] {
  const parts: Part[] = [];
  text.split('\n').forEach((line, i) => {
    if (i % 10_000 === 0) throwIfStopped(stop);
    if (line.trim() === '') return;
    const parsed = parse(line);
    if (parsed) parts.push({ value: parsed.value, place: `Line ${i + 1}` });
    else
      throw new FormatError(
        `Line ${i + 1} of ${name} is not JSON. Read are files with one JSON object a line, or one list of them; nothing was added.`,
      );
  });
  return parts;
}

/**
 * The list of a file that is one object: {"data": [{"text": …}]}, and pandas' columns {"text": {"0": …}}.
 * @throws FormatError when none is found
 */
function listIn(name: string, value: unknown, field: string | undefined): unknown[] {
  const record = maybeRecord(value) ?? {};
  for (const key of fieldsOf(field)) {
    const column = Object.hasOwn(record, key) ? record[key] : undefined;
    if (typeof column === 'string') return [record];
    const values = Array.isArray(column) ? (column as unknown[]) : Object.values(maybeRecord(column) ?? {});
    if (values.length > 0) return values.map((text) => (typeof text === 'string' ? { [key]: text } : text));
  }
  const held = LISTS.map((key) => (Object.hasOwn(record, key) ? record[key] : undefined)).find((list) => Array.isArray(list));
  // The hub's viewer puts each into a box.
  if (held) return (held as unknown[]).map((entry) => maybeRecord(entry)?.row ?? entry);
  throw new FormatError(
    `${name} holds no text that is found here: it is one JSON object without ${wordsOf(field)}. Its keys: ${quoteAll(Object.keys(record))}. Read are a list of texts or of objects, or one object a line; nothing was added.`,
  );
}

function collect(name: string, unit: readonly [string, string], parts: readonly Part[], options: DocumentOptions): Documents {
  const { field, stop } = options;
  const documents: string[] = [];
  let without = 0;
  parts.forEach(({ value, place }, i) => {
    if (i % 10_000 === 0) throwIfStopped(stop);
    const found = textOf(value, field);
    // Written as \u0000 it passes unseen through the reader of bytes; the store of texts parts documents by it.
    if (found?.includes('\0')) {
      throw new FormatError(`${place} of ${name} holds a null character (\\u0000), which no text has. Take it out; nothing was added.`);
    }
    if (found === undefined) without++;
    else documents.push(found);
  });
  const keys = Object.keys(parts.map(({ value }) => maybeRecord(value)).find((record) => record !== undefined) ?? {});
  if (parts.length > 0 && without === parts.length) {
    const has = keys.length > 0 ? ` The first has ${quoteAll(keys)}.` : '';
    throw new FormatError(`${name} holds no text that is found here: no ${unit[0]} has ${wordsOf(field)}.${has} Nothing was added.`);
  }
  return { documents, warnings: leftOut(name, without, unit, wordsOf(field)) };
}

/** In a box, since null and false are values; undefined where `text` is no JSON. */
function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: parseAnyJson(text) };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown, field: string | undefined): string | undefined {
  if (typeof value === 'string' && field === undefined) return value;
  const record = maybeRecord(value);
  const key = record && fieldsOf(field).find((f) => Object.hasOwn(record, f) && typeof record[f] === 'string');
  return key === undefined ? undefined : (record![key] as string);
}
