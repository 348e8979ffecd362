/** What cfg.json of SAELens says in two places, and what it says that a reader of the card should know. */
import { readFormOf } from '../../sae/architectures/index.ts';
import { isBatchTopk, type DictionaryConfig } from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord } from '../words.ts';
import { hookOfName } from './hookNames.ts';
import { agree, findClash, layerOfHook, type Saying } from './pairs.ts';

type Json = Record<string, unknown>;

/** Said beside the settings and in metadata by files of the time between versions; those that only tell where from. */
const TELLING = new Set(['context_size', 'dataset_path', 'sae_lens_training_version', 'neuronpedia_id', 'l0', 'num_dead_features']);

/** Names of before version 4 for the same setting. */
const RENAMED: readonly [now: string, before: string][] = [
  ['hook_name', 'hook_point'],
  ['hook_layer', 'hook_point_layer'],
  ['hook_head_index', 'hook_point_head_index'],
  ['activation_fn', 'activation_fn_str'],
  ['finetuning_scaling_factor', 'uses_scaling_factor'],
];

/**
 * @param name of cfg.json, for sentences
 * @returns sentences about what differs and changes nothing
 * @throws FormatError naming both values of the first setting that is said twice and differs
 */
export function checkSaelensPairs(cfg: Json, metadata: Json, name: string): string[] {
  const at = (key: string, of = cfg, inside = ''): Saying => [`${inside}${key} in ${name}`, of[key]];
  for (const [now, before] of RENAMED) agree([at(now), at(before), at(now, metadata, 'metadata.'), at(before, metadata, 'metadata.')]);
  const warnings: string[] = [];
  for (const key of Object.keys(cfg)) {
    if (!Object.hasOwn(metadata, key) || typeof cfg[key] === 'object') continue;
    const both = [at(key), at(key, metadata, 'metadata.')];
    const clash = TELLING.has(key) && findClash(both);
    if (clash) warnings.push(clash);
    else agree(both);
  }
  agree([at('k'), at('k', maybeRecord(cfg.activation_fn_kwargs), 'activation_fn_kwargs.'), at('k', metadata, 'metadata.')]);
  checkActivation(cfg, name);
  checkLayer(cfg, metadata, name);
  const { d_in, d_sae, expansion_factor } = cfg;
  if (typeof d_in === 'number' && typeof d_sae === 'number' && typeof expansion_factor === 'number') {
    agree([
      [`d_sae in ${name}`, d_sae],
      [`d_in times expansion_factor there (${d_in} · ${expansion_factor})`, d_in * expansion_factor],
    ]);
  }
  return warnings;
}

/** Since version 4 an architecture is named, and files may still name the activation it had before. */
function checkActivation(cfg: Json, name: string): void {
  const { architecture } = cfg;
  const activation = cfg.activation_fn ?? cfg.activation_fn_str;
  if (typeof architecture !== 'string' || typeof activation !== 'string') return;
  // Before version 6 "standard" with topk is how TopK is said.
  const fits = architecture.includes('topk') ? activation !== 'relu' : activation !== 'topk' || architecture === 'standard';
  if (fits) return;
  throw new FormatError(
    `${name} gives architecture as ${describe(architecture)} and activation_fn as ${describe(activation)}, which do not go together.`,
  );
}

function checkLayer(cfg: Json, metadata: Json, name: string): void {
  const hook = cfg.hook_name ?? cfg.hook_point ?? metadata.hook_name;
  if (typeof hook !== 'string') return;
  const stated = cfg.hook_layer ?? cfg.hook_point_layer ?? metadata.hook_layer;
  agree([
    [`the layer of ${hook} in ${name}`, layerOfHook(hookOfName(hook))],
    ['hook_layer there', stated],
  ]);
}

/**
 * Widths of nested dictionaries (matryoshka): rising, at most all latents, of which SAELens takes the last for granted.
 * @returns undefined where none are stated
 */
export function readWidths(cfg: Json, d_sae: number, name: string): number[] | undefined {
  const widths = cfg.matryoshka_widths;
  if (widths === undefined || widths === null) return undefined;
  const list = Array.isArray(widths) ? (widths as unknown[]) : [];
  const isRising = list.every((width, i) => Number.isInteger(width) && (width as number) > ((list[i - 1] as number | undefined) ?? 0));
  if (!Array.isArray(widths) || !isRising) {
    throw new FormatError(`${name} gives matryoshka_widths as ${describe(widths)}; they must be whole numbers that rise.`);
  }
  const last = list.at(-1) as number | undefined;
  if (last !== undefined && last > d_sae) {
    throw new FormatError(`The last of matryoshka_widths in ${name} is ${last}, but d_sae is ${d_sae}. They must agree.`);
  }
  return last === d_sae ? (list as number[]) : [...(list as number[]), d_sae];
}

/** The head that a dictionary reads alone; SAELens takes it out of a hook with heads. */
export function readHead(cfg: Json, metadata: Json, name: string): number | undefined {
  const head = cfg.hook_head_index ?? cfg.hook_point_head_index ?? metadata.hook_head_index;
  if (head === undefined || head === null) return undefined;
  if (typeof head === 'number' && Number.isInteger(head) && head >= 0) return head;
  throw new FormatError(`${name} gives hook_head_index as ${describe(head)}; it must be a whole number from 0, or null.`);
}

/** What a person who reads features should know, beside the figures on the card. */
export function noteSaelens(config: DictionaryConfig, cfg: Json, widths: number[] | undefined): string[] {
  const { architecture, k, normalize_activations: normalisation, activation_scale: scale, prepend_bos } = config;
  const stated = maybeRecord(cfg.metadata) ?? {};
  return [
    ...(prepend_bos ? [BOS_NOTE] : []),
    ...(widths ? [`Nested (matryoshka): the first ${widths.join(', ')} features are dictionaries of their own.`] : []),
    ...(isBatchTopk(architecture) && k !== undefined ? [`It was trained to keep ${k} features of a row on average (k).`] : []),
    ...(scale !== undefined && normalisation === 'expected_average_only_in'
      ? [`Rows are multiplied by ${scale} before encoding (activation_scaler.json), and divided by it after decoding.`]
      : []),
    ...(readFormOf(architecture).selects === 'all' ? [SIGNED_NOTE] : []),
    ...(architecture === 'random' ? [RANDOM_NOTE] : []),
    ...(normalisation === 'layer_norm' ? ['Each row is brought to mean 0 and deviation 1 before encoding, and back after decoding.'] : []),
    ...(normalisation === 'constant_norm_rescale'
      ? ['Each row is brought to the norm √d_in before encoding, and back after decoding.']
      : []),
    ...(typeof stated.training_architecture === 'string' ? [`It was trained as ${describe(stated.training_architecture)}.`] : []),
  ];
}

const SIGNED_NOTE =
  'Its features have values of both signs on every token. Lists rank them by their largest value; for what is far below 0, make the same directions with both signs stacked (non_negative).';
const RANDOM_NOTE =
  'Directions drawn at random, given back by their pseudo-inverse after a ReLU: the reconstruction is poor, and poorest where there are about as many directions as numbers. Its features are a control for what features read.';
const BOS_NOTE =
  'It was trained on texts with the model’s first token put in front (prepend_bos). Without it features of the first tokens differ; scripts put it there with prepend_bos: true.';
