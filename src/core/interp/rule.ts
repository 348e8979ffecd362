/** A person's rule about where a feature fires: whether it matches a token, and how often it is right. */
import { createRandom } from '../array/random.ts';
import { UsageError } from '../errors.ts';
import { quote } from '../formats/text.ts';
import { quantile } from './quantile.ts';
import type { Rule } from './types.ts';

/** Characters before a token that a rule sees, and of a word. */
export const SEEN_CHARACTERS = 200;
const MOST_PATTERN = 1000;
/** A match that takes longer than this makes the rule too slow to go on with. */
const MATCH_MS = 100;
const RESAMPLES = 1000;

/** A token as a rule sees it; text is made when it is asked for. */
export interface RulePlace {
  id: number;
  token(): string;
  before(): string;
  word(): string;
}

const PARTS = ['token', 'word', 'before'] as const;

/**
 * A rule ready to be tried. Expressions are a person's own and may take for ever on some text: what they see is short, and
 * the time of each match is looked at, but a match cannot be interrupted from inside; whoever runs it must be able to end it
 * from outside.
 */
export class RuleMatcher {
  readonly #tokens: ReadonlySet<number> | undefined;
  readonly #patterns: { part: (typeof PARTS)[number]; pattern: RegExp; known: Map<string, boolean> }[];
  readonly #now: () => number;

  /** @param now time in ms. @throws UsageError for a rule that says nothing, and for what is no regular expression */
  constructor(rule: Rule, now: () => number) {
    if (typeof rule !== 'object' || rule === null) throw new UsageError('`rule` must be an object.');
    const { tokens } = rule;
    if (tokens !== undefined && !(Array.isArray(tokens) && tokens.length > 0 && tokens.every((id) => Number.isInteger(id) && id >= 0))) {
      throw new UsageError('`tokens` of a rule must be a list of token ids, at least one.');
    }
    this.#tokens = tokens && new Set(tokens);
    // The cheap ones first: a token and a word come again and again, what is before them hardly ever.
    this.#patterns = PARTS.flatMap((part) => {
      const source = rule[part];
      return source === undefined ? [] : [{ part, pattern: compile(part, source), known: new Map<string, boolean>() }];
    });
    if (!this.#tokens && this.#patterns.length === 0) {
      throw new UsageError('A rule needs at least one of `tokens`, `token`, `before` and `word`.');
    }
    this.#now = now;
  }

  /** @throws UsageError when an expression took too long */
  matches(place: RulePlace): boolean {
    if (this.#tokens && !this.#tokens.has(place.id)) return false;
    return this.#patterns.every(({ part, pattern, known }) => {
      const text = place[part]();
      const before = part === 'before' ? undefined : known.get(text);
      if (before !== undefined) return before;
      const started = this.#now();
      const isMatch = pattern.test(text);
      if (this.#now() - started > MATCH_MS) throw tooSlow(part, pattern.source);
      if (part !== 'before') known.set(text, isMatch);
      return isMatch;
    });
  }
}

function compile(part: string, source: unknown): RegExp {
  if (typeof source !== 'string') throw new UsageError(`\`${part}\` of a rule must be a regular expression, as text.`);
  if (source.length > MOST_PATTERN) throw new UsageError(`The expression for \`${part}\` is longer than ${MOST_PATTERN} characters.`);
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    throw new UsageError(`What is given for \`${part}\` is no regular expression: ${quote(reason)}.`);
  }
}

function tooSlow(part: string, source: string): UsageError {
  return new UsageError(
    `The expression for \`${part}\`, ${quote(source)}, takes too long. Make it simpler: repetition inside repetition, as in (a+)+, is what takes for ever.`,
  );
}

/** Letters, marks and digits, with apostrophes and hyphens inside: don't, O'Brien, well-known. */
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;

/** Where the words of a text begin and end, in order. */
export function wordSpans(text: string): [number, number][] {
  return Array.from(text.matchAll(WORD), ({ index, 0: word }): [number, number] => [index, index + word.length]);
}

/** What a rule did in a stretch of text. */
interface Counts {
  hits: number;
  false_positives: number;
  misses: number;
}

/** Counts of stretches, each of which a resample takes or leaves whole. */
export class RuleCounts {
  readonly #stretches: Counts[] = [];

  begin(): void {
    this.#stretches.push({ hits: 0, false_positives: 0, misses: 0 });
  }

  add(isMatch: boolean, fires: boolean): void {
    const counts = this.#stretches[this.#stretches.length - 1];
    if (isMatch && fires) counts.hits++;
    else if (isMatch) counts.false_positives++;
    else if (fires) counts.misses++;
  }

  /**
   * Shares of nothing are 0. The interval: from the 2.5 % to the 97.5 % quantile of F1 over 1,000 resamples of stretches
   * with replacement (percentile bootstrap; Efron and Tibshirani 1993, chapter 13).
   */
  finish(seed: number): { precision: number; recall: number; f1: number; interval: [number, number]; counts: Counts } {
    const stretches = this.#stretches;
    const counts = sumOf(stretches);
    const random = createRandom(seed);
    const resamples = Float64Array.from({ length: RESAMPLES }, () =>
      f1Of(sumOf(stretches.map(() => stretches[Math.floor(random() * stretches.length)]))),
    ).sort();
    const { hits, false_positives, misses } = counts;
    return {
      precision: share(hits, hits + false_positives),
      recall: share(hits, hits + misses),
      f1: f1Of(counts),
      interval: [quantile(resamples, 0.025), quantile(resamples, 0.975)],
      counts,
    };
  }
}

function sumOf(all: readonly Counts[]): Counts {
  const sum = { hits: 0, false_positives: 0, misses: 0 };
  for (const counts of all) {
    sum.hits += counts.hits;
    sum.false_positives += counts.false_positives;
    sum.misses += counts.misses;
  }
  return sum;
}

/** Harmonic mean of precision and recall. */
function f1Of({ hits, false_positives, misses }: Counts): number {
  return share(2 * hits, 2 * hits + false_positives + misses);
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
