/** What the readers of JSON and of tables share: where the text of an object or a row is looked for, and what is said of the rest. */
import type { Stop } from '../../core/errors.ts';

export interface Documents {
  documents: string[];
  /** What was left out, or read in a way that a person may not have meant, as sentences. */
  warnings: string[];
}

export interface DocumentOptions {
  /** Field of an object or column of a table; absent: `text`, then `content`, then a table's only column. */
  field?: string;
  /** Most bytes of text in one file, unpacked; 512 MiB. */
  maxBytes?: number;
  stop?: Stop;
}

/** Where text is looked for, best first. */
export function fieldsOf(field: string | undefined): string[] {
  return field === undefined ? ['text', 'content'] : [field];
}

/** As in a sentence: “text” or “content”. */
export function wordsOf(field: string | undefined): string {
  return fieldsOf(field)
    .map((name) => `“${name}”`)
    .join(' or ');
}

/** Names from a file as they may stand in a sentence. */
export function quoteAll(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `“${name.trim().slice(0, 40)}”`);
  return shown.join(', ') + (names.length > 12 ? ', …' : '');
}

/** @returns no sentence where nothing was left out */
export function leftOut(name: string, count: number, unit: readonly [one: string, many: string], what: string): string[] {
  if (count === 0) return [];
  return [`${count} ${unit[count === 1 ? 0 : 1]} of ${name} had no ${what} and ${count === 1 ? 'was' : 'were'} left out.`];
}
