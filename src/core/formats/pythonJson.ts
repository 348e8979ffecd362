/**
 * JSON as Python writes it: NaN, Infinity and -Infinity, which the standard does not have and Python's json module
 * writes without being asked. They become the numbers they mean; whoever needs a number refuses one that is not finite.
 */

/** Stands for NaN until the text is parsed; no file holds it by chance. */
const MARK = '\ufdd0NaN\ufdd0';

/**
 * @returns the text with the constants in the standard's spelling, NaN as null; undefined where it has none outside strings
 */
export function plainJson(text: string): string | undefined {
  return replaceConstants(text, 'null');
}

/** The standard's JSON or Python's. @throws SyntaxError as JSON.parse does */
export function parseAnyJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return parsePythonJson(text);
  }
}

function parsePythonJson(text: string): unknown {
  const plain = replaceConstants(text, JSON.stringify(MARK));
  if (plain === undefined) throw new SyntaxError('not JSON as Python writes it');
  return JSON.parse(plain, (_, value: unknown) => (value === MARK ? NaN : value)) as unknown;
}

function replaceConstants(text: string, nan: string): string | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') {
      at = endOfString(text, at);
      continue;
    }
    if (letter !== 'N' && letter !== 'I') continue;
    const word = letter === 'N' ? 'NaN' : 'Infinity';
    if (!text.startsWith(word, at) || isWordLetter(text[at - 1]) || isWordLetter(text[at + word.length])) continue;
    // 1e999 is beyond every number, so it reads as infinity; a minus sign before it stays.
    parts.push(text.slice(from, at), word === 'NaN' ? nan : '1e999');
    at += word.length - 1;
    from = at + 1;
  }
  return from === 0 ? undefined : parts.join('') + text.slice(from);
}

/** Where the string that begins at `at` ends; the end of the text when it does not. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

function isWordLetter(letter: string | undefined): boolean {
  return letter !== undefined && /[\w$]/.test(letter);
}
