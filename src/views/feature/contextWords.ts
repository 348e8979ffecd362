/** What the contexts are, in sentences and as a table. */
import { formatFull, formatInteger } from '../../charts/format.ts';
import type { ChartTable } from '../../charts/TableTwin.tsx';
import type { FeatureRecord } from '../../api/features.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import type { ContextGroup, GroupName } from '../../state/feature/contexts.ts';
import type { Firing } from '../../state/feature/state.ts';

export function groupWords(name: GroupName, { repeats }: FeatureRecord): string {
  switch (name) {
    case 'top':
      return `Where its value is largest.${repeatWords(repeats)}`;
    case 'bands':
      return 'A few of each share of its firings, by rank.';
    case 'random':
      return 'Of all places where it fires, whatever the value.';
    case 'near':
      return 'Where it stayed off and came nearest; the number is what it had before its threshold.';
  }
}

export function emptyWords(name: GroupName, { tags }: FeatureRecord, isRange: boolean): string {
  if (name === 'near') return isRange ? 'They have no value: shown with all values.' : 'None is kept of this feature.';
  if (isRange) return 'None of the contexts kept has a value in this range.';
  return tags.includes('dead') ? 'It never fired.' : 'None is kept.';
}

function repeatWords(repeats: number): string {
  if (repeats === 0) return '';
  return repeats === 1
    ? ' One repeat of the same tokens is left out.'
    : ` ${formatInteger(repeats)} repeats of the same tokens are left out.`;
}

export function contextsTable(groups: readonly ContextGroup[], { texts }: Firing): ChartTable {
  const rows = groups.flatMap(({ title, lists }) =>
    lists.flatMap(({ words, contexts }) =>
      contexts.map((context) => {
        const tokens = texts.get(context)?.tokens ?? [];
        const spell = (from: number, to: number) => glyphText(tokens.slice(from, to).join(''));
        return [
          words === '' ? title : `${title}, ${words}`,
          formatFull(context.value),
          `${spell(0, context.at)}[${spell(context.at, context.at + 1)}]${spell(context.at + 1, tokens.length)}`,
          formatInteger(context.document),
          formatInteger(context.position),
        ];
      }),
    ),
  );
  return {
    columns: ['Group', 'Value', 'Context, the token in brackets', 'Document', 'Position'],
    rows,
    note: 'The value of every token of every context is in the CSV.',
  };
}
