/** Sentences of the Circuits screen. */
import type { CausalMode, Circuit, Tree, TreeEdge } from '../../api/causal.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { hookParts, siteName } from '../shared/hooks.ts';
import type { ContextChoice } from './settings.ts';
import type { SeenTree } from './trees.ts';

export const MODE_NAMES: Record<CausalMode, string> = {
  zero: 'Set to 0',
  mean: 'Set to its mean',
  resample: 'Value of another context',
  restore: 'All but it off',
};

/** What happens to a parent, and what the number then is. */
export const MODE_WORDS: Record<CausalMode, string> = {
  zero: 'The parent is set to 0 at every position; the effect is the share of the target’s activation that goes.',
  mean: 'The parent is set to its mean over the corpus; the effect is the share of the target’s activation that goes.',
  resample: 'The parent gets the value it has in another of the contexts; the effect is the share of the target’s activation that goes.',
  restore: 'All other features of the parent’s dictionary are set to 0; the effect is the share of the target’s activation that stays.',
};

export const MODE_FORMULAS: Record<CausalMode, string> = {
  zero: 'effect = mean over contexts of (a − a without) / a',
  mean: 'effect = mean over contexts of (a − a at the mean) / a',
  resample: 'effect = mean over contexts of (a − a resampled) / a',
  restore: 'effect = mean over contexts of (a with it alone) / a',
};

/** "Block 3, residual" */
export function hookWords(hook: string): string {
  const { group, site } = hookParts(hook);
  if (hook === '') return 'Tokens';
  if (group === 'start') return 'Embedding';
  if (group === 'end') return 'After the last block';
  return `Block ${group}, ${siteName(site).toLowerCase().replace('mlp', 'MLP')}`;
}

export function choiceWords(choice: ContextChoice): string {
  switch (choice.kind) {
    case 'top':
      return 'its highest contexts';
    case 'spread':
      return 'contexts between half its maximum and its maximum';
    case 'text':
      return choice.text === null ? 'the text in Explore' : 'a text';
    case 'list':
      return 'pasted contexts';
  }
}

/** What the numbers rest on, and what they cost. */
export function restsOn({ contexts, continuations, naive, seconds }: Tree, from: string): string {
  const saved = continuations > 0 && naive > 0 ? ` in place of ${formatInteger(naive)} full passes` : '';
  return `On ${formatInteger(contexts.length)} ${contexts.length === 1 ? 'context' : 'contexts'} (${from}). ${formatInteger(continuations)} continuations were run${saved}, in ${formatNumber(seconds)} s.`;
}

/** What controls say of all edges that have them; '' without. */
export function controlWords(edges: readonly TreeEdge[]): string {
  const controlled = edges.flatMap(({ effect, controls }) => (controls && controls.length > 0 ? [{ effect, controls }] : []));
  if (controlled.length === 0) return '';
  const largest = ({ controls }: (typeof controlled)[number]) => Math.max(...controls.map((one) => Math.abs(one.effect)));
  const beaten = controlled.filter((edge) => Math.abs(edge.effect) > largest(edge)).length;
  const most = Math.max(...controlled.map(largest));
  return `Controls: ${formatInteger(beaten)} of ${formatInteger(controlled.length)} edges have a larger effect than another feature of near-equal density and a random direction in the same place; the largest control is ${formatPercent(most)}.`;
}

export interface LedgerLine {
  id: 'hidden' | 'closed' | 'weak' | 'below' | 'beyond' | 'inactive';
  words: string;
}

/** Everything that is not on screen, by reason. */
export function ledger({ unseen }: SeenTree, { left_out }: Tree, threshold: number): LedgerLine[] {
  const lines: [LedgerLine['id'], number, string][] = [
    ['hidden', unseen.hidden, 'hidden by you'],
    ['closed', unseen.closed, 'under nodes you closed'],
    ['weak', unseen.weak, 'over edges weaker than are drawn'],
    ['below', left_out.below, `under ${formatPercent(threshold).replace('.0', '')}`],
    ['beyond', left_out.beyond, 'beyond the parents drawn of a node'],
    ['inactive', left_out.inactive, 'active in no context'],
  ];
  return lines.filter(([, count]) => count > 0).map(([id, count, words]) => ({ id, words: `${formatInteger(count)} ${words}` }));
}

/** Share of a circuit's measure that is kept with so many nodes, linear between those that were measured. */
export function curveAt(points: Circuit['faithfulness'], nodes: number): { kept: number; random: number } | null {
  const sorted = [...points].sort((a, b) => a.nodes - b.nodes);
  const above = sorted.find((point) => point.nodes >= nodes) ?? sorted.at(-1);
  const below = [...sorted].reverse().find((point) => point.nodes <= nodes) ?? sorted[0];
  if (!above || !below) return null;
  const part = above.nodes === below.nodes ? 0 : (nodes - below.nodes) / (above.nodes - below.nodes);
  const mix = (a: number, b: number) => a + part * (b - a);
  return { kept: mix(below.kept, above.kept), random: mix(below.random, above.random) };
}
