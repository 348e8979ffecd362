/** The numbers of the feature page as files. */
import type { Effects, LatentWeights, TokenCounts } from '../../api/features.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { toCsv } from '../shared/csv.ts';
import { contextGroups } from './contexts.ts';
import type { Firing, TextEffects } from './state.ts';
import { stacksAt } from './words.ts';

type Names = ReadonlyMap<number, string>;

/** An id as one line of text. */
function nameOf(names: Names, id: number): string {
  const token = names.get(id);
  return token === undefined ? `[${id}]` : glyphText(token);
}

/** A series of a stack, for people. */
export function seriesName(names: Names, { id }: Pick<TokenCounts, 'id'>): string {
  return id === null ? 'other tokens' : nameOf(names, id);
}

/** Every token of every context with its value; the one that is meant says so. */
export function contextsCsv({ record, texts }: Firing): string {
  const rows: (string | number)[][] = [
    ['group', 'band', 'context', 'value', 'document', 'position', 'token', 'id', 'activation', 'is meant'],
  ];
  for (const { title, lists } of contextGroups(record, null)) {
    for (const { words, contexts } of lists) {
      contexts.forEach((context, i) => {
        const tokens = texts.get(context)?.tokens ?? [];
        context.ids.forEach((id, j) => {
          const place = context.position - context.at + j;
          rows.push([
            title,
            words,
            i,
            context.value,
            context.document,
            place,
            tokens[j] ?? '',
            id,
            context.values[j],
            j === context.at ? 1 : 0,
          ]);
        });
      });
    }
  }
  return toCsv(rows);
}

export function histogramCsv({ record }: Firing): string {
  const { edges, counts } = record.histogram;
  return toCsv([['from', 'to', 'firings'], ...counts.map((count, i) => [edges[i], edges[i + 1], count])]);
}

export function stackCsv(edges: readonly number[], series: readonly TokenCounts[], names: Names): string {
  const head = ['from', 'to', ...series.map((one) => seriesName(names, one))];
  return toCsv([head, ...edges.slice(0, -1).map((from, i) => [from, edges[i + 1], ...series.map(({ counts }) => counts[i])])]);
}

export function weightsCsv({ writes, reads }: LatentWeights, names: Names): string {
  const rows = (way: string, end: string, tokens: { id: number; value: number }[]) =>
    tokens.map(({ id, value }) => [way, end, id, names.get(id) ?? '', value]);
  return toCsv([
    ['way', 'end', 'id', 'token', 'value'],
    ...rows('writes', 'top', writes.top),
    ...rows('writes', 'bottom', writes.bottom),
    ...rows('reads', 'top', reads.top),
    ...rows('reads', 'bottom', reads.bottom),
  ]);
}

/** Every position of a person's text that has a next token. */
export function textEffectCsv({ effects, tokens }: TextEffects): string {
  const figures = effects.per_position?.[0];
  const rows = (figures?.delta ?? []).slice(0, Math.max(0, tokens.length - 1)).map((delta, i) => {
    const next = tokens[i + 1] ?? '';
    return [i, tokens[i], next, figures!.value[i], delta, figures!.kl[i]];
  });
  return toCsv([['position', 'token', 'next token', 'value', 'delta', 'kl'], ...rows]);
}

/** Positions by side, size of the change and next token, above a threshold. */
export function effectsCsv(effects: Effects, threshold: number, names: Names): string {
  const rows: (string | number)[][] = [['what', 'side', 'from', 'to', 'next token', 'positions']];
  const all = [
    { what: 'feature', figures: effects },
    ...effects.controls.map((figures) => ({ what: `control: ${figures.kind}`, figures })),
  ];
  for (const { what, figures } of all) {
    for (const [side, { edges, series }] of Object.entries(stacksAt(figures, effects.next, threshold))) {
      for (const one of series) {
        one.counts.forEach((count, i) => count > 0 && rows.push([what, side, edges[i], edges[i + 1], seriesName(names, one), count]));
      }
    }
  }
  return toCsv(rows);
}
