/**
 * Byte-level BPE seen as bytes: what a token stands for, and which characters of the text it covers.
 * The byte alphabet is GPT-2's, which GPT-NeoX tokenizers share.
 */

/** GPT-2's byte alphabet: printable bytes stand for themselves, the others for code points from 256 up. */
function byteAlphabet(): Map<string, number> {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  const map = new Map<string, number>();
  let next = 256;
  for (let b = 0; b < 256; b++) map.set(String.fromCodePoint(printable(b) ? b : next++), b);
  return map;
}

const BYTE_OF = byteAlphabet();

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

/** UTF-8 length in bytes of the code point. */
function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/**
 * Character range [start, end) in `text` (UTF-16 units) of consecutive tokens of the given byte lengths.
 * Tokens that share a character each cover the whole of it. Should bytes and text disagree, ranges stop at
 * the end of the text.
 */
export function tokenSpans(text: string, byteLengths: readonly number[]): [number, number][] {
  // charAt[b] is where the character holding byte b starts; one more entry for the end.
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < text.length;) {
    const codePoint = text.codePointAt(at)!;
    const units = codePoint > 0xffff ? 2 : 1;
    for (let i = utf8Length(codePoint); i > 0; i--) {
      starts.push(at);
      ends.push(at + units);
    }
    at += units;
  }
  let byte = 0;
  return byteLengths.map((length) => {
    const start = starts[byte] ?? text.length;
    const end = length === 0 ? start : (ends[byte + length - 1] ?? text.length);
    byte += length;
    return [start, Math.max(start, end)];
  });
}
