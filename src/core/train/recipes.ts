/**
 * The settings of a run as text for those who outgrow a tab: a SAELens runner script and sparsify commands, for a
 * machine with CUDA. What they train opens here. Written for SAELens 6.18 (sae_lens/config.py) and sparsify 1.3
 * (sparsify/config.py, __main__.py); neither library knows the tied form.
 */
import { moduleOfHook } from '../formats/dictionaries/hookNames.ts';
import { hookShape, parseHook } from '../lm/hooks.ts';
import type { ModelConfig } from '../lm/config.ts';
import { MAIN, parseModelId, type NamedModel } from '../lm/modelId.ts';
import type { DictionarySpec, TrainConfig } from './config.ts';

/** One dictionary with nothing left to cross. */
interface Wanted {
  hook: string;
  d_in: number;
  d_sae: number;
  architecture: 'tied' | 'standard' | 'topk';
  /** alpha, l1_coefficient or k. */
  weight: number;
  seed: number;
}

/** The model as the recipes need it. */
export type RecipeModel = Pick<ModelConfig, 'n_layers' | 'n_ctx' | 'd_model' | 'd_mlp' | 'n_heads' | 'd_head'> & { id: string };

const DEFAULTS = { tokens: 1_000_000, batch: 1024, lr: 1e-3, beta1: 0.9, beta2: 0.999, ratio: 4, seed: 0 };
const WEIGHTS = { tied: 'alpha', standard: 'l1_coefficient', topk: 'k' } as const;
const DEFAULT_WEIGHTS = { tied: 0.004, standard: 1, topk: 32 };
/** A public corpus; those of the page are not on the hub. */
const DATASET = 'monology/pile-uncopyrighted';
/** A sample of it, 15 million tokens: sparsify downloads a data set whole. */
const SAMPLE = 'NeelNanda/pile-10k';
const SAMPLE_TOKENS = 15e6;

/** A Python script that trains the same dictionaries one after another with SAELens. */
export function writeSaelensScript(config: TrainConfig, model: RecipeModel): string {
  const all = listWanted(config, model);
  const { tokens = DEFAULTS.tokens, batch = DEFAULTS.batch, adam = {}, schedule = {} } = config;
  const { name, revision, random } = namedModel(model.id);
  const step = /^step(\d+)$/.exec(revision)?.[1];
  const isTied = all.some(({ architecture }) => architecture === 'tied');
  return [
    '# Made by featurescope: the settings of a run for SAELens on a GPU. pip install "sae-lens>=6.18,<7"',
    ...(isTied
      ? [
          '# SAELens has no tied form: where the run asks for it, this trains its standard architecture with the l1_coefficient',
          '# of the same scale (alpha times d_in, since SAELens sums the squared error and the paper averages it).',
        ]
      : []),
    '# Open the folders under OUT here, or in anything that reads SAELens.',
    'from sae_lens import (',
    '    LanguageModelSAERunnerConfig,',
    '    LanguageModelSAETrainingRunner,',
    '    LoggingConfig,',
    '    StandardTrainingSAEConfig,',
    '    TopKTrainingSAEConfig,',
    ')',
    '',
    `MODEL = ${python(name)}${name.includes('/') ? '' : '  # not on the hub: put a model of TransformerLens here'}`,
    ...(random ? ['# The run read this model with random weights; here it has those it was trained to.'] : []),
    ...(revision !== MAIN && step === undefined
      ? [`# The run read it at ${shell(revision)}; TransformerLens has training steps only.`]
      : []),
    `DATASET = ${python(DATASET)}  # any text data set of the hub`,
    'OUT = "dictionaries"',
    `TOKENS = ${tokens}`,
    `BATCH = ${batch}`,
    'NORM = "expected_average_only_in"',
    '',
    'RUNS = [',
    ...all.map((one) => `    (${python(one.hook)}, ${saelensSettings(one, schedule.sparsityWarmup ?? 0)}, ${one.seed}),`),
    ']',
    '',
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
    `        context_size=${model.n_ctx},`,
    '        prepend_bos=False,',
    '        training_tokens=TOKENS,',
    '        train_batch_size_tokens=BATCH,',
    `        lr=${adam.lr ?? DEFAULTS.lr},`,
    `        adam_beta1=${adam.beta1 ?? DEFAULTS.beta1},`,
    `        adam_beta2=${adam.beta2 ?? DEFAULTS.beta2},`,
    `        lr_warm_up_steps=${schedule.warmup ?? 0},`,
    `        lr_decay_steps=${schedule.decay ?? 0},`,
    '        seed=seed,',
    '        device="cuda",',
    '        dtype="float32",',
    '        checkpoint_path=OUT,',
    '        logger=LoggingConfig(log_to_wandb=False),',
    '    )',
    '    LanguageModelSAETrainingRunner(cfg).run().save_model(f"{OUT}/{hook}_{sae.d_sae}_{seed}")',
    '',
  ].join('\n');
}

function saelensSettings({ architecture, d_in, d_sae, weight }: Wanted, warmup: number): string {
  const sizes = `d_in=${d_in}, d_sae=${d_sae}, normalize_activations=NORM`;
  if (architecture === 'topk') return `TopKTrainingSAEConfig(${sizes}, k=${weight})`;
  const l1 = architecture === 'tied' ? Number((weight * d_in).toPrecision(6)) : weight;
  return `StandardTrainingSAEConfig(${sizes}, l1_coefficient=${l1}, l1_warm_up_steps=${warmup})`;
}

/**
 * Shell commands that train the TopK dictionaries of a run with sparsify, one for each size and k.
 * @returns '' when the run has none that sparsify can train: it keeps k features and reads modules' outputs only
 */
export function writeSparsifyCommands(config: TrainConfig, model: RecipeModel): string {
  const { tokens = DEFAULTS.tokens, batch = DEFAULTS.batch, adam = {}, schedule = {} } = config;
  const fitting = listWanted(config, model).filter(({ architecture, hook }) => architecture === 'topk' && moduleOfHook(hook) !== hook);
  if (fitting.length === 0) return '';
  const groups = new Map<string, Wanted[]>();
  for (const one of fitting) {
    const key = `${one.d_sae} ${one.weight}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const { name, revision, random } = namedModel(model.id);
  const commands = [...groups.values()].map((group) => {
    const [{ d_sae, weight }] = group;
    const once = <T>(values: T[]) => [...new Set(values)].join(' ');
    return [
      `python -m sparsify ${shell(name)} ${tokens <= SAMPLE_TOKENS ? SAMPLE : DATASET}`,
      ...(revision === MAIN ? [] : [`--revision ${shell(revision)}`]),
      `--hookpoints ${once(group.map(({ hook }) => moduleOfHook(hook)))}`,
      `--init_seeds ${once(group.map(({ seed }) => seed))}`,
      `--num_latents ${d_sae} --k ${weight}`,
      `--ctx_len ${model.n_ctx} --batch_size ${Math.max(1, Math.round(batch / model.n_ctx))}`,
      `--max_examples ${Math.ceil(tokens / model.n_ctx)}`,
      `--optimizer adam --lr ${adam.lr ?? DEFAULTS.lr} --lr_warmup_steps ${schedule.warmup ?? 0} --auxk_alpha ${auxOf(config)}`,
      `--log_to_wandb False --run_name featurescope-${d_sae}-k${weight}`,
    ].join(' \\\n  ');
  });
  return [
    '# Made by featurescope: the settings of a run for sparsify on a GPU. pip install eai-sparsify',
    `# Open the folders under checkpoints/ here.${name.includes('/') ? '' : ` ${shell(name)} is not on the hub: put a model of transformers in its place.`}`,
    ...(random ? ['# The run read this model with random weights; here it has those it was trained to.'] : []),
    ...commands,
    '',
  ].join('\n');
}

function auxOf({ dictionaries }: TrainConfig): number {
  return [dictionaries].flat().find(({ architecture }) => architecture === 'topk')?.aux_alpha ?? 1 / 32;
}

/** Every list crossed with the others, as a run does. */
function listWanted(config: TrainConfig, model: RecipeModel): Wanted[] {
  return [config.dictionaries].flat().flatMap((spec) => {
    const { architecture = 'tied' } = spec;
    return list(spec.hook).flatMap((hook) => {
      const d_in = widthOf(hook, model);
      return sizesOf(spec, d_in).flatMap((d_sae) =>
        list(spec[WEIGHTS[architecture]] ?? DEFAULT_WEIGHTS[architecture]).flatMap((weight) =>
          list(spec.seed ?? config.seed ?? DEFAULTS.seed).map((seed) => ({ hook, d_in, d_sae, architecture, weight, seed })),
        ),
      );
    });
  });
}

function sizesOf(spec: DictionarySpec, d_in: number): number[] {
  return spec.d_sae === undefined ? list(spec.ratio ?? DEFAULTS.ratio).map((ratio) => Math.round(ratio * d_in)) : list(spec.d_sae);
}

function widthOf(hook: string, model: RecipeModel): number {
  const shape = hookShape(parseHook(hook, model.n_layers).site, model);
  return shape.reduce<number>((product, n) => (n === 'pos' ? product : product * n), 1);
}

function list<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
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
