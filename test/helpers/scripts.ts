/** Random texts of many scripts, with what makes positions shift: marks, jamo, ligatures, joined emoji. */
import { createRandom } from '../../src/core/array/random.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

const LETTERS: Record<string, string[]> = {
  latin: [...range(97, 122), ...range(65, 90)],
  composed: [...'éàüñçöåøßÉÀÜÑÇİŐ'],
  decomposed: ['e\u0301', 'a\u0300', 'u\u0308', 'n\u0303', 'o\u0323\u0302', 'q\u0301', 'A\u030a', 'x\u0323\u0307\u0301'],
  cyrillic: [...range(0x410, 0x44f), 'и\u0306', 'е\u0308'],
  greek: [...range(0x391, 0x3a1), 'Σ', ...range(0x3b1, 0x3c9), 'α\u0301', 'ᾳ'],
  arabic: [...range(0x627, 0x63a), ...range(0x641, 0x64a), 'ب\u064e', 'ا\u0653', 'ﷺ', 'ﻻ'],
  hebrew: [...range(0x5d0, 0x5ea), 'ש\u05c1\u05bc', 'ב\u05bc'],
  devanagari: [...range(0x915, 0x939), 'क\u093c', 'क्षि', 'नि', '\u0958', 'ज़\u0941'],
  thai: [...range(0xe01, 0xe2e), 'กี่', 'ำ', 'น้ำ'],
  cjk: [...range(0x4e00, 0x4e30), '㍿', '﨎', '\u{20BB7}', 'が', 'か\u3099', 'ｶﾞ', 'ﾊﾟ'],
  hangul: [...range(0xac00, 0xac20), '\u1100\u1161\u11a8', '\u1112\u1161', '각', '\uac00\u11a8', 'ㄱㅏ'],
  emoji: ['🦊', '👨\u200d👩\u200d👧', '👍🏽', '🇫🇷', '❤\ufe0f', '☺'],
  forms: ['ﬁ', 'ﬄ', 'Ａ', 'ｂ', '１', '①', '½', '™', '…', '㎏', 'ſ', 'Å', '～'],
  digits: [...'0123456789'],
};
const BETWEEN = [' ', ' ', ' ', ' ', '  ', ', ', '. ', '\n', '\t', '-', "'s ", '!', '\u00a0', ''];

export function randomTexts(count: number, seed: number): string[] {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const scripts = Object.values(LETTERS);
  const word = () => {
    // Mostly one script a word, now and then several.
    const script = pick(scripts);
    return Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random() < 0.15 ? pick(scripts) : script)).join('');
  };
  return Array.from({ length: count }, () => Array.from({ length: 1 + Math.floor(random() * 9) }, () => word() + pick(BETWEEN)).join(''));
}
