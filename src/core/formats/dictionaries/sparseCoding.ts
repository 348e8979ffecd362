/**
 * sparse_coding (Cunningham et al. 2023, read at 69c5ae0): learned_dicts.pt, a list of (object, settings),
 * usually many dictionaries of one sweep that share storages. Formulas: reference/sae-libraries.md A6.
 *   tied:   z = (R·(x − t)) ⊙ s;  f = ReLU(Ê·z + b);  x̂ = Rᵀ·(Êᵀf ⊘ s) + t
 *   untied: f = ReLU(E·x + b);  x̂ = D̂ᵀ·f
 * Centring is folded into the weights: column j of W_enc is Rᵀ(s ⊙ ê_j), row j of W_dec is Rᵀ(ê_j ⊘ s), b_dec is t.
 */
import { SMALLEST_NORM, type DictionaryConfig } from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { quote } from '../words.ts';
import { isObject, isTensor, toPart, type TorchObject, type TorchTensor, type TorchValue } from '../torch/index.ts';
import { assertForeign, createCandidate, createConfig, partOf, readCount } from './convert.ts';
import { baseName } from './files.ts';
import { hookOfModule, hookOfPath, hookOfSweep } from './hookNames.ts';
import type { Candidate } from './opened.ts';
import { agree } from './pairs.ts';
import { isCentredHook } from './saelensConfig.ts';
import { readValues, type StoredPart } from './stored.ts';
import { asState, bytesOf, nameKind, partsOf, tensorsOf } from './torchState.ts';

export const LEARNED_DICTS = 'learned_dicts.pt';

const CENTRING = ['center_trans', 'center_rot', 'center_scale'];
const SETTINGS = ['norm_encoder', 'n_feats', 'activation_size'];

/** A sweep, or one of its objects saved alone. */
export function isLearnedDicts(value: TorchValue): boolean {
  return Array.isArray(value) || isObject(value);
}

/**
 * @returns one candidate for each dictionary that is read here, in the list's order
 * @throws FormatError when none is
 */
export async function openLearnedDicts(path: string, value: TorchValue, warnings: string[]): Promise<Candidate[]> {
  const entries = Array.isArray(value) ? (value as readonly TorchValue[]) : [value];
  const found: Candidate[] = [];
  const failures: FormatError[] = [];
  const hook = hookOfPath(path, hookOfSweep) ?? hookOfModule(stemOf(path));
  for (const [index, entry] of entries.entries()) {
    try {
      found.push(await openEntry(path, entry, index, entries.length, hook));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failures.push(error);
    }
  }
  if (found.length === 0) throw failures[0] ?? new FormatError(`${quote(path)} is an empty list; it holds no dictionary.`);
  warnings.push(...failures.map(({ message }) => message));
  if (hook === null) {
    warnings.push(`${quote(path)} does not say which hook its dictionaries read; sparse_coding's folders do (tied_residual_l2_r4).`);
  } else if (isCentredHook(hook)) {
    warnings.push(
      `sparse_coding ran its model with centred weights, so the mean of each row of ${hook} is subtracted first and put back last.`,
    );
  }
  return found;
}

async function openEntry(path: string, entry: TorchValue, index: number, count: number, hook: string | null): Promise<Candidate> {
  const which = count > 1 ? `Dictionary ${index} of ${quote(path)}` : quote(path);
  const [object, settings] = Array.isArray(entry) ? (entry as readonly TorchValue[]) : [entry, undefined];
  if (!isObject(object)) throw new FormatError(`${which} is ${nameKind(object)} in place of a dictionary.`);
  const kind = object.className.slice(object.className.lastIndexOf('.') + 1);
  if (kind !== 'TiedSAE' && kind !== 'UntiedSAE') {
    throw new FormatError(`${which} is a ${quote(kind)}, which is not read here; TiedSAE and UntiedSAE are.`);
  }
  const l1 = asState(settings)?.get('l1_alpha');
  const name = `${count > 1 ? `${sweepOf(path)} ${index}` : sweepOf(path)}${typeof l1 === 'number' ? ` (l1_alpha ${Number(l1.toPrecision(3))})` : ''}`;
  const record = Object.fromEntries([...(asState(settings) ?? [])].filter(([, v]) => typeof v !== 'object' && typeof v !== 'bigint'));
  const place: Partial<DictionaryConfig> = { hook_name: hook, ...(hook !== null && isCentredHook(hook) && { centred: true }) };
  const shared = { name, format: 'sparse_coding' as const, record: { library: 'sparse_coding', class: kind, ...record } };
  checkSizes(object, asState(settings), which);
  return kind === 'TiedSAE' ? openTied(object, which, place, shared) : openUntied(object, which, place, shared);
}

/** The sizes beside the tensors, in the object and in the sweep's settings. @throws FormatError naming both numbers */
function checkSizes({ state }: TorchObject, settings: ReadonlyMap<string, TorchValue> | undefined, which: string): void {
  const encoder = state.get('encoder');
  const [d_sae, d_in] = isTensor(encoder) ? encoder.shape : [];
  agree([
    [`the number of features of the encoder of ${which}`, d_sae],
    ['its n_feats', state.get('n_feats')],
    ['dict_size in the settings of its sweep', settings?.get('dict_size')],
  ]);
  agree([
    [`the input width of the encoder of ${which}`, d_in],
    ['its activation_size', state.get('activation_size')],
    ['activation_width in the settings of its sweep', settings?.get('activation_width')],
  ]);
}

/** "tied_residual_l2_r6/_31" of a sweep's state, which lies in a folder called by its number; else the folder, or the file. */
function sweepOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  const last = folders.at(-1);
  if (baseName(path) !== LEARNED_DICTS || last === undefined) return stemOf(path);
  return /^_\d+$/.test(last) ? folders.slice(-2).join('/') : last;
}

function stemOf(path: string): string {
  return baseName(path).replace(/\.[^.]+$/, '');
}

type Shared = Pick<Parameters<typeof createCandidate>[0], 'name' | 'format' | 'record'>;

async function openTied({ state }: TorchObject, which: string, place: Partial<DictionaryConfig>, shared: Shared): Promise<Candidate> {
  refuseAttributes(state, ['encoder', 'encoder_bias', ...CENTRING, ...SETTINGS], which);
  const tensors = tensorsOf(state, ['encoder', 'encoder_bias', ...CENTRING], which);
  const { d_in, d_sae } = sizesOf(tensors, which);
  const given = CENTRING.filter((name) => tensors.has(name));
  if (given.length !== 0 && given.length !== CENTRING.length) {
    throw new FormatError(`${which} has ${given.join(' and ')} without the other parts of centring.`);
  }
  const expected = {
    encoder: [d_sae, d_in],
    encoder_bias: [d_sae],
    ...(given.length > 0 && { center_trans: [d_in], center_rot: [d_in, d_in], center_scale: [d_in] }),
  };
  assertForeign(tensors, expected, 'a TiedSAE', 'its encoder', which);
  const isNormed = readSwitch(state.get('norm_encoder') ?? true, which);
  const centring = given.length > 0 ? await readCentring(tensors, which) : undefined;
  const isPlain = isNormed && centring === undefined;
  return createCandidate({
    ...shared,
    config: createConfig({
      architecture: isPlain ? 'tied' : 'standard',
      d_in,
      d_sae,
      apply_b_dec_to_input: centring !== undefined,
      ...place,
    }),
    bytes: bytesOf(tensors.values()),
    notes: [
      isNormed ? 'Encoder and decoder are one matrix of rows of norm 1.' : 'Encoder rows are used as they are; decoder rows have norm 1.',
      ...(centring ? ['Its centring (shift, rotation, scale) is folded into the weights.'] : []),
    ],
    parts: () =>
      isPlain
        ? partsOf(tensors, [
            ['encoder', 'W_dec'],
            ['encoder_bias', 'b_enc'],
          ])
        : foldTied(tensors, isNormed, centring, d_in, d_sae),
  });
}

async function openUntied({ state }: TorchObject, which: string, place: Partial<DictionaryConfig>, shared: Shared): Promise<Candidate> {
  refuseAttributes(state, ['encoder', 'decoder', 'encoder_bias', ...SETTINGS], which);
  const tensors = tensorsOf(state, ['encoder', 'decoder', 'encoder_bias'], which);
  const { d_in, d_sae } = sizesOf(tensors, which);
  assertForeign(tensors, { encoder: [d_sae, d_in], decoder: [d_sae, d_in], encoder_bias: [d_sae] }, 'an UntiedSAE', 'its encoder', which);
  return createCandidate({
    ...shared,
    config: createConfig({ architecture: 'standard', d_in, d_sae, ...place }),
    bytes: bytesOf(tensors.values()),
    notes: ['Decoder rows have norm 1; no bias is subtracted from the input or added to the output.'],
    parts: async () => {
      const [W_enc, b_enc, raw] = await partsOf(tensors, [
        ['encoder', 'W_enc', 'turned'],
        ['encoder_bias', 'b_enc'],
        ['decoder', 'W_dec'],
      ]);
      const W_dec = normaliseRows(await readValues(raw), d_in);
      return [W_enc, partOf('W_dec', [d_sae, d_in], W_dec), b_enc, partOf('b_dec', [d_in], new Float32Array(d_in))];
    },
  });
}

/** Shift, rotation and scale of the input. */
interface Centring {
  /** [d_in] */
  t: Float32Array;
  /** [d_in, d_in] */
  R: Float32Array;
  /** [d_in] */
  s: Float32Array;
}

/** @returns undefined when it changes nothing */
async function readCentring(tensors: ReadonlyMap<string, TorchTensor>, which: string): Promise<Centring | undefined> {
  const [t, R, s] = await Promise.all(CENTRING.map(async (name) => readValues(await toPart(tensors.get(name)!, name))));
  const d = t.length;
  if (s.some((scale) => scale === 0)) throw new FormatError(`${which} divides by a centring scale of 0.`);
  const isIdentity = t.every((v) => v === 0) && s.every((v) => v === 1) && R.every((v, at) => v === (at % (d + 1) === 0 ? 1 : 0));
  return isIdentity ? undefined : { t, R, s };
}

async function foldTied(
  tensors: ReadonlyMap<string, TorchTensor>,
  isNormed: boolean,
  centring: Centring | undefined,
  d_in: number,
  d_sae: number,
): Promise<StoredPart[]> {
  const raw = await readValues(await toPart(tensors.get('encoder')!, 'encoder'));
  const unit = normaliseRows(raw.slice(), d_in);
  const encoder = isNormed ? unit : raw;
  const W_enc = new Float32Array(d_in * d_sae);
  const W_dec = new Float32Array(d_sae * d_in);
  const e = new Float64Array(d_in);
  for (let j = 0; j < d_sae; j++) {
    turnBack(encoder, j, (s) => s, centring, e);
    for (let i = 0; i < d_in; i++) W_enc[i * d_sae + j] = e[i];
    turnBack(unit, j, (s) => 1 / s, centring, e);
    for (let i = 0; i < d_in; i++) W_dec[j * d_in + i] = e[i];
  }
  const [b_enc] = await partsOf(tensors, [['encoder_bias', 'b_enc']]);
  const b_dec = new Float32Array(d_in);
  if (centring) b_dec.set(centring.t);
  return [partOf('W_enc', [d_in, d_sae], W_enc), partOf('W_dec', [d_sae, d_in], W_dec), b_enc, partOf('b_dec', [d_in], b_dec)];
}

/** Rᵀ·(row j ⊙ weight(s)), or the row itself without centring. */
function turnBack(rows: Float32Array, j: number, weight: (s: number) => number, centring: Centring | undefined, out: Float64Array): void {
  const d = out.length;
  if (!centring) {
    for (let i = 0; i < d; i++) out[i] = rows[j * d + i];
    return;
  }
  const { R, s } = centring;
  out.fill(0);
  for (let r = 0; r < d; r++) {
    const value = rows[j * d + r] * weight(s[r]);
    for (let i = 0; i < d; i++) out[i] += R[r * d + i] * value;
  }
}

/** Divides each row of [rows, d] by its norm, in place. */
function normaliseRows(values: Float32Array<ArrayBuffer>, d: number): Float32Array<ArrayBuffer> {
  for (let at = 0; at < values.length; at += d) {
    let square = 0;
    for (let i = at; i < at + d; i++) square += values[i] * values[i];
    const norm = Math.max(Math.sqrt(square), SMALLEST_NORM);
    for (let i = at; i < at + d; i++) values[i] /= norm;
  }
  return values;
}

function sizesOf(tensors: ReadonlyMap<string, TorchTensor>, which: string): { d_in: number; d_sae: number } {
  const shape = tensors.get('encoder')?.shape;
  if (shape?.length !== 2) throw new FormatError(`${which} has no encoder with two dimensions.`);
  return { d_in: readCount(shape[1], 'the input width', which), d_sae: readCount(shape[0], 'the number of features', which) };
}

/** Plain attributes may be anything that does not compute; a tensor that is not understood may not. */
function refuseAttributes(state: ReadonlyMap<string, TorchValue>, known: string[], which: string): void {
  const strange = [...state].find(([key, value]) => !known.includes(key) && (isTensor(value) || isObject(value)));
  if (strange) throw new FormatError(`${which} has ${quote(strange[0])}, which is not understood here, so its numbers could be wrong.`);
}

function readSwitch(value: TorchValue, which: string): boolean {
  if (typeof value !== 'boolean') throw new FormatError(`${which} gives norm_encoder as ${nameKind(value)}; it must be true or false.`);
  return value;
}
