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
    name: 'Who is given it? (indirect object)',
    text: 'When Martha and Peter went to the garden, Peter gave a basket to Martha. When Clara and Henry went to the market, Henry gave a book to',
  },
  {
    name: 'Dialogue',
    text: '"Where have you been?" asked his mother. "In the garden," said Tom (quietly), "and I can\'t find the dog." She didn\'t answer, but looked at his shoes.',
  },
  {
    name: 'A letter',
    text: 'My dear Anna,\n\nI received your letter of the 3rd of May with great pleasure, and hope that this finds you and your sister in good health. We remain here until the end of the month.\n\nYour affectionate brother,\nJames',
  },
  {
    name: 'A textbook',
    text: 'A galaxy is a large system of stars, gas, and dust held together by gravity. Our own galaxy, the Milky Way, contains more than 100 billion stars. How do astronomers measure the distances to other galaxies? First, they observe the brightness of certain stars.',
  },
  {
    name: 'Spanish',
    text: 'La función devuelve una lista con los valores de cada elemento. Si el elemento no existe, el componente no se vuelve a renderizar. Por ejemplo, puedes usar este código en tu aplicación.',
  },
  {
    name: 'French',
    text: 'La fonction renvoie une liste avec les valeurs de chaque élément. Si l’élément n’existe pas, le composant ne s’affiche pas. Par exemple, vous pouvez utiliser ce code dans votre application.',
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
