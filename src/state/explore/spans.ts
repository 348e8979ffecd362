/** Brushed stretches of tokens. */
import type { Analysis } from './analysis.ts';

/** Tokens `from` to `to`, the last left out. */
export type TokenSpan = readonly [from: number, to: number];

/** The span cut to the text on screen; null when nothing of it is left. */
export function insideText({ analysis }: { analysis: Analysis | null }, span: TokenSpan | null): TokenSpan | null {
  if (!span) return null;
  const from = Math.max(0, span[0]);
  const to = Math.min(analysis?.before.ids.length ?? 0, span[1]);
  return from < to ? [from, to] : null;
}

export function sameSpan(a: TokenSpan | null, b: TokenSpan | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}

/** The span after the text changed: kept while the tokens in it and before it are the same, else gone. */
export function keptSpan(span: TokenSpan | null, was: readonly number[], now: readonly number[]): TokenSpan | null {
  if (!span || span[1] > now.length) return null;
  for (let i = 0; i < span[1]; i++) if (was[i] !== now[i]) return null;
  return span;
}

/** The span that a step with Shift makes: the end the chosen token is at moves, the other stays. */
export function extendSpan(span: TokenSpan | null, chosen: number, next: number): TokenSpan {
  let anchor = chosen;
  if (span && chosen === span[1] - 1) anchor = span[0];
  else if (span && chosen === span[0]) anchor = span[1] - 1;
  return [Math.min(anchor, next), Math.max(anchor, next) + 1];
}

/** "tokens 4–9", the last one included. */
export function spanWords([from, to]: TokenSpan): string {
  return to - from === 1 ? `token ${from}` : `tokens ${from}–${to - 1}`;
}
