/** Token positions as a person types them: `0-3, 7`. */

type ParsedPositions = { positions: number[] } | { problem: string };

/** Ranges longer than any context window are a slip of the finger. */
const MAX_POSITION = 1_000_000;
const MAX_RANGE_TOKENS = 65_536;

export function parsePositions(text: string): ParsedPositions {
  const parts = text
    .replace(/\s*[-–]\s*/g, '-')
    .split(/[,;\s]+/)
    .filter((p) => p !== '');
  if (parts.length === 0) return { problem: 'Type at least one position, for example 0-3, 7.' };
  const found = new Set<number>();
  for (const part of parts) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) return { problem: `“${part}” is not a position: use whole numbers and ranges, for example 0-3, 7.` };
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (to < from) return { problem: `The range ${from}-${to} runs backwards.` };
    if (to > MAX_POSITION || to - from >= MAX_RANGE_TOKENS) return { problem: `The range ${part} is longer than any text here.` };
    for (let p = from; p <= to; p++) found.add(p);
  }
  return { positions: [...found].sort((a, b) => a - b) };
}

/** The shortest way to write a sorted list: `0-3, 7`. */
export function formatPositions(positions: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < positions.length;) {
    let j = i;
    while (j + 1 < positions.length && positions[j + 1] === positions[j] + 1) j++;
    parts.push(j > i ? `${positions[i]}-${positions[j]}` : `${positions[i]}`);
    i = j + 1;
  }
  return parts.join(', ');
}
