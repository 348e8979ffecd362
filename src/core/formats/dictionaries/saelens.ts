/**
 * SAELens dictionaries (cfg.json, sae_weights.safetensors, sparsity.safetensors; 6.18.0 and before 6)
 * and the tied form in the same clothes: architecture "tied" in cfg.json, raw rows as W_dec, b_enc.
 * Opening locates and checks; numbers are read when asked for, and bytes are kept for the export.
 */
import { listTensors, type DictionaryConfig } from '../../sae/dictionary.ts';
import { FormatError, type BlobLike } from '../bytes.ts';
import { readJson, readSettingsJson } from '../text.ts';
import { listNames, maybeRecord, quote } from '../words.ts';
import { attempt } from './attempt.ts';
import { baseName, join } from './files.ts';
import { isForeign } from './foreign.ts';
import type { Candidate, OpenedDictionary } from './opened.ts';
import { parseSaelensConfig } from './saelensConfig.ts';
import { settleValues } from './saelensValues.ts';
import { assertFloat, readStoredParts, readValues, SAELENS_DTYPE, type StoredPart } from './stored.ts';

export const CFG = 'cfg.json';
export const WEIGHTS = 'sae_weights.safetensors';
const SPARSITY = 'sparsity.safetensors';
const SCALER = 'activation_scaler.json';
const RECORD = 'featurescope.json';
/** Small files that belong to a dictionary beside its settings and weights. */
export const EXTRAS = [SPARSITY, SCALER, RECORD, 'runner_cfg.json'];

/** Written by training runs of SAELens and sparsify, useless here: optimiser state and the position in the data. */
const LEFT_OUT = /^(trainer_state\.pt|activations_store_state\.safetensors|state\.pt|(optimizer|lr_scheduler)_\d+\.pt|rank_\d+_state\.pt)$/;

/** Whether a file belongs to a training run and is not read. */
export function isLeftOut(name: string): boolean {
  return LEFT_OUT.test(name);
}

export const MAX_JSON_BYTES = 4 * 2 ** 20;

/** The usual name, else the only safetensors file that could be weights. */
export function findWeights(files: ReadonlyMap<string, BlobLike>): string | undefined {
  return findWeightsName([...files.keys()]);
}

/** The same of a folder whose files are only known by name. */
export function findWeightsName(names: readonly string[]): string | undefined {
  if (names.includes(WEIGHTS)) return WEIGHTS;
  const others = names.filter((name) => name.endsWith('.safetensors') && !EXTRAS.includes(name) && !isLeftOut(name));
  return others.length === 1 && !isForeign(others[0]) ? others[0] : undefined;
}

/**
 * @param weights name of the file of tensors
 * @throws FormatError
 */
export async function openSaelens(
  folder: string,
  files: ReadonlyMap<string, BlobLike>,
  weights: string,
  warnings: string[],
): Promise<Candidate> {
  const path = join(folder, CFG);
  const { text: cfgText, value: cfg } = await readSettingsJson(files.get(CFG)!, path, MAX_JSON_BYTES);
  // Of use only where cfg.json asks for it, and then it may not be missed.
  const isScaled = ['expected_average_only_in', true].includes(maybeRecord(cfg)?.normalize_activations as string | boolean);
  const unread: string[] = [];
  const scaler = isScaled
    ? await (files.get(SCALER) && readJson(files.get(SCALER)!, join(folder, SCALER), MAX_JSON_BYTES).then(({ value }) => value))
    : await readRecord(files.get(SCALER), join(folder, SCALER), unread);
  const { config, format, warnings: ofConfig, notes, scales } = parseSaelensConfig(cfg, scaler, path);
  ofConfig.push(...unread);
  const parts = await readStoredParts(files.get(weights)!, join(folder, weights));
  assertTensors(parts, config, join(folder, weights));
  const stored = SAELENS_DTYPE[parts.find(({ name }) => name === 'W_dec')!.dtype];
  if (stored !== config.dtype) ofConfig.push(`${quote(path)} says ${quote(config.dtype)}, but the weights are stored as ${stored}.`);
  config.dtype = stored;
  const sparsity = await readSparsity(files.get(SPARSITY), config.d_sae, join(folder, SPARSITY), ofConfig);
  const record = (await readRecord(files.get(RECORD), join(folder, RECORD), ofConfig)) ?? recordOf(maybeRecord(cfg)?.metadata);
  const rest = [...files.keys()].filter((name) => name !== CFG && name !== weights && !EXTRAS.includes(name));
  if (rest.length > 0) ofConfig.push(`Left out of ${quote(folder) || 'the files'}: ${listNames(rest)}.`);
  warnings.push(...ofConfig);
  const opened: OpenedDictionary = {
    name: baseName(folder) || config.hook_name || 'dictionary',
    format,
    config,
    cfgText,
    parts,
    extras: EXTRAS.filter((name) => files.has(name)).map((name) => ({ name, data: files.get(name)! })),
    ...(sparsity && { sparsity }),
    ...(record !== undefined && { record }),
    notes,
    bytes: parts.reduce((n, { data }) => n + data.size, 0),
  };
  const { name, bytes } = opened;
  const paths = { cfg: path, weights: join(folder, weights) };
  return {
    name,
    format,
    config,
    bytes,
    // Numbers are read once it is chosen.
    open: async () => {
      const settled = await settleValues(opened, scales, paths, warnings);
      const { notes: all = [], ...rest } = settled;
      return all.length > 0 ? { ...rest, notes: all } : rest;
    },
  };
}

/** Every tensor the architecture has, in its shape, and no other. */
function assertTensors(parts: StoredPart[], config: DictionaryConfig, path: string): void {
  const { architecture, d_in, d_sae } = config;
  const file = quote(path);
  const specs = listTensors(config);
  for (const part of parts) {
    const spec = specs.find(({ name }) => name === part.name);
    if (!spec) throw new FormatError(`${file} holds a tensor "${quote(part.name)}", which no ${architecture} dictionary has.`);
    assertFloat(part, path);
    assertShape(part, spec.shape, `d_in ${d_in} and d_sae ${d_sae}`, file);
  }
  const has = (name: string) => parts.some((part) => part.name === name);
  for (const { name, need } of specs) {
    if (need === 'always' && !has(name))
      throw new FormatError(`${file} has no tensor ${name}, which the architecture ${architecture} needs.`);
  }
  if (specs.some(({ need }) => need === 'one-of-thresholds') && !has('threshold') && !has('log_threshold')) {
    throw new FormatError(`${file} has no tensor threshold, which the architecture ${architecture} needs.`);
  }
}

function assertShape({ name, shape }: StoredPart, expected: number[], sizes: string, file: string): void {
  if (shape.join() === expected.join()) return;
  const isTurned = shape.length === 2 && shape[0] === expected[1] && shape[1] === expected[0];
  const found = `${file} stores ${name} as [${shape.slice(0, 8).join(', ')}]`;
  throw new FormatError(
    isTurned
      ? `${found}, the transpose of the [${expected.join(', ')}] that SAELens stores; reading it as it is would give wrong features.`
      : `${found}, but cfg.json gives ${sizes}, which asks for [${expected.join(', ')}].`,
  );
}

/** A damaged sparsity file costs a figure on the card, not the dictionary. */
async function readSparsity(
  file: BlobLike | undefined,
  d_sae: number,
  path: string,
  warnings: string[],
): Promise<Float32Array<ArrayBuffer> | undefined> {
  if (!file) return undefined;
  let sparsity: Float32Array<ArrayBuffer> | undefined;
  const problem = await attempt(async () => {
    const part = (await readStoredParts(file, path)).find(({ name }) => name === 'sparsity');
    if (!part || part.shape.join() !== String(d_sae)) throw new FormatError(`It has no tensor "sparsity" of ${d_sae} numbers.`);
    assertFloat(part, path);
    sparsity = await readValues(part);
  });
  if (problem) warnings.push(`${quote(path)} was not used: ${problem.message}`);
  return sparsity;
}

/** What metadata says of the training, with the figures that SAELens has written beside it since 6.47. */
function recordOf(metadata: unknown): unknown {
  const { training, l0, num_dead_features } = maybeRecord(metadata) ?? {};
  const figures = Object.fromEntries(Object.entries({ l0, num_dead_features }).filter(([, value]) => typeof value === 'number'));
  return Object.keys(figures).length === 0 ? training : { ...figures, ...maybeRecord(training) };
}

async function readRecord(file: BlobLike | undefined, path: string, warnings: string[]): Promise<unknown> {
  if (!file) return undefined;
  let record: unknown;
  const problem = await attempt(async () => {
    record = (await readJson(file, path, MAX_JSON_BYTES)).value;
  });
  if (problem) warnings.push(`${quote(path)} was not used: ${problem.message}`);
  return record;
}
