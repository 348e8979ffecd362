/** What dictionary_learning says in several places: config.json, the tensors, and the settings inside a backup of a run. */
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import { isTensor, toPart, type TorchValue } from '../torch/index.ts';
import { agree } from './pairs.ts';
import { asState, nameKind, type State } from './torchState.ts';

type Json = Record<string, unknown>;

/** Settings of a trainer that decide what is computed, and of what. */
const DECISIVE = ['dict_class', 'trainer_class', 'activation_dim', 'dict_size', 'k', 'layer', 'lm_name', 'submodule_name'];

/** Groups of nested dictionaries; real ones have a handful. */
const MOST_GROUPS = 4096;
const GROUP_BYTES = 8;

/** A share of latents is cut to a whole number. */
const ROUNDING = 1;

/**
 * @param inner settings inside a backup; {} for other files
 * @param settings where config.json lies, for sentences
 * @throws FormatError naming both values
 */
export function checkLearningPairs(trainer: Json, buffer: Json, inner: Json, settings: string): void {
  agree([
    [`activation_dim in ${settings}`, trainer.activation_dim],
    ['d_submodule of its buffer', buffer.d_submodule],
  ]);
  for (const key of DECISIVE) {
    agree([
      [`${key} in ${settings}`, trainer[key]],
      ['that of the settings inside the backup', inner[key]],
    ]);
  }
}

/** Plain values of a dict inside a PyTorch file, of the trainer's where it has one. */
export function plainOf(value: TorchValue | undefined): Json {
  const state = asState(value);
  const all = asState(state?.get('trainer')) ?? state ?? new Map<string, TorchValue>();
  return Object.fromEntries([...all].filter(([, inner]) => ['string', 'number', 'boolean'].includes(typeof inner)));
}

/**
 * Sizes of the nested groups, which must be all latents together: the library refuses others as it makes the class.
 * @returns undefined for classes without groups
 * @throws FormatError naming both numbers
 */
export async function readGroups(state: State, trainer: Json, d_sae: number, path: string): Promise<number[] | undefined> {
  const name = quote(path);
  const value = state.get('group_sizes');
  if (value === undefined) return undefined;
  const sizes = await readWhole(value, name);
  const stated = trainer.group_sizes;
  agree([
    [`group_sizes in the tensors of ${name}`, sizes],
    ['group_sizes in its config.json', stated],
  ]);
  if (sizes.length === 0 || sizes.some((size) => !(size >= 1))) {
    throw new FormatError(`${name} gives group_sizes as ${describe(sizes)}; each must be a whole number from 1.`);
  }
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sum !== d_sae) {
    throw new FormatError(
      `The nested groups of ${name} (group_sizes ${sizes.join(', ')}) make ${sum} features, but its encoder has ${d_sae}. They must agree.`,
    );
  }
  const fractions: unknown = trainer.group_fractions;
  if (Array.isArray(fractions) && !fitsFractions(sizes, fractions, d_sae)) {
    throw new FormatError(
      `config.json beside ${name} gives group_fractions as ${describe(fractions)}, but group_sizes in the tensors are ${describe(sizes)} of ${d_sae} features. They must agree.`,
    );
  }
  return sizes;
}

/** All but the last are cut down; the last has what is left. */
function fitsFractions(sizes: number[], fractions: unknown[], d_sae: number): boolean {
  if (fractions.length !== sizes.length) return false;
  return sizes.every((size, i) => Math.abs(size - (fractions[i] as number) * d_sae) <= (i === sizes.length - 1 ? sizes.length : ROUNDING));
}

/** A list of whole numbers: a tensor of int64 or int32, or a plain list. */
async function readWhole(value: TorchValue, name: string): Promise<number[]> {
  if (Array.isArray(value) && value.every((size) => typeof size === 'number')) return [...value];
  if (!isTensor(value) || value.shape.length !== 1 || (value.dtype !== 'I64' && value.dtype !== 'I32') || value.shape[0] > MOST_GROUPS) {
    throw new FormatError(`${name} holds ${nameKind(value)} where the list of whole numbers group_sizes should be.`);
  }
  const { data } = await toPart(value, 'group_sizes');
  const bytes = await data.slice(0, value.shape[0] * GROUP_BYTES).arrayBuffer();
  return value.dtype === 'I64' ? Array.from(new BigInt64Array(bytes), Number) : Array.from(new Int32Array(bytes));
}

export function noteGroups(sizes: number[] | undefined): string[] {
  if (!sizes) return [];
  let first = 0;
  const widths = sizes.map((size) => (first += size));
  return [`Nested (matryoshka) in groups of ${sizes.join(', ')}: the first ${widths.join(', ')} features are dictionaries of their own.`];
}

/**
 * @param scale of a backup, which rows are multiplied by
 * @param stated norm_factor of config.json
 */
export function noteScale(scale: number | undefined, stated: unknown): string[] {
  if (scale !== undefined)
    return [`Rows are divided by ${shown(1 / scale)} before encoding (norm_factor), and multiplied by it after decoding.`];
  if (typeof stated !== 'number') return [];
  return [
    `It was trained on rows divided by ${shown(stated)} (norm_factor); the library puts that into the biases at the end, so rows are taken as they are.`,
  ];
}

function shown(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** norm_factor of a backup and of config.json. */
export function checkNormFactor(inBackup: number | undefined, configuration: unknown, path: string): void {
  const stated = maybeRecord(maybeRecord(configuration)?.trainer)?.norm_factor;
  if (inBackup === undefined || typeof stated !== 'number' || Math.abs(stated - inBackup) <= 1e-5 * Math.abs(stated)) return;
  throw new FormatError(`norm_factor is ${inBackup} in ${quote(path)}, but ${describe(stated)} in its config.json. They must agree.`);
}
