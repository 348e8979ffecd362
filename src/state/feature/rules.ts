/** A person's rule about where a feature fires, as the form has it and as it is tried. */
import type { Context, Rule, RuleFigures } from '../../api/features.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import type { LabelEvidence } from '../../api/labels.ts';
import type { Detokenized } from '../../api/model.ts';
import { DEFAULT_CORPUS } from '../../core/baselines/options.ts';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import type { FeatureApi } from './state.ts';

/** What is written in the boxes; '' says nothing. */
export interface RuleDraft {
  token: string;
  before: string;
  word: string;
}

export const EMPTY_RULE: RuleDraft = { token: '', before: '', word: '' };

export type RuleTry =
  | { status: 'none' }
  | { status: 'running'; done: number; total: number }
  | { status: 'done'; rule: Rule; threshold: number; figures: RuleFigures; texts: ReadonlyMap<Context, Detokenized>; tokens: number }
  | { status: 'failed'; message: string };

/** null: nothing is written. */
export function ruleOf({ token, before, word }: RuleDraft): Rule | null {
  const rule: Rule = { ...(token !== '' && { token }), ...(before !== '' && { before }), ...(word !== '' && { word }) };
  return Object.keys(rule).length > 0 ? rule : null;
}

/** "token matches / the/, word matches …" */
export function ruleWords({ tokens, token = '', word = '', before = '' }: Rule): string {
  const parts = [
    ['token', token],
    ['word', word],
    ['text before', before],
  ].filter(([, pattern]) => pattern !== '');
  const ids = tokens ? [`token is one of ${tokens.length}`] : [];
  return [...ids, ...parts.map(([what, pattern]) => `${what} matches /${pattern}/`)].join(', ');
}

/** What a tried rule says of a label. */
export function evidenceOf(rule: Rule, { precision, recall, f1, interval }: RuleFigures, threshold: number, tokens: number): LabelEvidence {
  const orNull = (share: number) => (Number.isFinite(share) ? share : null);
  return {
    rule,
    threshold,
    precision: orNull(precision),
    recall: orNull(recall),
    f1: orNull(f1),
    interval: interval.every(Number.isFinite) ? interval : null,
    corpus: DEFAULT_CORPUS,
    tokens,
  };
}

/** "Rule: token matches / the/: F1 91 % (88 % to 93 %) on 20,000 tokens of moby-dick, above 2.1." */
export function evidenceWords({ rule, f1, interval, tokens, corpus, threshold }: LabelEvidence): string {
  const between = interval ? ` (${interval.map(formatPercent).join(' to ')})` : '';
  const figure = f1 === null ? 'no F1, nothing to divide by,' : `F1 ${formatPercent(f1)}${between}`;
  return `Rule: ${ruleWords(rule)}. ${figure} on ${formatInteger(tokens)} tokens of ${corpus}, firing counted above ${formatNumber(threshold)}.`;
}

/** A rule that finds just this token, written out as an expression. */
export function tokenPattern(letters: string): string {
  const escaped = letters
    .replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t');
  return `^${escaped}$`;
}

interface TryOptions {
  threshold: number;
  tokens: number;
  signal: AbortSignal;
  onChange: (now: RuleTry) => void;
}

/** Tries a rule on the first tokens of the text that ships. What happens is told, nothing is thrown. */
export async function tryRule(
  api: Pick<FeatureApi, 'rule' | 'detokenize'>,
  { dictionary, latent }: FeaturePlace,
  draft: RuleDraft,
  { threshold, tokens, signal, onChange }: TryOptions,
): Promise<void> {
  const rule = ruleOf(draft);
  if (!rule || !api.rule) return;
  onChange({ status: 'running', done: 0, total: 0 });
  try {
    const figures = await api.rule(dictionary, latent, rule, {
      threshold,
      tokens,
      signal,
      onProgress: (now) => !signal.aborted && onChange({ status: 'running', ...now }),
    });
    const contexts = [...figures.false_positives, ...figures.misses];
    const rows = contexts.length > 0 ? await api.detokenize(contexts.map(({ ids }) => ids)) : [];
    onChange({ status: 'done', rule, threshold, figures, texts: new Map(contexts.map((context, i) => [context, rows[i]])), tokens });
  } catch (error) {
    onChange(signal.aborted || isAbort(error) ? { status: 'none' } : { status: 'failed', message: sentenceOf(error) });
  }
}
