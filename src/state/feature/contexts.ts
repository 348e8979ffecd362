/** The contexts of a record: in groups, of a range of values, cut to a length, as groups of tokens that share characters. */
import type { Domain } from '../../charts/axes.ts';
import { formatNumber } from '../../charts/format.ts';
import type { Context, FeatureRecord } from '../../api/features.ts';
import type { Detokenized } from '../../api/model.ts';
import { groupTokens, type TokenGroup } from '../../core/lm/glyphs.ts';

export type GroupName = 'top' | 'bands' | 'random' | 'near';

export interface ContextGroup {
  name: GroupName;
  title: string;
  /** Several, each with its own words, where the group is divided. */
  lists: readonly { words: string; contexts: readonly Context[] }[];
}

/** All that a record shows, each once. */
export function contextsOf({ top, bands, random, near }: FeatureRecord): Context[] {
  return [...top, ...bands.flatMap(({ contexts }) => contexts), ...random, ...near];
}

/** @param range values that are meant; null: all, and those that stayed off */
export function contextGroups(record: FeatureRecord, range: Domain | null): ContextGroup[] {
  const inRange = (contexts: readonly Context[]) =>
    range ? contexts.filter(({ value }) => value >= range[0] && value < range[1]) : contexts;
  // Highest first, as the top is.
  const bands = [...record.bands].reverse().map((band) => ({ words: bandWords(band), contexts: inRange(band.contexts) }));
  return [
    { name: 'top', title: 'Highest', lists: [{ words: '', contexts: inRange(record.top) }] },
    { name: 'bands', title: 'By share of firings', lists: range ? bands.filter(({ contexts }) => contexts.length > 0) : bands },
    { name: 'random', title: 'Drawn at random', lists: [{ words: '', contexts: inRange(record.random) }] },
    { name: 'near', title: 'Near misses', lists: [{ words: '', contexts: range ? [] : record.near }] },
  ];
}

/** "95 % to 99 % of the firings, 4.1 to 5.2" */
function bandWords({ from, to, share }: FeatureRecord['bands'][number]): string {
  const percent = (part: number) => `${Math.round(part * 100)}\u202F%`;
  return `${percent(share[0])} to ${percent(share[1])}: ${formatNumber(from)} to ${formatNumber(to)}`;
}

export type ContextLength = 'short' | 'sentence' | 'long';

/** Tokens shown on each side of the one meant, of a short context. */
const REACH = 5;
const SENTENCE_END = /[.!?…]["'”’)\]]*\s*$|\n/;

/** Which tokens of a context are shown: from, and up to. */
export function shownTokens(tokens: readonly string[], at: number, length: ContextLength): [from: number, to: number] {
  if (length === 'long') return [0, tokens.length];
  if (length === 'short') return [Math.max(0, at - REACH), Math.min(tokens.length, at + REACH + 1)];
  let from = at;
  while (from > 0 && !SENTENCE_END.test(tokens[from - 1])) from--;
  let to = at;
  while (to < tokens.length - 1 && !SENTENCE_END.test(tokens[to])) to++;
  return [from, to + 1];
}

export interface ContextToken {
  group: TokenGroup;
  /** The value of largest size of its tokens. */
  value: number;
  /** The token that is meant is one of them. */
  isMeant: boolean;
}

/** The tokens that are shown; those that share a character are one. */
export function contextTokens(context: Context, { text, tokens, spans }: Detokenized, length: ContextLength): ContextToken[] {
  const [from, to] = shownTokens(tokens, context.at, length);
  return groupTokens(text.normalize('NFC'), tokens, spans)
    .filter(({ first, count }) => first < to && first + count > from)
    .map((group) => {
      const values = context.values.slice(group.first, group.first + group.count);
      return {
        group,
        value: values.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0),
        isMeant: context.at >= group.first && context.at < group.first + group.count,
      };
    });
}

/** What a full colour stands for: the feature's largest value by size. */
export function fullColour({ maximum, histogram }: FeatureRecord): number {
  return Math.max(maximum, -(histogram.edges[0] ?? 0));
}

/** Of a row alone. */
export function rowColour({ values }: Context): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}
