/**
 * sparsify (EleutherAI, read at 1.3.0): {hookpoint}/cfg.json with sae.safetensors. The hookpoint is the
 * folder's name and stands nowhere else. Formulas: reference/sae-libraries.md A4.
 *   c = x − b_dec unless transcode;  p = ReLU(c·Eᵀ + b);  the k largest, or the largest of each of k groups;
 *   x̂ = Σ a·W_dec + b_dec (+ x·W_skipᵀ)
 */
import type { Architecture } from '../../sae/dictionary.ts';
import { FormatError, type BlobLike } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import { assertForeign, createCandidate, createConfig, MAX_SIZE, readCount, transposePart } from './convert.ts';
import { baseName, join } from './files.ts';
import { hookOfModule, hookOfPath } from './hookNames.ts';
import type { Candidate } from './opened.ts';
import { findClash } from './pairs.ts';
import { readStoredParts, type StoredPart } from './stored.ts';

export const SPARSIFY_WEIGHTS = 'sae.safetensors';

/** Whether a cfg.json is sparsify's rather than SAELens's. */
export function isSparsifyConfig(value: unknown): boolean {
  const cfg = maybeRecord(value);
  return cfg !== undefined && cfg.architecture === undefined && (cfg.num_latents !== undefined || cfg.expansion_factor !== undefined);
}

/** What the settings of a run say of each of its dictionaries. */
export interface SparsifyRun {
  model: string | null;
  /** Its `sae`; {} where nothing is known. */
  sae: Record<string, unknown>;
}

/** The settings of a run are those it began with, and those beside the weights count; the card says where they differ. */
function noteRun(cfg: Record<string, unknown>, sae: Record<string, unknown>): string[] {
  const keys = ['k', 'num_latents', 'expansion_factor', 'activation', 'transcode', 'skip_connection', 'multi_topk', 'normalize_decoder'];
  return keys.flatMap((key) => {
    // Worked out for each dictionary.
    if (key === 'num_latents' && (cfg[key] === 0 || sae[key] === 0)) return [];
    const clash = findClash([
      [`${key} in its cfg.json`, cfg[key]],
      ["that in the run's config.json", sae[key]],
    ]);
    return clash ? [`${clash} The cfg.json counts.`] : [];
  });
}

/** Switches of older and newer versions that change the forward pass; other keys that are not known here do not. */
const COMPUTING = ['signed', 'embed_skip', 'gram_lookup'];

interface Settings {
  architecture: Architecture;
  d_in: number;
  d_sae: number;
  k: number;
  transcode: boolean;
  skip: boolean;
}

/**
 * @param cfg parsed cfg.json
 * @param weights sae.safetensors
 * @param run from the settings of its run
 * @param warnings sentences of the report are added
 * @throws FormatError
 */
export async function openSparsify(
  folder: string,
  cfg: unknown,
  weights: BlobLike,
  run: SparsifyRun,
  warnings: string[],
): Promise<Candidate> {
  const cfgPath = join(folder, 'cfg.json');
  const path = join(folder, SPARSIFY_WEIGHTS);
  const stored = await readStoredParts(weights, path);
  const settings = readSettings(maybeRecord(cfg) ?? {}, stored, cfgPath);
  const { architecture, d_in, d_sae, k, transcode, skip } = settings;
  const byName = new Map(stored.map((part) => [part.name, part]));
  const expected = {
    'encoder.weight': [d_sae, d_in],
    'encoder.bias': [d_sae],
    W_dec: [d_sae, d_in],
    b_dec: [d_in],
    ...(skip && { W_skip: [d_in, d_in] }),
  };
  assertForeign(byName, expected, 'this sparsify dictionary', 'cfg.json', path);
  const rest = stored.find(({ name }) => !(name in expected));
  if (rest) throw new FormatError(`${quote(path)} holds a tensor "${quote(rest.name)}", which no such sparsify dictionary has.`);
  const output = hookOfPath(folder, hookOfModule);
  const input = transcode ? hookOfPath(folder, (name) => hookOfModule(name, 'in')) : output;
  const config = createConfig({
    architecture,
    d_in,
    d_sae,
    k,
    apply_b_dec_to_input: !transcode,
    hook_name: input,
    model_name: run.model,
    hook_name_out: transcode || skip ? output : null,
  });
  if (output === null) {
    warnings.push(
      `${quote(cfgPath)} does not say which hook the dictionary belongs to: sparsify names it by the folder, for example layers.3. Drop the run's folder.`,
    );
  }
  const part = (name: string) => byName.get(name)!;
  return createCandidate({
    name: baseName(folder) || 'sparsify dictionary',
    format: 'sparsify',
    config,
    bytes: stored.reduce((n, { data }) => n + data.size, 0),
    record: cfg,
    notes: [...listNotes(maybeRecord(cfg) ?? {}, settings), ...noteRun(maybeRecord(cfg) ?? {}, run.sae)],
    parts: async () => [
      await transposePart(part('encoder.weight'), 'W_enc'),
      { ...part('encoder.bias'), name: 'b_enc' },
      part('W_dec'),
      part('b_dec'),
      ...(skip ? [part('W_skip')] : []),
    ],
  });
}

function listNotes(cfg: Record<string, unknown>, { transcode, k }: Settings): string[] {
  return [
    transcode ? 'b_dec is not subtracted from the input (transcode).' : 'b_dec is subtracted from the input.',
    ...(cfg.activation === 'groupmax'
      ? [`Features come in ${k} groups of neighbours, of each of which the largest is kept (groupmax).`]
      : []),
    ...(cfg.multi_topk === true ? [`multi_topk was on in training; at inference ${k} features are kept, as sparsify does.`] : []),
  ];
}

/** @throws FormatError naming the first key whose value is impossible */
function readSettings(cfg: Record<string, unknown>, stored: StoredPart[], path: string): Settings {
  const activation = cfg.activation ?? 'topk';
  if (activation !== 'topk' && activation !== 'groupmax') {
    throw new FormatError(`${quote(path)} asks for the activation ${describe(activation)}; known are topk and groupmax.`);
  }
  const other = COMPUTING.find((key) => readSwitch(cfg, key, path));
  if (other) throw new FormatError(`${quote(path)} says ${other}, which changes what is computed and is not read here.`);
  const transcode = readSwitch(cfg, 'transcode', path);
  const skip = readSwitch(cfg, 'skip_connection', path);
  const d_in = readCount(cfg.d_in, 'd_in', path);
  const d_sae = readLatents(cfg, d_in, path);
  // Older files leave k to the library's default.
  const k = readCount(cfg.k ?? 32, 'k', path, d_sae);
  if (activation === 'groupmax' && d_sae % k !== 0) {
    throw new FormatError(
      `${quote(path)} cuts ${d_sae} features into ${k} groups, which leaves a remainder; groupmax needs groups of one size.`,
    );
  }
  if (skip && !stored.some(({ name }) => name === 'W_skip')) {
    throw new FormatError(`${quote(path)} says skip_connection, but ${SPARSIFY_WEIGHTS} beside it has no tensor W_skip.`);
  }
  const kind = skip ? '_skip_transcoder' : transcode ? '_transcoder' : '';
  return { architecture: `${activation}${kind}` as Architecture, d_in, d_sae, k, transcode, skip };
}

/** num_latents, or where it is 0 a multiple of d_in. */
function readLatents(cfg: Record<string, unknown>, d_in: number, path: string): number {
  if (cfg.num_latents !== undefined && cfg.num_latents !== 0) return readCount(cfg.num_latents, 'num_latents', path);
  const factor = readCount(cfg.expansion_factor ?? 32, 'expansion_factor', path);
  return readCount(d_in * factor, 'd_in times expansion_factor', path, MAX_SIZE);
}

function readSwitch(cfg: Record<string, unknown>, key: string, path: string): boolean {
  const value = cfg[key] ?? false;
  if (typeof value !== 'boolean') throw new FormatError(`${quote(path)} gives ${key} as ${describe(value)}; it must be true or false.`);
  return value;
}
