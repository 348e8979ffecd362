/** What stands behind a label: a person's rule about where the feature fires, and how well it told that. */
import { UsageError } from '../errors.ts';
import { maybeRecord } from './words.ts';

export interface LabelEvidence {
  /** As `featurescope.rule` takes it: ids of tokens, regular expressions. */
  rule: { tokens?: number[]; token?: string; before?: string; word?: string };
  /** Above which value it counted as firing. */
  threshold: number;
  /** null where there was nothing to divide by. */
  precision: number | null;
  recall: number | null;
  f1: number | null;
  /** Of f1, 95 %. */
  interval: [number, number] | null;
  corpus: string;
  /** Tokens it was tried on. */
  tokens: number;
}

const MOST_PATTERN = 1000;
const MOST_TOKENS = 10_000;
const MOST_NAME = 300;

/** Evidence as storage, a file or a caller holds it; undefined when it is none. */
export function readEvidence(value: unknown): LabelEvidence | undefined {
  const { rule, threshold, precision, recall, f1, interval, corpus, tokens } = maybeRecord(value) ?? {};
  const read = readRule(rule);
  if (!read || typeof threshold !== 'number' || !Number.isFinite(threshold)) return undefined;
  if (typeof corpus !== 'string' || corpus.length > MOST_NAME || !isWhole(tokens)) return undefined;
  if (![precision, recall, f1].every((share) => share === null || isShare(share))) return undefined;
  const isInterval = Array.isArray(interval) && interval.length === 2 && interval.every(isShare);
  if (interval !== null && !isInterval) return undefined;
  return { rule: read, threshold, precision, recall, f1, interval, corpus, tokens } as LabelEvidence;
}

/** @throws UsageError */
export function checkEvidence(value: unknown): LabelEvidence {
  const read = readEvidence(value);
  if (read) return read;
  throw new UsageError(
    'Evidence is { rule, threshold, precision, recall, f1, interval, corpus, tokens }, as a test of a rule gives it; shares from 0 to 1, or null.',
  );
}

function readRule(value: unknown): LabelEvidence['rule'] | undefined {
  const given = maybeRecord(value);
  if (!given) return undefined;
  const rule: LabelEvidence['rule'] = {};
  const { tokens } = given;
  if (tokens !== undefined) {
    if (!Array.isArray(tokens) || tokens.length > MOST_TOKENS || !tokens.every(isWhole)) return undefined;
    rule.tokens = [...(tokens as number[])];
  }
  for (const part of ['token', 'before', 'word'] as const) {
    const pattern = given[part];
    if (pattern === undefined) continue;
    if (typeof pattern !== 'string' || pattern === '' || pattern.length > MOST_PATTERN) return undefined;
    rule[part] = pattern;
  }
  return Object.keys(rule).length > 0 ? rule : undefined;
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
