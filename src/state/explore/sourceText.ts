/**
 * From tokens back to what the person typed. Spans count characters of the NFC form; the text in
 * the box may be in another form, so a range is widened to whole combining sequences of the original.
 */

/** Starter with its marks; a Hangul syllable block with its jamo; or marks without a starter. */
const SEQUENCE = /[\u1100-\u115F][\u1160-\u11A7]*[\u11A8-\u11FF]*\p{M}*|[\uAC00-\uD7A3][\u1160-\u11FF]*\p{M}*|\P{M}\p{M}*|\p{M}+/gsu;

/** The part of `text` (as typed) that characters start..end of its NFC form come from. */
export function sourceSlice(text: string, start: number, end: number): string {
  const nfc = text.normalize('NFC');
  if (nfc === text) return text.slice(start, end);
  let at = 0;
  let out = '';
  let joined = '';
  for (const [sequence] of text.matchAll(SEQUENCE)) {
    const composed = sequence.normalize('NFC');
    if (at < end && at + composed.length > start) out += sequence;
    at += composed.length;
    joined += composed;
  }
  return joined === nfc ? out : nfc.slice(start, end);
}

/** The person's own text behind tokens first..last (inclusive). */
export function textOfTokens(text: string, spans: readonly [number, number][], first: number, last: number): string {
  let start = Infinity;
  let end = -Infinity;
  for (let i = first; i <= last; i++) {
    start = Math.min(start, spans[i][0]);
    end = Math.max(end, spans[i][1]);
  }
  return start < end ? sourceSlice(text, start, end) : '';
}

/** A short piece of the text around a token, for labels. */
export function excerptAround(text: string, span: readonly [number, number], reach = 18): string {
  const nfc = text.normalize('NFC');
  const from = Math.max(0, span[0] - reach);
  const to = Math.min(nfc.length, span[1] + reach);
  const middle = nfc.slice(from, to).replace(/\s+/g, ' ');
  return `${from > 0 ? '…' : ''}${middle}${to < nfc.length ? '…' : ''}`;
}
