/**
 * A record as bytes, in protobuf's wire format of numbers without its tags: varints, fp32, fp64. `short` keeps fewer contexts, tokens and less
 * around them, with values in 255 steps of the maximum, so that an index can ship with the page.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { FormatError } from '../../formats/bytes.ts';
import { LOG_BINS, logEdge, logEdgeAt } from './fineHistogram.ts';
import type { Band, Context, FeatureRecord, FeatureTag, FiringToken, TokenCounts } from '../types.ts';

const TAGS: readonly FeatureTag[] = ['dead', 'dense', 'single-token', 'first-token', 'positional', 'opening', 'closing'];
const SHORT = { firing: 10, top: 5, band: 1, random: 2, near: 2, before: 6, after: 2, tokens: 9 };
/** Of dictionaries with many features. */
const SHORTER = { firing: 2, top: 2, band: 1, random: 0, near: 0, before: 3, after: 0, tokens: 2 };

/** How short a record is: whole, as those that ship, or as those of large dictionaries that ship. */
type Brevity = 0 | 1 | 2;
/** Lists longer than this are not of ours. */
const LONGEST = 2 ** 16;

/** Counts over many tokens may need more than 32 bits. */
function writeWhole(out: BinaryWriter, n: number): void {
  if (n < 2 ** 32) out.uint32(n);
  else out.uint64(n);
}

/** What is asked of a reader, with every end before its time and every number that cannot be told as damage. */
class Reader {
  readonly #from: BinaryReader;

  constructor(bytes: Uint8Array) {
    this.#from = new BinaryReader(bytes);
  }

  whole(): number {
    const n = Number(this.#from.uint64());
    if (!Number.isSafeInteger(n)) throw damaged();
    return n;
  }

  float(): number {
    return this.#from.float();
  }

  double(): number {
    return this.#from.double();
  }

  list<T>(read: () => T): T[] {
    const n = this.whole();
    if (n > LONGEST) throw damaged();
    return Array.from({ length: n }, read);
  }
}

function damaged(): FormatError {
  return new FormatError('The index is damaged: the record of a feature ends too early or holds a number that cannot be.');
}

export function writeRecord(record: FeatureRecord, brevity: Brevity = 0): Uint8Array<ArrayBuffer> {
  const out = new BinaryWriter();
  const isShort = brevity > 0;
  const kept = brevity === 2 ? SHORTER : SHORT;
  const list = <T>(items: readonly T[], most: number, write: (item: T) => void) => {
    const some = isShort ? items.slice(0, most) : items;
    writeWhole(out, some.length);
    some.forEach(write);
  };
  const context = (one: Context) => writeContext(out, one, isShort ? record.maximum : 0, kept);
  const { histogram, log_histogram } = record;
  writeWhole(out, isShort ? 1 : 0);
  writeWhole(out, record.tokens);
  out.double(record.density);
  for (const x of [record.maximum, record.mean, record.variance]) out.double(x);
  out.double(histogram.edges[0]);
  out.double(histogram.edges[histogram.edges.length - 1]);
  list(histogram.counts, LONGEST, (n) => writeWhole(out, n));
  writeWhole(out, log_histogram.edges.length > 0 ? logEdgeAt(log_histogram.edges[0]) : 0);
  list(log_histogram.counts, LONGEST, (n) => writeWhole(out, n));
  list(record.firing, kept.firing, ({ id, count, sum, max }) => {
    writeWhole(out, id);
    writeWhole(out, count);
    if (isShort) out.float(sum);
    else out.double(sum);
    out.float(max);
  });
  writeWhole(out, record.firing_tokens);
  writeWhole(out, record.firing_exact ? 1 : 0);
  list(fewerTokens(record.by_bin, isShort ? kept.tokens : Infinity), LONGEST, ({ id, counts }) => {
    writeWhole(out, id === null ? 0 : id + 1);
    list(counts, LONGEST, (n) => writeWhole(out, n));
  });
  writeWhole(out, record.by_bin_firings);
  list(record.top, kept.top, context);
  list(record.bands, LONGEST, (band) => {
    for (const x of [band.from, band.to]) out.float(x);
    for (const share of band.share) writeWhole(out, Math.round(100 * share));
    list(band.contexts, kept.band, context);
  });
  list(record.random, kept.random, context);
  list(record.near, kept.near, context);
  writeWhole(out, record.repeats);
  list(record.places, LONGEST, (n) => writeWhole(out, n));
  list(record.tags, LONGEST, (tag) => writeWhole(out, TAGS.indexOf(tag)));
  return out.finish();
}

/** @throws FormatError for bytes that `writeRecord` did not write */
export function readRecord(bytes: Uint8Array): FeatureRecord {
  try {
    return readFields(bytes);
  } catch (error) {
    throw error instanceof FormatError ? error : damaged();
  }
}

function readFields(bytes: Uint8Array): FeatureRecord {
  const from = new Reader(bytes);
  const isShort = from.whole() === 1;
  const tokens = from.whole();
  const density = from.double();
  const [maximum, mean, variance] = [from.double(), from.double(), from.double()];
  const [low, high] = [from.double(), from.double()];
  const counts = from.list(() => from.whole());
  const edges = Array.from({ length: counts.length + 1 }, (_, i) => low + ((high - low) * i) / counts.length);
  const context = () => readContext(from, isShort ? maximum : 0);
  // Fields are read in the order in which they were written.
  return {
    tokens,
    density,
    maximum,
    mean,
    variance,
    histogram: { edges, counts },
    log_histogram: readLogHistogram(from),
    firing: from.list((): FiringToken => ({
      id: from.whole(),
      count: from.whole(),
      sum: isShort ? from.float() : from.double(),
      max: from.float(),
    })),
    firing_tokens: from.whole(),
    firing_exact: from.whole() === 1,
    by_bin: from.list((): TokenCounts => {
      const id = from.whole();
      return { id: id === 0 ? null : id - 1, counts: from.list(() => from.whole()) };
    }),
    by_bin_firings: from.whole(),
    top: from.list(context),
    bands: from.list((): Band => ({
      from: from.float(),
      to: from.float(),
      share: [from.whole() / 100, from.whole() / 100],
      contexts: from.list(context),
    })),
    random: from.list(context),
    near: from.list(context),
    repeats: from.whole(),
    places: from.list(() => from.whole()),
    tags: from.list(() => TAGS[from.whole()] ?? fail()),
  };
}

function readLogHistogram(from: Reader): FeatureRecord['log_histogram'] {
  const first = from.whole();
  const counts = from.list(() => from.whole());
  if (first + counts.length > LOG_BINS) throw damaged();
  return { edges: counts.length > 0 ? Array.from({ length: counts.length + 1 }, (_, i) => logEdge(first + i)) : [], counts };
}

function fail(): never {
  throw damaged();
}

/** The commonest tokens, and the rest joined. */
function fewerTokens(by_bin: readonly TokenCounts[], most: number): readonly TokenCounts[] {
  if (by_bin.length <= most + 1) return by_bin;
  const rest = by_bin.slice(most);
  const counts = rest[0].counts.map((_, bin) => rest.reduce((sum, series) => sum + series.counts[bin], 0));
  return [...by_bin.slice(0, most), { id: null, counts }];
}

/** @param maximum what 255 steps reach to; 0: values are written whole */
function writeContext(
  out: BinaryWriter,
  { document, position, ids, at, values, value }: Context,
  maximum: number,
  { before, after }: typeof SHORT,
): void {
  const first = maximum > 0 ? Math.max(0, at - before) : 0;
  const end = maximum > 0 ? Math.min(ids.length, at + 1 + after) : ids.length;
  writeWhole(out, document);
  writeWhole(out, position);
  out.float(value);
  writeWhole(out, end - first);
  writeWhole(out, at - first);
  for (let i = first; i < end; i++) writeWhole(out, ids[i]);
  const active = [...Array(end - first).keys()].filter((i) => values[first + i] !== 0);
  writeWhole(out, active.length);
  for (const i of active) {
    writeWhole(out, i);
    const v = values[first + i];
    if (maximum > 0) writeWhole(out, Math.min(255, Math.max(1, Math.round((255 * v) / maximum))));
    else out.float(v);
  }
}

function readContext(from: Reader, maximum: number): Context {
  const document = from.whole();
  const position = from.whole();
  const value = from.float();
  const n = from.whole();
  const at = from.whole();
  if (n > LONGEST || at >= n) throw damaged();
  const ids = Array.from({ length: n }, () => from.whole());
  const values = new Array<number>(n).fill(0);
  for (let left = from.whole(); left > 0; left--) {
    const i = from.whole();
    const v = maximum > 0 ? (from.whole() * maximum) / 255 : from.float();
    if (i >= n) throw damaged();
    values[i] = v;
  }
  return { document, position, ids, at, values, value };
}
