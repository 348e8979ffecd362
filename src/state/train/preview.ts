/** What a run will be, in the words of its preview. */
import type { ModelInfo } from '../../api/model.ts';
import { formatCount, formatInteger } from '../../charts/format.ts';
import { runNumber } from '../../core/train/settings.ts';
import { hookParts, siteName } from '../shared/hooks.ts';
import { readNumber } from './formNumbers.ts';
import { architectureIn, sizesOf, sparsitiesOf, type DictionaryForm, type TrainingForm } from './trainingForm.ts';

/** "Residual 3; 1 024 features; Tied, α 0.001, 0.004". */
export function groupWords(group: DictionaryForm, model: ModelInfo): string {
  const bySite = new Map<string, string[]>();
  for (const hook of group.hooks) {
    const { group: block, site } = hookParts(hook);
    bySite.set(site, [...(bySite.get(site) ?? []), typeof block === 'number' ? String(block) : '']);
  }
  const places = [...bySite].map(([site, blocks]) => `${siteName(site)} ${blocks.join(', ')}`.trim()).join('; ');
  const sizes = [...new Set(sizesOf(group, model).map(({ d_sae }) => d_sae))].map(formatInteger).join(', ');
  const { label, sparsity } = architectureIn(group);
  return `${places}: ${sizes} features, ${label}, ${sparsity.symbol} ${sparsitiesOf(group).map(String).join(', ')}`;
}

/** "1 M tokens of moby-dick, in about 977 steps"; '' while the numbers are wrong. */
export function streamWords(form: TrainingForm): string {
  const of = (name: 'tokens' | 'batch') => {
    const text = form.numbers[name]?.trim() ?? '';
    return text === '' ? runNumber(name).fallback! : readNumber(text);
  };
  const steps = Math.ceil(of('tokens') / of('batch'));
  if (!Number.isFinite(steps)) return '';
  return `${formatCount(of('tokens'))} tokens of ${form.corpus.join(' + ') || 'no text'}, in about ${formatInteger(steps)} steps`;
}
