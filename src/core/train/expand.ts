/** Lists of a run's settings crossed with one another: one plan for each dictionary. */
import { UsageError } from '../errors.ts';
import type { AnyArchitecture, TrainableConfig } from './architectures/index.ts';
import type { CheckedConfig } from './checkConfig.ts';
import type { DictionaryPlan } from './config.ts';
import { MOST_DICTIONARIES, MOST_LATENTS } from './limits.ts';
import { shown } from './numbers.ts';

/** A hook by its full name, with the width of its rows. */
export interface HookWidth {
  hook: string;
  d_in: number;
}

/**
 * @param widthOf throws for a hook that the model does not have
 * @throws UsageError, a sentence
 */
export function expandDictionaries(checked: CheckedConfig, widthOf: (hook: string) => HookWidth): DictionaryPlan[] {
  checkCount(checked.dictionaries, checked.run.seed);
  const plans = checked.dictionaries.flatMap((spec) => expandSpec(spec, checked.run, widthOf));
  const seen = new Set<string>();
  for (const { name, hook, seed, settings } of plans) {
    const key = JSON.stringify([hook, seed, settings]);
    if (seen.has(key)) {
      throw new UsageError(`These settings train one dictionary twice (${name}, seed ${seed}): a place, a seed or a size is listed twice.`);
    }
    seen.add(key);
  }
  return plans;
}

/** Latents of a dictionary whose size is given as a ratio. */
export function sizeOfRatio(ratio: number, d_in: number): number {
  return Math.round(ratio * d_in);
}

/** Whether a ratio gives this many latents at all. */
export function isSize(d_sae: number): boolean {
  return d_sae >= 1 && d_sae <= MOST_LATENTS;
}

/** Before anything is built: three lists of thousands cross to billions. */
function checkCount(specs: CheckedConfig['dictionaries'], runSeed: number): void {
  const count = specs.reduce(
    (sum, { hook, ratio, d_sae = ratio, weights, seed = [runSeed] }) => sum + hook.length * d_sae.length * weights.length * seed.length,
    0,
  );
  if (count === 0) throw new UsageError('`dictionaries` is empty: name at least one hook to train on.');
  if (count > MOST_DICTIONARIES) {
    throw new UsageError(`These settings make ${count} dictionaries; one run trains at most ${MOST_DICTIONARIES}.`);
  }
}

function expandSpec(
  spec: CheckedConfig['dictionaries'][number],
  run: CheckedConfig['run'],
  widthOf: (hook: string) => HookWidth,
): DictionaryPlan[] {
  const { architecture, weights, options, seed: seeds = [run.seed] } = spec;
  const plans: DictionaryPlan[] = [];
  for (const name of spec.hook) {
    const { hook, d_in } = widthOf(name);
    for (const d_sae of sizesOf(spec, d_in)) {
      for (const weight of weights) {
        checkWeight(architecture, weight, d_sae);
        const settings = { architecture: architecture.name, ...architecture.settings({ d_in, d_sae }, weight, options, run.dead_after) };
        for (const seed of seeds) {
          const words = `${hook} · ${d_sae} · ${architecture.sparsity.field} ${weight}${seeds.length > 1 ? ` · seed ${seed}` : ''}`;
          plans.push({ name: words, hook, seed, settings: settings as TrainableConfig });
        }
      }
    }
  }
  return plans;
}

function sizesOf({ d_sae, ratio }: CheckedConfig['dictionaries'][number], d_in: number): number[] {
  if (d_sae) return d_sae;
  return ratio.map((each) => {
    const size = sizeOfRatio(each, d_in);
    if (isSize(size)) return size;
    throw new UsageError(`\`ratio\` · d_in must be a whole number from 1 to ${MOST_LATENTS}; ${each} · ${d_in} is ${shown(size)}.`);
  });
}

function checkWeight({ sparsity }: AnyArchitecture, weight: number, d_sae: number): void {
  if (!sparsity.countsLatents || weight <= d_sae) return;
  throw new UsageError(`\`${sparsity.field}\` must be a whole number from 1 to ${d_sae}, the latents there are; it is ${weight}.`);
}
