/** Numbers as people write them in the boxes of a form, and what is wrong with them in a few words. */
import { faultOf, rangeOf, type NumberSchema } from '../../core/train/numbers.ts';

/** A number as people write it: 1000000, 1e6, 1 000 000 or 1_000_000. */
export function readNumber(text: string): number {
  const bare = text.trim().replace(/(?<=\d)[\s_\u202F](?=\d{3})/g, '');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : NaN;
}

/** What is wrong with a number; '' when nothing is. */
export function complaint(text: string, schema: NumberSchema): string {
  const { least, most, above, below } = rangeOf(schema);
  switch (faultOf(schema, readNumber(text))) {
    case undefined:
      return '';
    case 'not a number':
      return `“${text.trim()}” is not a number.`;
    case 'not whole':
      return `It must be a whole number; ${text.trim()} is not.`;
    case 'too small':
      if (above) return `It must be above ${String(least)}.`;
      return least === 0 ? 'It cannot be below 0.' : `It must be ${String(least)} or more.`;
    case 'too large':
      return below ? `It must be below ${String(most)}.` : `It must be at most ${String(most)}.`;
  }
}

export function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== '');
}

/** Reads a list of numbers; `problem` is '' when all are good. An empty list is no problem. */
export function readList(text: string, schema: NumberSchema): { values: number[]; problem: string } {
  const parts = listOf(text);
  const problem = parts.map((part) => complaint(part, schema)).find((words) => words !== '') ?? '';
  const values = parts.map(readNumber);
  if (problem === '' && new Set(values).size < values.length) return { values, problem: 'The same number stands here twice.' };
  return { values, problem };
}

export const oneOrAll = <T>(values: readonly T[]): T | T[] => (values.length === 1 ? values[0] : [...values]);
