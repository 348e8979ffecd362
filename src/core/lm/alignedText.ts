/**
 * A text on its way through a tokenizer, each character with the part of the original it comes from. Steps rewrite the
 * text; the ranges go along. Positions are UTF-16 units.
 */

/** Replaces characters start..end; `text` may be empty (a deletion), start = end is an insertion. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

export type Span = [number, number];

export class AlignedText {
  readonly text: string;
  /** Unit i comes from `from[i]`..`to[i]` of the original; an empty range was put in by a step. */
  readonly from: Int32Array;
  readonly to: Int32Array;

  constructor(text: string, from: Int32Array, to: Int32Array) {
    this.text = text;
    this.from = from;
    this.to = to;
  }

  slice(start: number, end = this.text.length): AlignedText {
    if (start === 0 && end === this.text.length) return this;
    return new AlignedText(this.text.slice(start, end), this.from.subarray(start, end), this.to.subarray(start, end));
  }

  /** What units start..end come from; where all were put in, the empty range at their place. */
  span(start = 0, end = this.text.length): Span {
    let from = Infinity;
    let to = -Infinity;
    for (let i = start; i < end; i++) {
      if (this.from[i] === this.to[i]) continue;
      from = Math.min(from, this.from[i]);
      to = Math.max(to, this.to[i]);
    }
    if (from <= to) return [from, to];
    const at = this.#place(start);
    return [at, at];
  }

  /** @param edits in order, not overlapping */
  edit(edits: Iterable<TextEdit>): AlignedText {
    const out = new Writer();
    let at = 0;
    for (const edit of edits) {
      out.copy(this, at, edit.start);
      this.#rewrite(out, edit);
      at = edit.end;
    }
    if (at === 0 && out.length === 0) return this;
    out.copy(this, at, this.text.length);
    return out.finish();
  }

  #rewrite(out: Writer, { start, end, text }: TextEdit): void {
    const old = this.text.slice(start, end);
    const inside = old === '' ? -1 : text.indexOf(old);
    if (inside >= 0) {
      // Something is put around what was there.
      out.put(text.slice(0, inside), this.#place(start), this.#place(start));
      out.copy(this, start, end);
      const after = this.to[end - 1];
      out.put(text.slice(inside + old.length), after, after);
      return;
    }
    const { head, tail } = shared(old, text);
    out.copy(this, start, start + head);
    const [from, to] = this.span(start + head, end - tail);
    const middle = text.slice(head, text.length - tail);
    // A mark or a joiner that is thrown away goes with the letter before it; white space goes for good.
    if (middle === '' && /\S/.test(this.text.slice(start + head, end - tail))) out.widen(from, to);
    else out.put(middle, from, to);
    out.copy(this, end - tail, end);
  }

  #place(at: number): number {
    return at < this.text.length ? this.from[at] : at > 0 ? this.to[at - 1] : 0;
  }
}

class Writer {
  #parts: string[] = [];
  #from: number[] = [];
  #to: number[] = [];
  /** Begin of something thrown away before any character was kept. */
  #waiting = Infinity;

  get length(): number {
    return this.#from.length;
  }

  copy(source: AlignedText, start: number, end: number): void {
    if (start >= end) return;
    this.#parts.push(source.text.slice(start, end));
    for (let i = start; i < end; i++) this.#push(source.from[i], source.to[i]);
  }

  put(text: string, from: number, to: number): void {
    if (text === '') return;
    this.#parts.push(text);
    for (let i = 0; i < text.length; i++) this.#push(from, to);
  }

  widen(from: number, to: number): void {
    if (this.length === 0) this.#waiting = Math.min(this.#waiting, from);
    else if (to > from) this.#to[this.length - 1] = Math.max(this.#to[this.length - 1], to);
  }

  finish(): AlignedText {
    return new AlignedText(this.#parts.join(''), Int32Array.from(this.#from), Int32Array.from(this.#to));
  }

  #push(from: number, to: number): void {
    this.#from.push(Math.min(from, this.#waiting));
    this.#to.push(to);
    this.#waiting = Infinity;
  }
}

/** Units that two texts begin and end with alike, whole code points only. */
function shared(a: string, b: string): { head: number; tail: number } {
  if (a === b) return { head: a.length, tail: 0 };
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  if (head > 0 && /[\uD800-\uDBFF]/.test(a[head - 1])) head--;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  if (tail > 0 && /[\uDC00-\uDFFF]/.test(a[a.length - tail])) tail--;
  return { head, tail };
}

/**
 * What Unicode normalization may join to the character before: marks, jamo (also those that become jamo), the
 * half-width sound marks, vowel signs of Kirat Rai, which are letters.
 */
const JOINING = /[\p{M}\u1160-\u11FF\u3131-\u318E\uFF9E-\uFFDC\u{16D63}-\u{16D6A}]/u;
const CLUSTER = new RegExp(`[^](?:${JOINING.source})*`, 'gu');

/** Edits that normalize each stretch by itself; no stretch acts on the next. */
export function* clusterEdits(text: string, normalize: (cluster: string) => string): Generator<TextEdit> {
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const normal = normalize(cluster);
    if (normal !== cluster) yield { start: index, end: index + cluster.length, text: normal };
  }
}

/** Edits that map each code point by itself. */
export function* characterEdits(text: string, map: (character: string) => string): Generator<TextEdit> {
  let start = 0;
  for (const character of text) {
    const end = start + character.length;
    const mapped = map(character);
    if (mapped !== character) yield { start, end, text: mapped };
    start = end;
  }
}

/**
 * The text as typed, each unit with its place in the NFC form.
 * @returns undefined should stretches not add up to the NFC form
 */
export function placeInNfc(text: string): AlignedText | undefined {
  const nfc = text.normalize('NFC');
  const from = new Int32Array(text.length);
  const to = new Int32Array(text.length);
  const fill = (start: number, end: number, place: number) => {
    for (let i = start; i < end; i++) to[i] = (from[i] = place + i - start) + 1;
  };
  if (nfc === text) {
    fill(0, text.length, 0);
    return new AlignedText(text, from, to);
  }
  let base = 0;
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const normal = cluster.normalize('NFC');
    if (!nfc.startsWith(normal, base)) return undefined;
    const { head, tail } = shared(cluster, normal);
    const end = index + cluster.length;
    const next = base + normal.length;
    fill(index, index + head, base);
    from.fill(base + head, index + head, end - tail);
    to.fill(next - tail, index + head, end - tail);
    fill(end - tail, end, next - tail);
    base = next;
  }
  return base === nfc.length ? new AlignedText(text, from, to) : undefined;
}

/** Widened to whole code points of `text`. */
export function wholeCharacters(text: string, [from, to]: Span): Span {
  const inside = (at: number) => at > 0 && at < text.length && /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(at - 1, at + 1));
  return [inside(from) ? from - 1 : from, to > from && inside(to) ? to + 1 : to];
}
