/** Texts to start from, each showing something different. Written for this project or in the public domain. */
export interface Sample {
  name: string;
  text: string;
  /** Comes with the page: so many characters of this file, fetched when it is chosen, instead of `text`. */
  file?: { path: string; characters: number };
}

export const SAMPLES: readonly Sample[] = [
  {
    name: 'A story, with a name to recall',
    text: 'Mr. Alden put down his hat and looked at the sea. "The wind has changed," said Mr. Alden, and he looked at the sea again.',
  },
  {
    name: 'A repeated phrase (induction)',
    text: 'The grey heron waits by the old mill. The children run past. The grey heron waits by the old mill.',
  },
  {
    name: 'Moby Dick, the opening',
    text: 'Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.',
  },
  {
    name: 'Code',
    text: 'def area(width, height):\n    return width * height\n\ndef volume(width, height, depth):\n    return area(width, height) *',
  },
  { name: 'Characters in many bytes', text: 'The café in Zürich opened at nine. “¿Qué tal?” she asked, and drew a fox 🦊 on the page.' },
  {
    name: 'Right to left, and other scripts',
    text: 'أهلا وسهلا بكم في البحر القديم. שלום עולם, הים רגוע היום.\nСтарик смотрел на море. 海は静かだ。 समुद्र शांत है।',
  },
  { name: 'Moby Dick, several chapters (long)', text: '', file: { path: 'corpora/moby-dick.txt', characters: 60_000 } },
];

/** The start of a file up to the last paragraph that fits whole. */
export function startOf(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const part = text.slice(0, characters);
  const end = part.lastIndexOf('\n\n');
  return (end > 0 ? part.slice(0, end) : part).trimEnd();
}

export const DEFAULT_TEXT = SAMPLES[0].text;
