/**
 * cfg.json of SAELens: version 6 (settings of the hook in `metadata`) and the flat files before it.
 * Modelled on SAELens 6.18 (saes/sae.py SAEConfig, loading/pretrained_sae_loaders.py for old files);
 * stricter, since a value that is misread gives wrong features without a sound.
 */
import { READ_FORMS, readFormOf } from '../../sae/architectures/index.ts';
import {
  isBatchTopk,
  isTiedForm,
  isTranscoder,
  type Architecture,
  type DictionaryConfig,
  type Normalisation,
} from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import { hookOfName } from './hookNames.ts';
import { agree } from './pairs.ts';
import { checkSaelensPairs, noteSaelens, readHead, readWidths } from './saelensPairs.ts';

interface ParsedConfig {
  config: DictionaryConfig;
  format: 'saelens' | 'saelens-pre6' | 'tied';
  /** Sentences for the import report. */
  warnings: string[];
  /** Sentences for the card. */
  notes: string[];
  /** Whether features have a factor of their own; undefined where the file is silent. */
  scales: unknown;
}

type Json = Record<string, unknown>;

/** SAELens's, and those of ours that are written in its layout. */
const ARCHITECTURES: readonly Architecture[] = READ_FORMS.filter((form) => form.inSaelens || form.isBaseline).map(({ name }) => name);

const NORMALISATIONS: Normalisation[] = ['none', 'expected_average_only_in', 'constant_norm_rescale', 'layer_norm'];

/** Wider than any dictionary: keeps products exact; memory is bounded by the tensors themselves. */
const MAX_SIZE = 2 ** 28;

/** SAELens's own default for a topk file that does not say. */
const DEFAULT_K = 100;

/** Keys that only a training run writes (SAELens 6.18 saes/*.py, training configurations). */
const TRAINING_KEYS = ['decoder_init_norm', 'l1_warm_up_steps', 'l0_warm_up_steps', 'aux_loss_coefficient', 'topk_threshold_lr'];

const CENTRED_HOOK = /(^|\.)hook_(resid_(pre|mid|post)|attn_out|mlp_out|embed)$/;

/**
 * Whether centred writing weights, which TransformerLens makes by default, shift what a hook holds; LayerNorm outputs and
 * inner activations stay the same.
 */
export function isCentredHook(hook: string): boolean {
  return CENTRED_HOOK.test(hook);
}

/**
 * @param value parsed cfg.json
 * @param scaler parsed activation_scaler.json, if there is one
 * @param path for sentences
 * @throws FormatError naming the first key whose value is missing, unknown or impossible
 */
export function parseSaelensConfig(value: unknown, scaler: unknown, path: string): ParsedConfig {
  const cfg = maybeRecord(value);
  const name = quote(path);
  if (!cfg) throw new FormatError(`${name} is not a JSON object, so it describes no dictionary.`);
  refuseOtherFormats(cfg, name);
  const metadata = maybeRecord(cfg.metadata) ?? {};
  const version = textOrNull(metadata.sae_lens_version);
  const isOld = !ARCHITECTURES.some((name) => name === cfg.architecture && isTiedForm(name)) && !isVersion6(version);
  const warnings: string[] = [];
  warnings.push(...checkSaelensPairs(cfg, metadata, name));
  const from = isOld ? readOldSettings(cfg, metadata, name) : readSettings(cfg, metadata);
  if (isOld && version === null && maybeRecord(cfg.metadata)) {
    warnings.push(`${name} has metadata without sae_lens_version, so SAELens 6 would lose its hook name. An export from here mends that.`);
  }
  const architecture = readArchitecture(from.architecture, name);
  const d_in = readSize(cfg, 'd_in', name);
  const d_sae = readSize(cfg, 'd_sae', name);
  const d_out = isTranscoder(architecture) && cfg.d_out !== undefined ? readSize(cfg, 'd_out', name) : d_in;
  const normalize_activations = readChoice(from.normalize_activations, NORMALISATIONS, 'normalize_activations', name);
  const config: DictionaryConfig = {
    architecture,
    d_in,
    d_sae,
    d_out,
    dtype: readDtype(cfg.dtype),
    apply_b_dec_to_input: readAppliesBias(cfg.apply_b_dec_to_input, architecture, name),
    normalize_activations,
    reshape_activations: readChoice(from.reshape_activations, ['none', 'hook_z'], 'reshape_activations', name),
    ...readScale(cfg, scaler, architecture, normalize_activations, name, warnings),
    ...readTopk(from.k, cfg, architecture, d_sae, name),
    hook_name: hookOrNull(from.hook_name),
    hook_name_out: hookOrNull(metadata.hook_name_out),
    model_name: textOrNull(from.model_name),
    sae_lens_version: isOld ? null : version,
    context_size: typeof from.context_size === 'number' ? from.context_size : null,
    prepend_bos: typeof from.prepend_bos === 'boolean' ? from.prepend_bos : null,
    dataset_path: textOrNull(from.dataset_path),
    training_checkpoint: !isOld && TRAINING_KEYS.some((key) => Object.hasOwn(cfg, key)),
  };
  const loading = maybeRecord(metadata.model_from_pretrained_kwargs ?? cfg.model_from_pretrained_kwargs);
  if (loading?.center_writing_weights === true && isCentredHook(config.hook_name ?? '')) config.centred = true;
  if (config.hook_name === null) warnings.push(`${name} does not say which hook the dictionary belongs to.`);
  const head = readHead(cfg, metadata, name);
  const notes = noteSaelens(config, cfg, readWidths(cfg, d_sae, name));
  for (const told of [tellHead(head, config.hook_name, name), tellModule(from.hook_name, config.hook_name, name)]) {
    if (told) warnings.push(told);
    if (told) notes.push(told);
  }
  const scales = cfg.finetuning_scaling_factor ?? cfg.uses_scaling_factor ?? undefined;
  if (scales !== undefined && typeof scales !== 'boolean')
    throw new FormatError(`${name} gives finetuning_scaling_factor as ${describe(scales)}; it must be true or false.`);
  return { config, notes, scales, format: isTiedForm(architecture) ? 'tied' : isOld ? 'saelens-pre6' : 'saelens', warnings };
}

/** Hooks are read whole here: a head alone is another dictionary's input. */
function tellHead(head: number | undefined, hook: string | null, name: string): string | undefined {
  if (head === undefined) return undefined;
  return `${name} reads head ${head} of ${hook ?? 'its hook'} alone (hook_head_index), which is not taken out here: a hook is read with all its heads, so the dictionary fits no model, and its activations have to be given by a script.`;
}

function tellModule(stated: unknown, hook: string | null, name: string): string | undefined {
  if (typeof stated !== 'string' || stated === hook) return undefined;
  return `${name} names the module ${quote(stated)}; what it puts out is ${hook} here.`;
}

/** What SAELens calls version 6: anything from 6.0.0-rc.0 on. */
function isVersion6(version: string | null): boolean {
  return Number(/^(\d+)\./.exec(version ?? '')?.[1] ?? 0) >= 6;
}

interface Settings {
  architecture: unknown;
  k: unknown;
  normalize_activations: unknown;
  reshape_activations: unknown;
  hook_name: unknown;
  model_name: unknown;
  context_size: unknown;
  prepend_bos: unknown;
  dataset_path: unknown;
}

function readSettings(cfg: Json, metadata: Json): Settings {
  const { architecture, k, normalize_activations = 'none', reshape_activations = 'none' } = cfg;
  const { hook_name, model_name, context_size, prepend_bos, dataset_path } = metadata;
  return { architecture, k, normalize_activations, reshape_activations, hook_name, model_name, context_size, prepend_bos, dataset_path };
}

/** The flat file of SAELens before 6, with the names of version 3 and before as well. */
function readOldSettings(cfg: Json, metadata: Json, name: string): Settings {
  const either = (key: string) => cfg[key] ?? metadata[key];
  const activation = cfg.activation_fn ?? cfg.activation_fn_str ?? 'relu';
  const isTopk = activation === 'topk';
  if (!isTopk && activation !== 'relu') {
    throw new FormatError(
      `${name} asks for the activation function ${describe(activation)}; old SAELens files are read with relu and topk.`,
    );
  }
  const hook_name = cfg.hook_name ?? cfg.hook_point ?? metadata.hook_name;
  const normalise = cfg.normalize_activations ?? false;
  return {
    architecture: isTopk ? 'topk' : (cfg.architecture ?? 'standard'),
    k: maybeRecord(cfg.activation_fn_kwargs)?.k ?? cfg.k,
    normalize_activations: normalise === false ? 'none' : normalise === true ? 'expected_average_only_in' : normalise,
    reshape_activations: cfg.reshape_activations ?? (typeof hook_name === 'string' && hook_name.includes('hook_z') ? 'hook_z' : 'none'),
    hook_name,
    model_name: either('model_name'),
    context_size: either('context_size'),
    prepend_bos: either('prepend_bos') ?? true,
    dataset_path: either('dataset_path'),
  };
}

function readArchitecture(value: unknown, name: string): Architecture {
  if (value === undefined) throw new FormatError(`${name} does not say which architecture the dictionary has.`);
  const found = ARCHITECTURES.find((known) => known === value);
  if (!found) throw new FormatError(`${name} asks for the architecture ${describe(value)}; known are ${ARCHITECTURES.join(', ')}.`);
  return found;
}

function readSize(cfg: Json, key: string, name: string): number {
  const value = cfg[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_SIZE) {
    throw new FormatError(`${name} gives ${key} as ${describe(value)}; it must be a whole number from 1 to ${MAX_SIZE}.`);
  }
  return value;
}

function readChoice<T extends string>(value: unknown, choices: T[], key: string, name: string): T {
  const found = choices.find((choice) => choice === value);
  if (!found) throw new FormatError(`${name} gives ${key} as ${describe(value)}; known are ${choices.join(', ')}.`);
  return found;
}

function readAppliesBias(value: unknown, architecture: Architecture, name: string): boolean {
  const cannot = isTranscoder(architecture) || isTiedForm(architecture);
  const applies = value ?? !cannot;
  if (typeof applies !== 'boolean')
    throw new FormatError(`${name} gives apply_b_dec_to_input as ${describe(value)}; it must be true or false.`);
  if (applies && cannot)
    throw new FormatError(`${name} asks to subtract b_dec from the input, which the architecture ${architecture} cannot do.`);
  return applies;
}

/** The factor of expected_average_only_in lies in activation_scaler.json; a tied file states its own. */
function readScale(
  cfg: Json,
  scaler: unknown,
  architecture: Architecture,
  normalisation: Normalisation,
  name: string,
  warnings: string[],
): { activation_scale?: number } {
  const beside = maybeRecord(scaler)?.scaling_factor;
  if (isTiedForm(architecture)) {
    agree([
      [`activation_scale in ${name}`, cfg.activation_scale],
      ['scaling_factor in activation_scaler.json beside it', beside],
    ]);
  }
  const stated = isTiedForm(architecture) ? cfg.activation_scale : beside;
  if (stated !== undefined && stated !== null && !(typeof stated === 'number' && Number.isFinite(stated) && stated > 0)) {
    throw new FormatError(`The activation scale beside ${name} is ${describe(stated)}; it must be a number above 0.`);
  }
  const scale = typeof stated === 'number' ? stated : undefined;
  if (isTiedForm(architecture)) return scale === undefined ? {} : { activation_scale: scale };
  if (normalisation === 'expected_average_only_in') {
    if (scale !== undefined) return { activation_scale: scale };
    warnings.push(`${name} expects activations of mean norm √d_in, but states no factor; they are taken as they are, as SAELens does.`);
  } else if (scale !== undefined) {
    warnings.push(`The factor in activation_scaler.json was left out, since normalize_activations is ${normalisation}.`);
  }
  return {};
}

function readTopk(
  k: unknown,
  cfg: Json,
  architecture: Architecture,
  d_sae: number,
  name: string,
): Pick<DictionaryConfig, 'k' | 'rescale_acts_by_decoder_norm'> {
  const { rescales } = readFormOf(architecture);
  if (!rescales) return {};
  const { rescale_acts_by_decoder_norm: rescale = rescales.byDefault } = cfg;
  if (typeof rescale !== 'boolean') {
    throw new FormatError(`${name} gives rescale_acts_by_decoder_norm as ${describe(rescale)}; it must be true or false.`);
  }
  const count = k ?? DEFAULT_K;
  // Batch top-k means an average, so its k may be a fraction; at inference only the threshold counts.
  const fits = typeof count === 'number' && count > 0 && count <= d_sae && (Number.isInteger(count) || isBatchTopk(architecture));
  if (!fits) throw new FormatError(`${name} gives k as ${describe(count)}; it must be a whole number from 1 to d_sae, ${d_sae}.`);
  return { k: count, rescale_acts_by_decoder_norm: rescale };
}

function readDtype(value: unknown): string {
  return typeof value === 'string' ? value.replace(/^torch\./, '') : 'float32';
}

/** sparsify and dictionary_learning use the same or similar file names. */
function refuseOtherFormats(cfg: Json, name: string): void {
  if (cfg.architecture !== undefined || cfg.d_sae !== undefined) return;
  if (cfg.num_latents !== undefined || cfg.expansion_factor !== undefined) {
    throw new FormatError(`${name} is the configuration of a sparsify dictionary, a format that is not read yet.`);
  }
  if (cfg.trainer !== undefined) {
    throw new FormatError(`${name} is the configuration of a dictionary_learning dictionary, a format that is not read yet.`);
  }
}

/** A module's name as a hook's. */
function hookOrNull(value: unknown): string | null {
  return typeof value === 'string' ? hookOfName(value) : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
