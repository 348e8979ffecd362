/** Runs side by side: what sets them apart, how they ended, and the picture of sparsity against error. */
import type { DictionaryPlan, RunEvaluation, RunInfo, RunPlan } from '../../api/training.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { architectureOf } from '../../core/train/architectures/index.ts';
import { DEFAULT_CORPUS } from '../../core/train/settings.ts';

/** Settings of a run in words, by name. */
function settingsOf({ plan, config }: RunInfo): Record<string, string> {
  if (!plan) return { text: [config.corpus ?? DEFAULT_CORPUS].flat().join(' + ') };
  const { dictionaries: d, adam, schedule } = plan;
  return {
    place: several(d.map(({ hook }) => shortHook(hook))),
    architecture: several(d.map(({ settings }) => settings.architecture)),
    features: several(d.map(({ settings }) => formatInteger(settings.d_sae))),
    sparsity: sparsitiesWords(d),
    'start seed': several(d.map(({ seed }) => String(seed))),
    text: plan.corpus.names.join(' + '),
    tokens: formatInteger(plan.tokens),
    batch: formatInteger(plan.batch),
    'learning rate': formatNumber(adam.lr),
    Adam: `${String(adam.beta1)} ${String(adam.beta2)} ${String(adam.eps)}`,
    'warm-up': formatInteger(schedule.warmup),
    decay: formatInteger(schedule.decay),
    'sparsity warm-up': formatInteger(schedule.sparsityWarmup),
    clip: plan.clip === null ? 'default' : formatNumber(plan.clip),
    'begin again every': formatInteger(plan.resampleEvery),
    'dead after': formatInteger(plan.deadAfter),
    seed: String(plan.seed),
    'held out': String(plan.heldOut),
    'first position': plan.keepFirst ? 'kept' : 'left out',
    'end of text': plan.keepEndOfText ? 'kept' : 'left out',
    model: plan.model.id,
  };
}

function several(words: readonly string[]): string {
  return [...new Set(words)].join(', ');
}

/** blocks.3.hook_resid_post as 3 resid_post. */
function shortHook(hook: string): string {
  return hook.replace(/^blocks\.(\d+)\./, '$1 ').replace(/hook_/g, '');
}

/** What sets the dictionaries of one run apart, in words; of a single one its sparsity. */
export function dictionaryNames({ dictionaries }: RunPlan): string[] {
  const parts = dictionaries.map((plan) => {
    const [sign, value] = sparsityOf(plan);
    return {
      hook: shortHook(plan.hook),
      architecture: plan.settings.architecture,
      size: `${formatInteger(plan.settings.d_sae)} features`,
      sparsity: `${sign} ${String(value)}`,
      seed: `seed ${plan.seed}`,
    };
  });
  const varies = (key: keyof (typeof parts)[number]) => new Set(parts.map((part) => part[key])).size > 1;
  const keys = (['hook', 'architecture', 'size', 'sparsity', 'seed'] as const).filter((key) => key === 'sparsity' || varies(key));
  return parts.map((part) => keys.map((key) => part[key]).join(', '));
}

/** What weighs sparsity in it, as a person writes it. */
function sparsityOf({ settings }: DictionaryPlan): [sign: string, value: number] {
  const { sparsity } = architectureOf(settings);
  return [sparsity.symbol, sparsity.valueOf(settings)];
}

/** α 0.004; of more than two values the ends: α 0.001 … 0.008 (4). */
function sparsitiesWords(dictionaries: readonly DictionaryPlan[]): string {
  const bySign = new Map<string, Set<number>>();
  for (const [sign, value] of dictionaries.map(sparsityOf)) bySign.set(sign, (bySign.get(sign) ?? new Set()).add(value));
  return [...bySign]
    .map(([sign, set]) => {
      const values = [...set].sort((a, b) => a - b).map(String);
      return `${sign} ${values.length > 2 ? `${values[0]} … ${values.at(-1)} (${values.length})` : values.join(', ')}`;
    })
    .join('; ');
}

/** Names of settings in which the runs differ, and the values of each run. */
export function differences(runs: readonly RunInfo[]): { names: string[]; values: Record<string, string>[] } {
  const values = runs.map(settingsOf);
  const planned = values.filter((_, i) => runs[i].plan !== null);
  const names = [...new Set(values.flatMap((v) => Object.keys(v)))];
  return { names: names.filter((name) => new Set((planned.length > 0 ? planned : values).map((v) => v[name])).size > 1), values };
}

/** What is known last of a dictionary: measured on held-out text, else of its last batch. */
export interface Figures {
  l0: number;
  fvu: number;
  /** NaN before it was measured. */
  ce_recovered: number;
  /** Silent for the run's stated number of tokens. */
  dead: number;
  measured: boolean;
}

export function figuresOf({ last, evaluation }: RunInfo['dictionaries'][number]): Figures | null {
  if (!last && !evaluation) return null;
  return {
    l0: evaluation?.l0 ?? last!.l0,
    fvu: evaluation?.fvu ?? last!.fvu,
    ce_recovered: evaluation?.ce_recovered ?? NaN,
    dead: last?.dead ?? evaluation!.dead,
    measured: evaluation !== null,
  };
}

/** exp of the cross-entropy with the reconstruction in place. */
export function perplexity(evaluation: Pick<RunEvaluation, 'ce_spliced'>): number {
  return Math.exp(evaluation.ce_spliced);
}

/** Smallest to largest, or the one there is; '–' for none. */
export function rangeWords(values: readonly number[], format: (value: number) => string): string {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length === 0) return '–';
  const low = format(Math.min(...known));
  const high = format(Math.max(...known));
  return low === high ? low : `${low} to ${high}`;
}

/** One dictionary in the picture of sparsity against error. */
export interface ParetoPoint extends Figures {
  name: string;
  /** Run it is of; null: of the library. */
  run: string | null;
  runName: string;
  index: number;
  /** Place, size and architecture: points that share them are joined. */
  group: string;
  id: string | null;
}

export function paretoPoints(runs: readonly RunInfo[]): ParetoPoint[] {
  return runs.flatMap((run) => {
    const names = run.plan ? dictionaryNames(run.plan) : [];
    return run.dictionaries.flatMap((dictionary, index) => {
      const figures = figuresOf(dictionary);
      const plan = run.plan?.dictionaries[index];
      if (!figures || !plan || !(figures.l0 > 0)) return [];
      return [
        { ...figures, name: names[index], run: run.id, runName: run.name, index, group: groupOf(plan, run.plan!), id: dictionary.id },
      ];
    });
  });
}

function groupOf({ hook, settings }: DictionaryPlan, { model }: RunPlan): string {
  return `${model.id}, ${shortHook(hook)}, ${settings.architecture}, ${formatInteger(settings.d_sae)} features`;
}

/** A dictionary of the library, where its record says how good it is. */
export function recordedPoint(
  {
    id,
    label,
    hook,
    d_sae,
    architecture,
    model,
  }: { id: string; label: string; hook: string; d_sae: number; architecture: string; model: string },
  record: Record<string, string | number | boolean> | null,
): ParetoPoint | null {
  const { l0, fvu, ce_recovered, dead } = record ?? {};
  if (typeof l0 !== 'number' || typeof fvu !== 'number' || !(l0 > 0)) return null;
  return {
    l0,
    fvu,
    ce_recovered: typeof ce_recovered === 'number' ? ce_recovered : NaN,
    dead: typeof dead === 'number' ? dead : NaN,
    measured: true,
    name: label,
    run: null,
    runName: 'the library',
    index: 0,
    group: `${model}, ${shortHook(hook)}, ${architecture}, ${formatInteger(d_sae)} features, in the library`,
    id,
  };
}
