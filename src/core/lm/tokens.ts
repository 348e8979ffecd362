/**
 * Byte-level BPE seen as bytes: what a token stands for, and the text that bytes spell, with positions.
 * The byte alphabet is GPT-2's, which GPT-NeoX tokenizers share.
 */
import { AlignedText, type Span } from './alignedText.ts';

/** GPT-2's byte alphabet: printable bytes stand for themselves, the others for code points from 256 up. */
function byteAlphabet(): Map<string, number> {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  const map = new Map<string, number>();
  let next = 256;
  for (let b = 0; b < 256; b++) map.set(String.fromCodePoint(printable(b) ? b : next++), b);
  return map;
}

const BYTE_OF = byteAlphabet();
const LETTER_OF = [...BYTE_OF.keys()];
const REPLACEMENT = 0xfffd;

/** UTF-8 bytes a vocabulary entry stands for; undefined when it is not in byte spelling. */
export function tokenBytes(piece: string): number[] | undefined {
  const bytes: number[] = [];
  for (const char of piece) {
    const byte = BYTE_OF.get(char);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}

/** The text in the byte alphabet, each letter with where its whole character is from. */
export function spellBytes(text: AlignedText): AlignedText {
  let letters = '';
  if (isAscii(text.text)) {
    for (let i = 0; i < text.text.length; i++) letters += LETTER_OF[text.text.charCodeAt(i)];
    return new AlignedText(letters, text.from, text.to);
  }
  const from: number[] = [];
  const to: number[] = [];
  let at = 0;
  for (const character of text.text) {
    const bytes = utf8(character.codePointAt(0)!);
    const [first, last] = text.span(at, at + character.length);
    for (const byte of bytes) {
      letters += LETTER_OF[byte];
      from.push(first);
      to.push(last);
    }
    at += character.length;
  }
  return new AlignedText(letters, Int32Array.from(from), Int32Array.from(to));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** UTF-8 of a code point; of half a surrogate pair that of U+FFFD. */
function utf8(codePoint: number): number[] {
  const c = codePoint >= 0xd800 && codePoint <= 0xdfff ? REPLACEMENT : codePoint;
  const rest = (shift: number) => 0x80 | ((c >> shift) & 0x3f);
  if (c < 0x80) return [c];
  if (c < 0x800) return [0xc0 | (c >> 6), rest(0)];
  if (c < 0x10000) return [0xe0 | (c >> 12), rest(6), rest(0)];
  return [0xf0 | (c >> 18), rest(12), rest(6), rest(0)];
}

/**
 * What the bytes spell, as TextDecoder reads them (bytes that are no character: U+FFFD), and for each byte the
 * characters (UTF-16 units) it is part of.
 */
export function readBytes(bytes: readonly number[]): { text: string; spans: Span[] } {
  let text = '';
  const spans: Span[] = [];
  for (let at = 0; at < bytes.length;) {
    const { length, codePoint } = characterAt(bytes, at);
    const start = text.length;
    text += String.fromCodePoint(codePoint);
    for (let i = 0; i < length; i++) spans.push([start, text.length]);
    at += length;
  }
  return { text, spans };
}

/** The Encoding Standard's rule: the longest beginning of a character that is none is one U+FFFD. */
function characterAt(bytes: readonly number[], at: number): { length: number; codePoint: number } {
  const lead = bytes[at];
  if (lead < 0x80) return { length: 1, codePoint: lead };
  const more = lead >= 0xc2 && lead <= 0xdf ? 1 : lead >= 0xe0 && lead <= 0xef ? 2 : lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
  let codePoint = lead & (0x3f >> more);
  for (let i = 1; i <= more; i++) {
    const byte = bytes[at + i] ?? 0;
    const lowest = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (byte < lowest || byte > highest) return { length: i, codePoint: REPLACEMENT };
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  return { length: more + 1, codePoint: more === 0 ? REPLACEMENT : codePoint };
}
