/** Keys that a JSON text says twice in one object: parsers keep the last without a word. */

/** Settings lie no deeper. */
const MOST_DEPTH = 3;

interface Twice {
  key: string;
  /** As written. */
  values: [string, string];
}

/**
 * @param text valid JSON
 * @returns the first key with two plain values that differ
 */
export function findTwice(text: string): Twice | undefined {
  const seen: Map<string, string>[] = [];
  for (const { key, value, depth } of listPlain(text)) {
    // A depth is met again in another object, whose opening empties the map.
    if (key === undefined) {
      seen[depth] = new Map();
      continue;
    }
    const before = seen[depth].get(key);
    if (before !== undefined && before !== value) return { key, values: [before, value] };
    seen[depth].set(key, value);
  }
  return undefined;
}

/** Keys with plain values, and (without a key) where objects begin. */
function* listPlain(text: string): Generator<{ key?: string; value: string; depth: number }> {
  let depth = 0;
  // A string, then its colon and what comes behind: a plain value or something that opens.
  const token = /"(?:[^"\\]|\\.)*"(?:\s*:\s*("(?:[^"\\]|\\.)*"|[^\s"{}[\],]+)?)?|[{}[\]]/gs;
  for (const match of text.matchAll(token)) {
    const [found, value] = match;
    if (found === '{' || found === '[') depth++;
    if (found === '{' && depth <= MOST_DEPTH) yield { value: '', depth };
    if (found === '}' || found === ']') depth--;
    if (value !== undefined && depth <= MOST_DEPTH) yield { key: found.slice(1, found.indexOf('"', 1)), value, depth };
  }
}
