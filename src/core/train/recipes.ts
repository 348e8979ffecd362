/**
 * The settings of a run as text for those who outgrow a tab: a SAELens runner script and sparsify commands, for a
 * machine with CUDA. What they train opens here. Written for SAELens 6.18 (sae_lens/config.py) and sparsify 1.3
 * (sparsify/config.py, __main__.py). What each makes of an architecture stands in the architecture's file.
 */
import { moduleOfHook } from '../formats/dictionaries/hookNames.ts';
import { hookWidth, parseHook } from '../lm/hooks.ts';
import type { ModelConfig } from '../lm/config.ts';
import { MAIN, parseModelId, type NamedModel } from '../lm/modelId.ts';
import { architectureOf, ARCHITECTURES, type TrainableConfig } from './architectures/index.ts';
import { checkConfig } from './checkConfig.ts';
import type { DictionaryPlan, TrainConfig } from './config.ts';
import { expandDictionaries, type HookWidth } from './expand.ts';
import type { RunSettings } from './settings.ts';

/** The model as the recipes need it. */
export type RecipeModel = Pick<ModelConfig, 'n_layers' | 'n_ctx' | 'd_model' | 'd_mlp' | 'n_heads' | 'd_head'> & { id: string };

/** A public corpus; those of the page are not on the hub. */
const DATASET = 'monology/pile-uncopyrighted';
/** A sample of it, 15 million tokens: sparsify downloads a data set whole. */
const SAMPLE = 'NeelNanda/pile-10k';
const SAMPLE_TOKENS = 15e6;

/** The class of a dictionary's settings there, and what it is given. */
const saelensOf = (settings: TrainableConfig, warmup: number) => architectureOf(settings).recipe.saelens(settings, warmup);

/**
 * A Python script that trains the same dictionaries one after another with SAELens.
 * @throws UsageError for settings that no run would take
 */
export function writeSaelensScript(config: TrainConfig, model: RecipeModel): string {
  const { run, dictionaries } = planOf(config, model);
  const { name, revision, random } = namedModel(model.id);
  const step = /^step(\d+)$/.exec(revision)?.[1];
  const trained = new Set<string>(dictionaries.map(({ settings }) => settings.architecture));
  return [
    '# Made by featurescope: the settings of a run for SAELens on a GPU. pip install "sae-lens>=6.18,<7"',
    ...ARCHITECTURES.filter((architecture) => trained.has(architecture.name)).flatMap(({ recipe }) => recipe.saelensNote ?? []),
    '# Open the folders under OUT here, or in anything that reads SAELens.',
    'from sae_lens import (',
    '    LanguageModelSAERunnerConfig,',
    '    LanguageModelSAETrainingRunner,',
    '    LoggingConfig,',
    ...saelensClasses(dictionaries).map((className) => `    ${className},`),
    ')',
    '',
    `MODEL = ${python(name)}${name.includes('/') ? '' : '  # not on the hub: put a model of TransformerLens here'}`,
    ...(random ? ['# The run read this model with random weights; here it has those it was trained to.'] : []),
    ...(revision !== MAIN && step === undefined
      ? [`# The run read it at ${shell(revision)}; TransformerLens has training steps only.`]
      : []),
    `DATASET = ${python(DATASET)}  # any text data set of the hub`,
    'OUT = "dictionaries"',
    `TOKENS = ${run.tokens}`,
    `BATCH = ${run.batch}`,
    'NORM = "expected_average_only_in"',
    '',
    'RUNS = [',
    ...dictionaries.map((one) => `    (${python(one.hook)}, ${saelensSettings(one, run.schedule.sparsityWarmup)}, ${one.seed}),`),
    ']',
    '',
    ...saelensLoop(run, model, step),
    '',
  ].join('\n');
}

function saelensClasses(dictionaries: readonly DictionaryPlan[]): string[] {
  return [...new Set(dictionaries.map(({ settings }) => saelensOf(settings, 0).className))].sort();
}

function saelensSettings({ settings }: DictionaryPlan, warmup: number): string {
  const { className, settings: own } = saelensOf(settings, warmup);
  const sizes = [`d_in=${settings.d_in}`, `d_sae=${settings.d_sae}`, 'normalize_activations=NORM'];
  return `${className}(${[...sizes, ...own].join(', ')})`;
}

/** @param step training step of the model, where its name says one */
function saelensLoop({ adam, schedule }: RunSettings, { n_ctx }: RecipeModel, step: string | undefined): string[] {
  return [
    'for hook, sae, seed in RUNS:',
    '    cfg = LanguageModelSAERunnerConfig(',
    '        sae=sae,',
    '        model_name=MODEL,',
    ...(step === undefined
      ? []
      : [`        model_from_pretrained_kwargs={"center_writing_weights": False, "checkpoint_value": ${Number(step)}},`]),
    '        hook_name=hook,',
    '        dataset_path=DATASET,',
    '        is_dataset_tokenized=False,',
    `        context_size=${n_ctx},`,
    '        prepend_bos=False,',
    '        training_tokens=TOKENS,',
    '        train_batch_size_tokens=BATCH,',
    `        lr=${adam.lr},`,
    `        adam_beta1=${adam.beta1},`,
    `        adam_beta2=${adam.beta2},`,
    `        lr_warm_up_steps=${schedule.warmup},`,
    `        lr_decay_steps=${schedule.decay},`,
    '        seed=seed,',
    '        device="cuda",',
    '        dtype="float32",',
    '        checkpoint_path=OUT,',
    '        logger=LoggingConfig(log_to_wandb=False),',
    '    )',
    '    LanguageModelSAETrainingRunner(cfg).run().save_model(f"{OUT}/{hook}_{sae.d_sae}_{seed}")',
  ];
}

/** A dictionary that sparsify can train, and what it is told of its sparsity. */
interface Fitting extends DictionaryPlan {
  sparsity: string;
  more: string;
}

/**
 * Shell commands that train the dictionaries of a run with sparsify where it can, one for each size and sparsity.
 * @returns '' when the run has none: it keeps k features and reads modules' outputs only
 * @throws UsageError for settings that no run would take
 */
export function writeSparsifyCommands(config: TrainConfig, model: RecipeModel): string {
  const { run, dictionaries } = planOf(config, model);
  const fitting = dictionaries.flatMap((one): Fitting[] => {
    const told = architectureOf(one.settings).recipe.sparsify?.(one.settings);
    return told && moduleOfHook(one.hook) !== one.hook ? [{ ...one, ...told }] : [];
  });
  if (fitting.length === 0) return '';
  const groups = new Map<string, Fitting[]>();
  for (const one of fitting) {
    const key = `${one.settings.d_sae} ${one.sparsity} ${one.more}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const { name, random } = namedModel(model.id);
  return [
    '# Made by featurescope: the settings of a run for sparsify on a GPU. pip install eai-sparsify',
    `# Open the folders under checkpoints/ here.${name.includes('/') ? '' : ` ${shell(name)} is not on the hub: put a model of transformers in its place.`}`,
    ...(random ? ['# The run read this model with random weights; here it has those it was trained to.'] : []),
    ...[...groups.values()].map((group) => sparsifyCommand(group, run, model)),
    '',
  ].join('\n');
}

/** @param group dictionaries of one size and sparsity */
function sparsifyCommand(group: readonly Fitting[], { tokens, batch, adam, schedule }: RunSettings, model: RecipeModel): string {
  const { name, revision } = namedModel(model.id);
  const [{ settings, sparsity, more }] = group;
  const once = <T>(values: T[]) => [...new Set(values)].join(' ');
  const called = sparsity.replace(/^--/, '').replaceAll(/[^\w.]/g, '');
  return [
    `python -m sparsify ${shell(name)} ${tokens <= SAMPLE_TOKENS ? SAMPLE : DATASET}`,
    ...(revision === MAIN ? [] : [`--revision ${shell(revision)}`]),
    `--hookpoints ${once(group.map(({ hook }) => moduleOfHook(hook)))}`,
    `--init_seeds ${once(group.map(({ seed }) => seed))}`,
    `--num_latents ${settings.d_sae} ${sparsity}`,
    `--ctx_len ${model.n_ctx} --batch_size ${Math.max(1, Math.round(batch / model.n_ctx))}`,
    `--max_examples ${Math.ceil(tokens / model.n_ctx)}`,
    `--optimizer adam --lr ${adam.lr} --lr_warmup_steps ${schedule.warmup} ${more}`,
    `--log_to_wandb False --run_name featurescope-${settings.d_sae}-${called}`,
  ].join(' \\\n  ');
}

/** Every list crossed with the others, as a run does. */
function planOf(config: TrainConfig, model: RecipeModel): { run: RunSettings; dictionaries: DictionaryPlan[] } {
  const checked = checkConfig(config);
  return { run: checked.run, dictionaries: expandDictionaries(checked, (hook) => widthOf(hook, model)) };
}

function widthOf(name: string, model: RecipeModel): HookWidth {
  const { name: hook, site } = parseHook(name, model.n_layers);
  return { hook, d_in: hookWidth(site, model) };
}

/** The name that libraries know a model by; without a slash it is not on the hub. ONNX copies carry that of their checkpoint. */
function namedModel(id: string): { name: string; revision: string; random: boolean } {
  const named = parseName(id);
  const { hub: repository, revision = MAIN } = 'hub' in named ? named : { hub: named.id };
  const bare = repository.slice(repository.lastIndexOf('/') + 1);
  return { name: /^pythia-/i.test(bare) ? `EleutherAI/${bare}` : repository, revision, random: named.random !== undefined };
}

/** Ids of opened files may be anything. */
function parseName(id: string): NamedModel {
  try {
    return parseModelId(id);
  } catch {
    return { id };
  }
}

/** A word of a shell command: ids come from files, and a command is pasted where it can do harm. */
function shell(id: string): string {
  return id.replace(/[^\w./-]/g, '_').replace(/^-+/, '') || 'MODEL';
}

/** A Python string; ids come from files. */
function python(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?'));
}
