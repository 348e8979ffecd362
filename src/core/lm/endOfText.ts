/**
 * Which tokens end a text. Models say it in three files, as a number, a list, a token's name, or not at all; for
 * generation generation_config.json has the word, for joining documents the tokenizer.
 */
import { FormatError } from '../formats/bytes.ts';
import { describe, maybeRecord } from '../formats/words.ts';

/** Parsed files of a model; all but the first may be missing. */
export interface SpecialTokenFiles {
  config: unknown;
  generation?: unknown;
  /** tokenizer.json */
  tokenizer?: unknown;
  /** tokenizer_config.json, with what only special_tokens_map.json says. */
  tokenizerConfig?: unknown;
}

export interface SpecialTokens {
  bos_token_id: number;
  /** Stands between documents that are trained on; null where no file names one. */
  eos_token_id: number | null;
  /** Each ends what is generated; empty exactly where `eos_token_id` is null. */
  stop_token_ids: number[];
}

/** What transformers takes where config.json says nothing of it. */
const USUAL_BOS = 0;

/** @throws FormatError naming file and key for a value that is no token id */
export function readSpecialTokens({ config, generation, tokenizer, tokenizerConfig }: SpecialTokenFiles, d_vocab: number): SpecialTokens {
  const ids = (file: unknown, name: string, key: string) => readIds(maybeRecord(file)?.[key], name, key, d_vocab);
  const named = (key: string) => {
    const id = idOf(nameOf(maybeRecord(tokenizerConfig)?.[key]), tokenizer, tokenizerConfig);
    return id !== undefined && id < d_vocab ? id : undefined;
  };
  // Nothing that is computed needs it, so nothing is refused for it.
  const bos = maybeRecord(config)?.bos_token_id;
  const inConfig = ids(config, 'config.json', 'eos_token_id');
  const inGeneration = ids(generation, 'generation_config.json', 'eos_token_id');
  const eos = named('eos_token') ?? inConfig[0] ?? inGeneration[0];
  const stops = [inGeneration, inConfig, eos === undefined ? [] : [eos]].find((list) => list.length > 0) ?? [];
  return {
    bos_token_id: isToken(bos, d_vocab) ? bos : (named('bos_token') ?? eos ?? USUAL_BOS),
    eos_token_id: eos ?? null,
    stop_token_ids: stops,
  };
}

/** Absent, null, -1 and ids beyond the vocabulary name no token. */
function readIds(value: unknown, file: string, key: string, d_vocab: number): number[] {
  const list: unknown[] = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const wrong = list.find((id) => !Number.isInteger(id));
  if (wrong !== undefined || list.includes(undefined)) {
    throw new FormatError(`${file} gives ${key} as ${describe(value)}, which is no token id nor a list of them.`);
  }
  return [...new Set(list as number[])].filter((id) => isToken(id, d_vocab));
}

function isToken(id: unknown, d_vocab: number): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < d_vocab;
}

/** tokenizer_config.json names a token by its text, or by an object that holds it. */
function nameOf(value: unknown): string | undefined {
  const name = maybeRecord(value)?.content ?? value;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function idOf(name: string | undefined, tokenizer: unknown, tokenizerConfig: unknown): number | undefined {
  if (name === undefined) return undefined;
  const file = maybeRecord(tokenizer);
  const added: unknown[] = Array.isArray(file?.added_tokens) ? file.added_tokens : [];
  const decoder = Object.entries(maybeRecord(maybeRecord(tokenizerConfig)?.added_tokens_decoder) ?? {});
  const vocab = maybeRecord(file?.model)?.vocab;
  const found: unknown[] = [
    added.map(maybeRecord).find((token) => token?.content === name)?.id,
    // Unigram lists its pieces with their scores; the others map a piece to its id.
    Array.isArray(vocab) ? vocab.findIndex((entry) => Array.isArray(entry) && entry[0] === name) : ownValue(maybeRecord(vocab), name),
    ...decoder.filter(([, token]) => maybeRecord(token)?.content === name).map(([id]) => Number(id)),
  ];
  return found.find((id): id is number => Number.isInteger(id) && (id as number) >= 0);
}

function ownValue(record: Record<string, unknown> | undefined, key: string): unknown {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** For the model's card; undefined where an end is known. */
export function missingEndOfText({ eos_token_id }: Pick<SpecialTokens, 'eos_token_id'>): string | undefined {
  if (eos_token_id !== null) return undefined;
  return "The model's files name no end-of-text token (eos_token_id in config.json or generation_config.json, eos_token in tokenizer_config.json): what it writes does not end by itself, and it cannot be trained on text.";
}
