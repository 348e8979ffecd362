/** Which characters of the text that ids spell each of them covers: ids given without a text, in any division. */
import { placeInNfc, wholeCharacters, type Span } from '../../core/lm/alignedText.ts';
import { readBytes } from '../../core/lm/tokens.ts';
import { LostWay } from './tokenizerSteps.ts';

interface Decoding {
  /** Whether the id decodes to anything. */
  known: (id: number) => boolean;
  /** Bytes an id stands for; undefined for one that stands for characters. */
  bytesOf: (id: number) => readonly number[] | undefined;
  decode: (ids: readonly number[]) => string;
}

/**
 * @returns ranges in the NFC form of what the ids decode to
 * @throws LostWay where the pieces do not make up the whole
 */
export function spansOfIds(decoding: Decoding, ids: readonly number[]): Span[] {
  const spans: Span[] = [];
  let text = '';
  let before: number[] = [];
  for (const { bytes, ids: group } of groups(decoding, ids)) {
    const piece = decodeAfter(decoding, before, group);
    const start = text.length;
    text += piece;
    if (bytes) spans.push(...spansOfBytes(bytes, piece).map(([from, to]): Span => [start + from, start + to]));
    else spans.push([start, text.length]);
    const known = group.findLast((id) => decoding.known(id));
    if (known !== undefined) before = [known];
  }
  if (text !== decoding.decode(ids)) throw new LostWay('decoder');
  const placed = placeInNfc(text);
  if (!placed) throw new LostWay('NFC form of the text');
  const nfc = text.normalize('NFC');
  return spans.map(([from, to]) => wholeCharacters(nfc, placed.span(from, to)));
}

interface Group {
  ids: number[];
  /** Of each id, for a run of ids that stand for bytes: a character may lie across several. */
  bytes?: (readonly number[])[];
}

function groups({ bytesOf }: Decoding, ids: readonly number[]): Group[] {
  const found: Group[] = [];
  for (const id of ids) {
    const bytes = bytesOf(id);
    const last = found.at(-1);
    if (!bytes) found.push({ ids: [id] });
    else if (last?.bytes) {
      last.ids.push(id);
      last.bytes.push(bytes);
    } else found.push({ ids: [id], bytes: [bytes] });
  }
  return found;
}

/** What ids add to the text: decoders treat the first of a text otherwise, so one stands in front. */
function decodeAfter({ decode }: Decoding, before: number[], ids: number[]): string {
  if (before.length === 0) return decode(ids);
  const context = decode(before);
  const both = decode([...before, ...ids]);
  if (!both.startsWith(context)) throw new LostWay('decoder');
  return both.slice(context.length);
}

function spansOfBytes(bytes: readonly (readonly number[])[], wanted: string): Span[] {
  const { text, spans } = readBytes(bytes.flat());
  // A decoder may take a byte order mark away.
  const gone = text === `\ufeff${wanted}` ? 1 : 0;
  if (text.slice(gone) !== wanted) throw new LostWay('decoder');
  let at = 0;
  return bytes.map(({ length }): Span => {
    const start = spans[at]?.[0] ?? text.length;
    const end = length === 0 ? start : spans[at + length - 1][1];
    at += length;
    return [Math.max(0, start - gone), Math.max(0, end - gone)];
  });
}
