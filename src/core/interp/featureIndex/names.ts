/** What a latent without a label is called: a token, a class of tokens, or a place, where that is what most of its firing is. */
import type { Context, FeatureName, FeatureRecord } from '../types.ts';
import { CLOSING, FIRST_TOKEN_SHARE, OPENING } from './tags.ts';

/** Least share of its activation on one token, and on tokens of one class. */
const TOKEN = 0.5;
const CLASS = 0.8;
/** Least share of contexts that have what is said of all of them, and the fewest contexts that say anything. */
const CONTEXTS = 0.8;
const REPEATED = 0.6;
const FEWEST = 5;

/** Narrow ones first: the first that holds enough is the name. */
const CLASSES: readonly { words: string; has: RegExp }[] = [
  { words: 'digits', has: /^\s*\p{N}+$/u },
  { words: 'opening brackets and quotation marks', has: OPENING },
  { words: 'closing brackets and quotation marks', has: CLOSING },
  { words: 'ends of sentences', has: /^\s*[.!?…]+["'”’)\]]*$/u },
  { words: 'line breaks', has: /^\s*\n\s*$/u },
  { words: 'spaces', has: /^\s+$/u },
  { words: 'punctuation', has: /^\s*[\p{P}\p{S}]+$/u },
  { words: 'capitals', has: /^\s*\p{Lu}{2,}$/u },
  { words: 'capitalised words', has: /^\s*\p{Lu}\p{Ll}*$/u },
  { words: 'pieces that go on with a word', has: /^\p{Ll}+$/u },
];

/** All of a latent's activation, where a record may keep some of its tokens only. @param share of the first token, as the summary has it */
export function activationOf({ firing }: Pick<FeatureRecord, 'firing'>, share: number): number {
  return firing[0] && share > 0 ? firing[0].sum / share : 0;
}

/**
 * @param lettersOf letters of a token
 * @param total its whole activation
 * @returns null where nothing holds enough of it
 */
export function nameOf(
  record: Pick<FeatureRecord, 'firing' | 'places' | 'bands' | 'random'>,
  lettersOf: (id: number) => string,
  total: number,
): FeatureName | null {
  const { firing } = record;
  const [first] = firing;
  if (!first || !(total > 0)) return null;
  if (first.sum >= TOKEN * total) return { kind: 'token', words: lettersOf(first.id), share: first.sum / total };
  return repeatOf(record) ?? classOf(record, lettersOf, total) ?? placeOf(record);
}

function classOf(record: Parameters<typeof nameOf>[0], lettersOf: (id: number) => string, total: number): FeatureName | null {
  for (const { words, has } of CLASSES) {
    const share = record.firing.reduce((sum, { id, sum: own }) => sum + (has.test(lettersOf(id)) ? own : 0), 0) / total;
    if (share >= CLASS) return { kind: 'class', words: `${words}${afterWords(record, lettersOf)}`, share };
  }
  return null;
}

/** " after “$”" where that stands before it in most contexts that were drawn at random or from all its values. */
function afterWords(record: Parameters<typeof nameOf>[0], lettersOf: (id: number) => string): string {
  const before = drawnOf(record).flatMap(({ ids, at }) => (at > 0 ? [ids[at - 1]] : []));
  const counts = new Map<number, number>();
  for (const id of before) counts.set(id, (counts.get(id) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && before.length >= FEWEST && most[1] >= CONTEXTS * before.length ? ` after “${lettersOf(most[0])}”` : '';
}

/** The token and the one before it stood in the same order a little earlier. */
function repeatOf(record: Parameters<typeof nameOf>[0]): FeatureName | null {
  const drawn = drawnOf(record).filter(({ at }) => at > 1);
  if (drawn.length < FEWEST) return null;
  const share = drawn.filter(isRepeat).length / drawn.length;
  return share >= REPEATED ? { kind: 'repeat', words: 'the second of a repeated pair of tokens', share } : null;
}

function isRepeat({ ids, at }: Context): boolean {
  for (let i = 1; i < at; i++) if (ids[i] === ids[at] && ids[i - 1] === ids[at - 1]) return true;
  return false;
}

/** Contexts of every strength; the highest alone would say more than is so. */
function drawnOf({ bands, random }: Pick<FeatureRecord, 'bands' | 'random'>): Context[] {
  return [...bands.flatMap(({ contexts }) => contexts), ...random];
}

function placeOf({ places }: Pick<FeatureRecord, 'places'>): FeatureName | null {
  const count = places.reduce((sum, n) => sum + n, 0);
  if (count < FEWEST) return null;
  if (places[0] >= FIRST_TOKEN_SHARE * count) return { kind: 'place', words: 'the first token of a window', share: places[0] / count };
  const range = places.findIndex((n, i) => i > 0 && i < 6 && n >= CLASS * count);
  if (range < 0) return null;
  const [from, to] = [2 ** (range - 1), 2 ** range - 1];
  return {
    kind: 'place',
    words: from === to ? `token ${from} of a window` : `tokens ${from} to ${to} of a window`,
    share: places[range] / count,
  };
}
