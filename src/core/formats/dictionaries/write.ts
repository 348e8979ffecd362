/**
 * Dictionaries as files for SAELens 6 and for ourselves. What was opened is given back with its
 * tensors byte for byte, in their order; a configuration is given back as it was unless SAELens 6
 * would misread it (before-6 files lose their hook name there).
 */
import { isBatchTopk, isTiedForm, isTranscoder, type Dictionary, type DictionaryConfig } from '../../sae/dictionary.ts';
import { foldScales } from '../../sae/fold.ts';
import type { BlobLike } from '../bytes.ts';
import { parseJson } from '../text.ts';
import { maybeRecord } from '../words.ts';
import { writeSafetensors } from '../safetensors.ts';
import { encodeText } from '../utf8.ts';
import { createOutFile, join, type OutFile } from './files.ts';
import { readDictionary, type OpenedDictionary } from './opened.ts';
import type { StoredPart } from './stored.ts';

/** The version whose layout is written. */
const SAELENS_VERSION = '6.18.0';

/** Keys SAELens 6 asks for; their absence is an error there, or a silent default. */
const NEEDED_KEYS = [
  'architecture',
  'd_in',
  'd_sae',
  'dtype',
  'device',
  'apply_b_dec_to_input',
  'normalize_activations',
  'reshape_activations',
];

/** Settings of the hook: flat before version 6, in metadata since. */
const METADATA_KEYS = [
  'model_name',
  'hook_name',
  'hook_head_index',
  'context_size',
  'prepend_bos',
  'dataset_path',
  'seqpos_slice',
  'model_from_pretrained_kwargs',
  'sae_lens_training_version',
  'neuronpedia_id',
];

/**
 * The files of a dictionary as they came in.
 * @param folder put in front of every path
 */
export function writeDictionary(opened: OpenedDictionary, folder = ''): OutFile[] {
  return [
    createOutFile(join(folder, 'cfg.json'), [encodeText(writeConfig(opened))]),
    createOutFile(join(folder, 'sae_weights.safetensors'), writeSafetensors(opened.parts)),
    ...opened.extras.map(({ name, data }) => createOutFile(join(folder, name), [data])),
  ];
}

/**
 * The files of a dictionary as SAELens opens them: as `writeDictionary`, but a tied one is folded to
 * "standard", and what only SAELens's own checkpoints may say (an activation scale, a batch top-k threshold)
 * is put into the weights of those that came from elsewhere. Computes the same.
 * @throws FormatError when numbers that have to be folded cannot be read
 */
export async function exportSaelens(opened: OpenedDictionary, folder = ''): Promise<OutFile[]> {
  const { config, format } = opened;
  const isTheirs = format === 'saelens' || format === 'saelens-pre6';
  const isOdd =
    isTiedForm(config.architecture) || (!isTheirs && (isBatchTopk(config.architecture) || config.activation_scale !== undefined));
  if (!isOdd) return writeDictionary(opened, folder);
  const folded = foldScales(foldThreshold(await readDictionary(opened)));
  const base = maybeRecord(parseJson(opened.cfgText, 'cfg.json')) ?? {};
  for (const key of ['activation_scale', 'k', 'rescale_acts_by_decoder_norm']) if (!(key in folded.config)) delete base[key];
  const packed = packDictionary(folded, opened.name, base);
  return writeDictionary({ ...packed, extras: opened.extras }, folder);
}

/** Batch top-k as SAELens exports it: JumpReLU with one threshold for all. */
function foldThreshold(dictionary: Dictionary): Dictionary {
  const { topk_threshold, ...rest } = dictionary.tensors;
  if (!topk_threshold) return dictionary;
  // First its units: the threshold counts in those of the decoder's norms.
  const { config, tensors } = foldScales({ config: dictionary.config, tensors: rest });
  const { k: _, rescale_acts_by_decoder_norm: __, ...stated } = config;
  const threshold = new Float32Array(config.d_sae).fill(Math.max(0, topk_threshold[0]));
  return { config: { ...stated, architecture: 'jumprelu' }, tensors: { ...tensors, threshold } };
}

/**
 * Files for a dictionary that exists in memory only.
 * @param base further keys for cfg.json (and its metadata); those the dictionary states itself win
 * @param record training record, written as featurescope.json
 */
export function packDictionary(
  { config, tensors }: Dictionary,
  name: string,
  base: Record<string, unknown> = {},
  record?: unknown,
): OpenedDictionary {
  const shapes: Record<string, number[]> = {
    W_enc: [config.d_in, config.d_sae],
    W_dec: [config.d_sae, config.d_out],
    b_dec: [config.d_out],
    W_skip: [config.d_out, config.d_in],
    topk_threshold: [],
  };
  const parts = Object.entries(tensors).map(([tensor, values]): StoredPart => {
    const data = createBlob(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { name: tensor, dtype: 'F32', shape: shapes[tensor] ?? [config.d_sae], data };
  });
  const stated: DictionaryConfig = { ...config, dtype: 'float32', sae_lens_version: SAELENS_VERSION };
  const cfg = stateConfig(stated, base);
  return {
    name,
    format: isTiedForm(config.architecture) ? 'tied' : 'saelens',
    config: stated,
    cfgText: JSON.stringify(cfg, null, 1),
    parts,
    extras: listExtras(config, record),
    ...(record !== undefined && { record }),
    bytes: parts.reduce((n, { data }) => n + data.size, 0),
  };
}

function listExtras({ normalize_activations, activation_scale }: DictionaryConfig, record: unknown): OpenedDictionary['extras'] {
  const extras: OpenedDictionary['extras'] = [];
  const add = (name: string, value: unknown) => extras.push({ name, data: createBlob(encodeText(JSON.stringify(value, null, 1))) });
  if (normalize_activations === 'expected_average_only_in') add('activation_scaler.json', { scaling_factor: activation_scale ?? null });
  if (record !== undefined) add('featurescope.json', record);
  return extras;
}

/** Bytes in memory where a file is asked for. Slices share them. */
export function createBlob(bytes: Uint8Array<ArrayBuffer>): BlobLike {
  return {
    size: bytes.length,
    slice: (start = 0, end = bytes.length) => createBlob(bytes.subarray(start, end)),
    arrayBuffer: async () => bytes.slice().buffer,
  };
}

function writeConfig({ cfgText, format, config }: OpenedDictionary): string {
  const cfg = maybeRecord(parseJson(cfgText, 'cfg.json')) ?? {};
  if (format !== 'saelens-pre6' && NEEDED_KEYS.every((key) => Object.hasOwn(cfg, key))) return cfgText;
  return JSON.stringify(stateConfig(config, cfg), null, 1);
}

/** `base` with every key SAELens 6 needs. Own keys only, so that a key "__proto__" stays a key. */
export function stateConfig(config: DictionaryConfig, base: Record<string, unknown>): Record<string, unknown> {
  const { architecture, d_in, d_sae, d_out, dtype, apply_b_dec_to_input, normalize_activations, reshape_activations } = config;
  const old = maybeRecord(base.metadata) ?? {};
  const moved = Object.fromEntries(METADATA_KEYS.filter((key) => Object.hasOwn(base, key)).map((key) => [key, base[key]]));
  const { hook_name, hook_name_out, model_name, context_size, prepend_bos, dataset_path } = config;
  const known = { hook_name, hook_name_out, model_name, context_size, prepend_bos, dataset_path };
  const centring = config.centred && {
    model_from_pretrained_kwargs: { ...maybeRecord(old.model_from_pretrained_kwargs), center_writing_weights: true },
  };
  const stated = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  return {
    ...base,
    architecture,
    d_in,
    d_sae,
    ...(d_out !== d_in || isTranscoder(architecture) ? { d_out } : {}),
    dtype,
    device: base.device ?? 'cpu',
    apply_b_dec_to_input,
    normalize_activations,
    reshape_activations,
    ...(config.k !== undefined && { k: config.k }),
    ...(config.rescale_acts_by_decoder_norm !== undefined && { rescale_acts_by_decoder_norm: config.rescale_acts_by_decoder_norm }),
    ...(isTiedForm(architecture) && config.activation_scale !== undefined && { activation_scale: config.activation_scale }),
    metadata: { ...moved, ...old, ...stated, ...centring, sae_lens_version: config.sae_lens_version ?? SAELENS_VERSION },
  };
}
