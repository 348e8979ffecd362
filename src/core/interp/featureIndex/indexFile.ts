/**
 * Indices as files: a part (everything counted, to be gone on with or merged) and a finished index (a record of each
 * latent, found without reading the others, and a few figures of all).
 */
import { FormatError, type BlobLike } from '../../formats/bytes.ts';
import { openColumnFile, writeColumnFile } from '../../formats/columnFile.ts';
import { sha256Hex } from '../../formats/sha256.ts';
import { encodeText } from '../../formats/utf8.ts';
import { settingsKey, type DictionaryConfig } from '../../sae/dictionary.ts';
import type { FeatureRecord, FeatureTag } from '../types.ts';
import { recordOf, FiringTokens } from './record.ts';
import { readRecord, writeRecord } from './recordBytes.ts';
import { columnsOf, factsOf, stateOf, type Columns, type StateFacts } from './stateColumns.ts';
import type { IndexState } from './indexState.ts';
import { sizesOf } from './sizes.ts';

const PART = 'part of an index of features, version 1';
const INDEX = 'index of features, version 1';

/** What an index is of. */
export interface IndexIdentity {
  /** What tells the dictionary from all others: `dictionaryKey`. */
  dictionary: string;
  /** Hash of the model's parameters. */
  model: string;
  hook: string;
  /** Name of the corpus, hash of its token ids, and tokens to be read of it. */
  corpus: string;
  text: string;
  total: number;
  n_ctx: number;
}

/** How far a part has come. */
interface PartProgress {
  /** Which part of how many: windows `shard`, `shard + shards`, … of the corpus. */
  shard: number;
  shards: number;
  /** Windows of this shard that are counted, and there are. */
  done: number;
  windows: number;
}

export interface IndexPart extends PartProgress {
  identity: IndexIdentity;
  state: IndexState;
}

/** What tells a dictionary from all others: its tensors and the settings that decide what they mean. @param hash of its tensors; else its id */
export function dictionaryKey(hash: string, config: DictionaryConfig): string {
  return `${hash} ${sha256Hex(encodeText(settingsKey(config))).slice(0, 16)}`;
}

export function writePart({ identity, state, shard, shards, done, windows }: IndexPart): BlobLike {
  return writeColumnFile(PART, { ...identity, shard, shards, done, windows, facts: factsOf(state) }, columnsOf(state));
}

/** @throws FormatError */
export async function openPart(file: BlobLike): Promise<IndexPart> {
  const opened = await openColumnFile(PART, file);
  const meta = opened.meta as Partial<IndexIdentity & PartProgress & { facts: StateFacts }>;
  const { facts, shard, shards, done, windows } = meta;
  const d_sae = facts?.sizes?.d_sae;
  const counts = [shard, shards, done, windows, facts?.tokens, d_sae];
  if (!facts || !counts.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)) {
    throw new FormatError('The part of an index is damaged: its beginning does not say what it is of.');
  }
  // What is kept of each latent follows from their number, so that a file cannot ask for any amount of memory.
  if (JSON.stringify(facts.sizes) !== JSON.stringify(sizesOf(d_sae!))) {
    throw new FormatError('The part of an index was made by another version of featurescope, which keeps other numbers of contexts.');
  }
  return {
    identity: identityOf(meta),
    state: stateOf(facts, (await opened.readAll()) as Columns),
    shard: shard!,
    shards: shards!,
    done: done!,
    windows: windows!,
  };
}

/** Figures of all latents, for lists and searches. */
interface IndexSummary {
  identity: IndexIdentity;
  tokens: number;
  isShort: boolean;
  /** [d_sae] each */
  density: Float32Array;
  maximum: Float32Array;
  /** The token it fires on most (by sum) and its share of the sum; 2³² − 1 and 0 for dead ones. */
  token: Uint32Array;
  share: Float32Array;
  /** Entropy in bits of its activation over tokens: 0 for one token alone. */
  entropy: Float32Array;
  /** Bits, in the order of SUMMARY_TAGS. */
  tags: Uint32Array;
}

export const SUMMARY_TAGS: readonly FeatureTag[] = ['dead', 'dense', 'single-token', 'first-token', 'positional'];

/** Features above which a short index keeps still less of each, so that it stays about a megabyte. */
const MANY_IN_SHORT = 1024;

/** @param isShort fewer contexts, for an index that ships. The same state gives the same bytes. */
export function writeIndex(identity: IndexIdentity, state: IndexState, isShort = false): BlobLike {
  const { d_sae } = state.sizes;
  const brevity = isShort ? (d_sae > MANY_IN_SHORT ? 2 : 1) : 0;
  const columns = columnsOf(state);
  const firing = new FiringTokens(
    {
      latents: columns['table.latents'],
      tokens: columns['table.tokens'],
      counts: columns['table.counts'],
      high: columns['table.high'],
      low: columns['table.low'],
      largest: columns['table.largest'],
      inexact: columns['table.inexact'],
    } as ConstructorParameters<typeof FiringTokens>[0],
    d_sae,
  );
  const summary = {
    density: new Float32Array(d_sae),
    maximum: new Float32Array(d_sae),
    token: new Uint32Array(d_sae).fill(0xffffffff),
    share: new Float32Array(d_sae),
    entropy: new Float32Array(d_sae),
    tags: new Uint32Array(d_sae),
  };
  const ends = new Float64Array(d_sae);
  const records: Uint8Array[] = [];
  let bytes = 0;
  for (let j = 0; j < d_sae; j++) {
    const record = recordOf(state, firing, j);
    records.push(writeRecord(record, brevity));
    ends[j] = bytes += records[j].length;
    summarize(summary, j, record, firing);
  }
  const joined = new Uint8Array(bytes);
  records.forEach((record, j) => joined.set(record, ends[j] - record.length));
  return writeColumnFile(
    INDEX,
    { ...identity, tokens: state.tokens, d_sae, short: isShort },
    { ...summary, 'records.ends': ends, records: joined },
  );
}

function summarize(
  to: Pick<IndexSummary, 'density' | 'maximum' | 'token' | 'share' | 'entropy' | 'tags'>,
  j: number,
  record: FeatureRecord,
  firing: FiringTokens,
): void {
  to.density[j] = record.density;
  to.maximum[j] = record.maximum;
  record.tags.forEach((tag) => (to.tags[j] |= 1 << SUMMARY_TAGS.indexOf(tag)));
  const sums = firing.of(j).filter(({ sum }) => sum > 0);
  const total = sums.reduce((all, { sum }) => all + sum, 0);
  if (total <= 0) return;
  to.token[j] = sums[0].id;
  to.share[j] = sums[0].sum / total;
  to.entropy[j] = sums.reduce((bits, { sum }) => bits - (sum / total) * Math.log2(sum / total), 0);
}

export interface OpenIndex {
  summary: IndexSummary;
  /** @throws FormatError when it is damaged */
  record(latent: number): Promise<FeatureRecord>;
}

/** @throws FormatError */
export async function openIndex(file: BlobLike): Promise<OpenIndex> {
  const opened = await openColumnFile(INDEX, file);
  const meta = opened.meta as Partial<IndexIdentity & { tokens: number; short: boolean }>;
  const column = async (name: string) => opened.read(name, 'F32');
  const ends = await opened.read('records.ends', 'F64');
  const summary: IndexSummary = {
    identity: identityOf(meta),
    tokens: typeof meta.tokens === 'number' ? meta.tokens : 0,
    isShort: meta.short === true,
    density: await column('density'),
    maximum: await column('maximum'),
    token: await opened.read('token', 'U32'),
    share: await column('share'),
    entropy: await column('entropy'),
    tags: await opened.read('tags', 'U32'),
  };
  for (const name of ['density', 'maximum', 'token', 'share', 'entropy', 'tags'] as const) {
    if (summary[name].length !== ends.length) throw new FormatError(`The index is damaged: its ${name} are of another number of features.`);
  }
  return {
    summary,
    async record(latent) {
      if (!(latent >= 0 && latent < ends.length)) throw new FormatError(`The index has no feature ${latent}.`);
      return readRecord(await opened.readPart('records', 'U8', latent > 0 ? ends[latent - 1] : 0, ends[latent]));
    },
  };
}

function identityOf(meta: Partial<IndexIdentity> | null | undefined): IndexIdentity {
  const { dictionary, model, hook, corpus, text, total, n_ctx } = meta ?? {};
  const words = [dictionary, model, hook, corpus, text];
  if (!words.every((word) => typeof word === 'string') || ![total, n_ctx].every((n) => Number.isSafeInteger(n))) {
    throw new FormatError('The index does not say what it is of.');
  }
  return { dictionary: dictionary!, model: model!, hook: hook!, corpus: corpus!, text: text!, total: total!, n_ctx: n_ctx! };
}
