/**
 * How a token is written for a person: spaces, newlines and controls made visible, tokens that
 * split one character's UTF-8 bytes put back together. Rules: reference/explorer-uis.md, end of D.
 */

type GlyphKind = 'text' | 'space' | 'newline' | 'tab' | 'control' | 'special' | 'partial';

/** One visible piece of a token; `text` is what is drawn. */
interface Glyph {
  kind: GlyphKind;
  text: string;
}

/** Tokens that share a character, or a single token. `text` is their part of the source text. */
export interface TokenGroup {
  first: number;
  count: number;
  text: string;
}

export const END_OF_TEXT = '<|endoftext|>';
const REPLACEMENT = 0xfffd;
const ZERO_WIDTH_JOINER = 0x200d;

/** Drawn in place of bytes that are no character by themselves. */
const PARTIAL_MARK = 'bytes';

/**
 * The pieces of a token, in order.
 * @param whole the text is known to be complete characters, so a U+FFFD in it is the writer's own
 */
export function tokenGlyphs(token: string, whole = false): Glyph[] {
  if (token === END_OF_TEXT) return [{ kind: 'special', text: token }];
  const glyphs: Glyph[] = [];
  let leading = true;
  for (const char of token) {
    const glyph = glyphOf(char, leading, glyphs.length === 0, whole);
    leading &&= char === ' ';
    const last = glyphs.at(-1);
    if (last?.kind === 'partial' && glyph.kind === 'partial') continue;
    if (last?.kind === 'text' && glyph.kind === 'text') last.text += glyph.text;
    else glyphs.push(glyph);
  }
  return glyphs;
}

function glyphOf(char: string, leading: boolean, first: boolean, whole: boolean): Glyph {
  const code = char.codePointAt(0) ?? 0;
  if (char === ' ') return leading ? { kind: 'space', text: '·' } : { kind: 'text', text: ' ' };
  if (char === '\n') return { kind: 'newline', text: '↵' };
  if (char === '\t') return { kind: 'tab', text: '⇥' };
  if (code === REPLACEMENT) return whole ? { kind: 'control', text: '\\uFFFD' } : { kind: 'partial', text: PARTIAL_MARK };
  if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code === 0xad) return { kind: 'control', text: `\\x${hex(code, 2)}` };
  if (isInvisible(code, first)) return { kind: 'control', text: code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}` };
  return { kind: 'text', text: char };
}

/** Characters that take no ink. Joiners and variation selectors count only where nothing precedes them to join. */
function isInvisible(code: number, first: boolean): boolean {
  if (code === ZERO_WIDTH_JOINER || (code >= 0xfe00 && code <= 0xfe0f)) return first;
  if (code >= 0xd800 && code <= 0xdfff) return true;
  if (code === 0xfeff || (code >= 0x2000 && code <= 0x200f) || (code >= 0x2028 && code <= 0x202f)) return true;
  return (code >= 0x205f && code <= 0x206f) || code === 0x3000 || code === 0x1680 || (code >= 0xe0000 && code <= 0xe007f);
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0');
}

/** A token as one line of plain text, for labels and tables. */
export function glyphText(token: string): string {
  return tokenGlyphs(token)
    .map((g) => (g.kind === 'partial' ? '⟨bytes⟩' : g.text))
    .join('');
}

/** A token as words, for a screen reader. */
export function spokenToken(token: string): string {
  const words: Record<Exclude<GlyphKind, 'text'>, string> = {
    space: 'space',
    newline: 'newline',
    tab: 'tab',
    control: '',
    special: '',
    partial: 'part of a character',
  };
  return tokenGlyphs(token)
    .map((g) => (g.kind === 'text' ? g.text : words[g.kind] || g.text))
    .join(' ');
}

/** True when the token's bytes are not whole characters, so it cannot be written as text. */
export function isPartial(token: string): boolean {
  return token.includes('\uFFFD');
}

/** A token for labels and tables away from the strip: its text, and which part of it when it is only one. */
export interface NamedToken {
  text: string;
  part: number;
  of: number;
}

/** One per token: those that share a character carry the whole of it, numbered from 1. */
export function nameTokens(text: string, tokens: readonly string[], spans: readonly [number, number][]): NamedToken[] {
  return nameGroups(groupTokens(text.normalize('NFC'), tokens, spans), tokens);
}

/** `nameTokens` of groups already made. */
export function nameGroups(groups: readonly TokenGroup[], tokens: readonly string[]): NamedToken[] {
  return groups.flatMap((group) =>
    group.count === 1
      ? [{ text: tokens[group.first], part: 1, of: 1 }]
      : Array.from({ length: group.count }, (_, j) => ({ text: group.text, part: j + 1, of: group.count })),
  );
}

/** As one line of plain text: `the`, `🦊 2/4`. */
export function namedText({ text, part, of }: NamedToken): string {
  return of === 1 ? glyphText(text) : `${glyphText(text)} ${part}/${of}`;
}

/**
 * Tokens in order, those whose spans overlap joined into one group.
 * @param nfc the text in NFC, which `spans` index
 */
export function groupTokens(nfc: string, tokens: readonly string[], spans: readonly [number, number][]): TokenGroup[] {
  const groups: TokenGroup[] = [];
  let start = 0;
  let end = -1;
  tokens.forEach((token, i) => {
    const [from, to] = spans[i];
    const group = groups.at(-1);
    if (group && from < end && from < to) {
      group.count++;
      end = Math.max(end, to);
      group.text = nfc.slice(start, end);
    } else {
      start = from;
      end = to;
      groups.push({ first: i, count: 1, text: nfc.slice(from, to) || token });
    }
  });
  return groups;
}
