/**
 * Documents from tables: a row of .csv or .tsv is one. Nothing is lost in silence: a first row that is no header is
 * text, and commas that nobody quoted belong to the text, or the row is named and left out.
 */
import Papa from 'papaparse';
import { FormatError } from '../../core/formats/bytes.ts';
import { fieldsOf, leftOut, quoteAll, wordsOf, type DocumentOptions, type Documents } from './documentFields.ts';

/** Semicolons where the comma is a decimal point. */
const DELIMITERS = [',', ';', '\t', '|'];
const LONGEST_NAME = 40;
/** Stands in no text, so that nothing is a quotation mark. */
const NO_QUOTES = '\0';

interface Column {
  at: number;
  /** Its name; undefined where the first row is text. */
  name?: string;
  warnings: string[];
}

/** @throws FormatError, a sentence, for a column that is not there and for a quotation mark out of place */
export function readTable(name: string, text: string, { field }: DocumentOptions): Documents {
  const isTsv = /\.(tsv|tab)(\.gz)?$/i.test(name);
  const delimiter = isTsv ? '\t' : chooseDelimiter(text, field);
  const rows = parseRows(name, text, delimiter, isTsv);
  const width = rows[0]?.length ?? 0;
  const column = chooseColumn(name, rows[0] ?? [], field);
  const found = (column.name === undefined ? rows : rows.slice(1)).map((row) => cellOf(row, column.at, width, delimiter));
  const documents = found.flatMap(({ text: cell }) => (cell === undefined ? [] : [cell]));
  const without = found.filter(({ text: cell, tooLong }) => cell === undefined && !tooLong).length;
  const joined = found.filter(({ text: cell, tooLong }) => cell !== undefined && tooLong).length;
  const unclear = found.filter(({ text: cell, tooLong }) => cell === undefined && tooLong).length;
  const named = column.name === undefined ? wordsOf(field) : `“${column.name.trim()}”`;
  return {
    documents,
    warnings: [
      ...column.warnings,
      ...leftOut(name, without, ['row', 'rows'], named),
      ...surplus(name, joined, 'were read with what stood behind them as one text'),
      ...surplus(name, unclear, 'were left out: which cells are its text cannot be told'),
    ],
  };
}

function surplus(name: string, count: number, what: string): string[] {
  if (count === 0) return [];
  const said = count === 1 ? what.replace('were', 'was').replace('them', 'it') : what;
  return [`${count} ${count === 1 ? 'row' : 'rows'} of ${name} had more cells than the first, without quotation marks, and ${said}.`];
}

function parseRows(name: string, text: string, delimiter: string, isTsv: boolean): string[][] {
  const parse = (quoteChar: string) => Papa.parse<string[]>(text, { skipEmptyLines: 'greedy', delimiter, newline: '\n', quoteChar });
  const { data, errors } = parse('"');
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (!broken) return data;
  // Many programs write .tsv without quoting anything.
  if (isTsv) return parse(NO_QUOTES).data;
  throw new FormatError(`${name} has a quotation mark out of place near row ${(broken.row ?? 0) + 1}. Nothing was added.`);
}

/** What parts the first row so that a wanted name is a cell, else what is most often in it; a comma where nothing is. */
function chooseDelimiter(text: string, field: string | undefined): string {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  const cells = (delimiter: string) => Papa.parse<string[]>(line, { delimiter, newline: '\n' }).data[0] ?? [];
  const named = DELIMITERS.find((delimiter) => cells(delimiter).length > 1 && findColumn(cells(delimiter), field) !== undefined);
  const counts = DELIMITERS.map((delimiter) => cells(delimiter).length);
  return named ?? DELIMITERS[counts.indexOf(Math.max(...counts))];
}

function findColumn(head: readonly string[], field: string | undefined): number | undefined {
  return fieldsOf(field)
    .map((wanted) => head.findIndex((cell) => cell.trim().toLowerCase() === wanted.toLowerCase()))
    .find((at) => at >= 0);
}

function chooseColumn(name: string, head: readonly string[], field: string | undefined): Column {
  const at = findColumn(head, field);
  if (at !== undefined) return { at, name: head[at], warnings: [] };
  if (field === undefined && head.length === 1) {
    const [first] = head;
    const shown = quoteAll(head);
    return isName(first)
      ? { at: 0, name: first, warnings: [`The first row of ${name}, ${shown}, was taken for the name of its column and left out.`] }
      : { at: 0, warnings: [`${name} has no header, so its first row, ${shown}, was read as text like the others.`] };
  }
  throw new FormatError(
    `${name} has no column ${wordsOf(field)}. Its columns: ${quoteAll(head)}. Name the one that holds the text “text”, or add a first row with names if it has none.`,
  );
}

/** One word without a full stop: a sentence is none. */
function isName(cell: string): boolean {
  return cell.length <= LONGEST_NAME && /^\s*[\p{L}_][\p{L}\p{M}\p{N}_-]*\s*$/u.test(cell);
}

/** The text of a row. Where a row has more cells than the first, the last column takes what is over. */
function cellOf(row: readonly string[], at: number, width: number, delimiter: string): { text?: string; tooLong: boolean } {
  const tooLong = row.length > width;
  if (!tooLong) return { ...(row[at] !== undefined && { text: row[at] }), tooLong };
  return at === width - 1 ? { text: row.slice(at).join(delimiter), tooLong } : { tooLong };
}
