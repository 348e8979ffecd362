/**
 * SAELens dictionaries (cfg.json, sae_weights.safetensors, sparsity.safetensors; 6.18.0 and before 6)
 * and the tied form in the same clothes: architecture "tied" in cfg.json, raw rows as W_dec, b_enc.
 * Opening locates and checks; numbers are read when asked for, and bytes are kept for the export.
 */
import type { Stop } from '../../errors.ts';
import { listTensors, type Dictionary, type DictionaryConfig, type TensorName } from '../../sae/dictionary.ts';
import { FormatError, type BlobLike } from '../bytes.ts';
import { listNames, maybeRecord, quote, readJson } from '../text.ts';
import { describeForeign, isForeign } from './foreign.ts';
import { baseName, groupByFolder, join, normaliseFiles, type DictionaryFile } from './files.ts';
import { parseSaelensConfig, type ParsedConfig } from './saelensConfig.ts';
import { assertFloat, checkValues, readStoredParts, readValues, type StoredPart } from './stored.ts';

/** A dictionary whose files were checked; plain data but for the blobs, which a store may replace by its own. */
export interface OpenedDictionary {
  /** Folder name, or the hook when there is none; for a person. */
  name: string;
  format: ParsedConfig['format'];
  config: DictionaryConfig;
  /** cfg.json as it was. */
  cfgText: string;
  /** In file order. */
  parts: StoredPart[];
  /** Small files that belong to it and are given back by an export: sparsity.safetensors, featurescope.json, ... */
  extras: { name: string; data: BlobLike }[];
  /** log10(firing frequency + 1e-10) per latent, from sparsity.safetensors. [d_sae] */
  sparsity?: Float32Array<ArrayBuffer>;
  /** What is known of the training: featurescope.json, else metadata.training of cfg.json. */
  record?: unknown;
  /** Bytes of the tensors. */
  bytes: number;
}

export interface OpenOptions {
  /** Which of the dictionaries found, by position in the order of folders; all when absent. */
  pick?: number[];
  /** Bytes of weights checked, and to check in all. */
  onProgress?: (done: number, total: number) => void;
  stop?: Stop;
}

export interface OpenedFiles {
  dictionaries: OpenedDictionary[];
  /** Sentences for the import report. */
  warnings: string[];
}

const CFG = 'cfg.json';
const WEIGHTS = 'sae_weights.safetensors';
const SPARSITY = 'sparsity.safetensors';
const SCALER = 'activation_scaler.json';
const RECORD = 'featurescope.json';
const EXTRAS = [SPARSITY, SCALER, RECORD, 'runner_cfg.json'];

/** Written by training runs, useless here: optimiser state and the position in the data. */
const LEFT_OUT = ['trainer_state.pt', 'activations_store_state.safetensors'];

const MAX_JSON_BYTES = 4 * 2 ** 20;

/**
 * Finds the dictionaries among dropped files and checks them, every number included.
 * One bad dictionary among good ones becomes a warning; if none is good its sentence is thrown.
 * @throws FormatError with one sentence: what was found and what to do; AbortedError
 */
export async function openDictionaryFiles(files: DictionaryFile[], o: OpenOptions = {}): Promise<OpenedFiles> {
  const { found, failures, warnings } = await locate(normaliseFiles(files));
  const picked = o.pick ? pickFrom(found, o.pick) : found;
  const total = picked.reduce((n, { bytes }) => n + bytes, 0);
  let done = 0;
  const dictionaries: OpenedDictionary[] = [];
  for (const dictionary of picked) {
    const before = done;
    const problem = await attempt(async () => {
      for (const part of dictionary.parts) {
        await checkValues(part, (bytes) => o.onProgress?.((done += bytes), total), o.stop);
      }
    });
    done = before + dictionary.bytes;
    if (problem) failures.push(picked.length > 1 ? new FormatError(`${quote(dictionary.name)}: ${problem.message}`) : problem);
    else dictionaries.push(dictionary);
  }
  if (dictionaries.length === 0 && failures.length > 0) throw failures[0];
  return { dictionaries, warnings: [...warnings, ...failures.map(({ message }) => message)] };
}

/**
 * Reads a dictionary's numbers.
 * @throws FormatError when a number is NaN or infinite, or the blobs are shorter than they were
 */
export async function readDictionary({ config, parts }: Pick<OpenedDictionary, 'config' | 'parts'>, stop?: Stop): Promise<Dictionary> {
  const tensors: Dictionary['tensors'] = {};
  for (const part of parts) tensors[part.name as TensorName] = await readValues(part, stop);
  return { config, tensors };
}

interface Located {
  found: OpenedDictionary[];
  failures: FormatError[];
  warnings: string[];
}

async function locate(all: DictionaryFile[]): Promise<Located> {
  if (all.length === 0) throw new FormatError('Nothing was dropped. Drop the folder of a dictionary, with its cfg.json and its weights.');
  const located: Located = { found: [], failures: [], warnings: [] };
  const unused: string[] = [];
  for (const [folder, files] of groupByFolder(all)) {
    const weights = findWeights(files);
    const problem = await attempt(async () => {
      if (weights && files.has(CFG)) located.found.push(await openFolder(folder, files, weights, located.warnings));
      else await refuseFolder(folder, files, weights, unused);
    });
    if (problem) located.failures.push(problem);
  }
  if (located.found.length === 0 && located.failures.length === 0) {
    throw new FormatError(`No dictionary was found (cfg.json with ${WEIGHTS}); found were ${listNames(all.map(({ path }) => path))}.`);
  }
  if (unused.length > 0) located.warnings.push(`Not used: ${listNames(unused)}.`);
  return located;
}

/** The usual name, else the only safetensors file that could be weights. */
function findWeights(files: Map<string, BlobLike>): string | undefined {
  if (files.has(WEIGHTS)) return WEIGHTS;
  const others = [...files.keys()].filter((name) => name.endsWith('.safetensors') && !EXTRAS.includes(name) && !LEFT_OUT.includes(name));
  return others.length === 1 && !isForeign(others[0]) ? others[0] : undefined;
}

async function openFolder(folder: string, files: Map<string, BlobLike>, weights: string, warnings: string[]): Promise<OpenedDictionary> {
  const path = join(folder, CFG);
  const { text: cfgText, value: cfg } = await readJson(files.get(CFG)!, path, MAX_JSON_BYTES);
  const scaler = files.has(SCALER) ? (await readJson(files.get(SCALER)!, join(folder, SCALER), MAX_JSON_BYTES)).value : undefined;
  const { config, format, warnings: ofConfig } = parseSaelensConfig(cfg, scaler, path);
  const parts = await readStoredParts(files.get(weights)!, join(folder, weights));
  assertTensors(parts, config, join(folder, weights));
  const stored = SAELENS_DTYPE[parts.find(({ name }) => name === 'W_dec')!.dtype];
  if (stored !== config.dtype) ofConfig.push(`${quote(path)} says ${quote(config.dtype)}, but the weights are stored as ${stored}.`);
  config.dtype = stored;
  const sparsity = await readSparsity(files.get(SPARSITY), config.d_sae, join(folder, SPARSITY), ofConfig);
  const record = (await readRecord(files.get(RECORD), join(folder, RECORD), ofConfig)) ?? maybeRecord(maybeRecord(cfg)?.metadata)?.training;
  const rest = [...files.keys()].filter((name) => name !== CFG && name !== weights && !EXTRAS.includes(name));
  if (rest.length > 0) ofConfig.push(`Left out of ${quote(folder) || 'the files'}: ${listNames(rest)}.`);
  warnings.push(...ofConfig);
  return {
    name: baseName(folder) || config.hook_name || 'dictionary',
    format,
    config,
    cfgText,
    parts,
    extras: EXTRAS.filter((name) => files.has(name)).map((name) => ({ name, data: files.get(name)! })),
    ...(sparsity && { sparsity }),
    ...(record !== undefined && { record }),
    bytes: parts.reduce((n, { data }) => n + data.size, 0),
  };
}

/** safetensors spelling → SAELens spelling. */
export const SAELENS_DTYPE: Record<string, string> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', F64: 'float64' };

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

async function readRecord(file: BlobLike | undefined, path: string, warnings: string[]): Promise<unknown> {
  if (!file) return undefined;
  let record: unknown;
  const problem = await attempt(async () => {
    record = (await readJson(file, path, MAX_JSON_BYTES)).value;
  });
  if (problem) warnings.push(`${quote(path)} was not used: ${problem.message}`);
  return record;
}

/** A folder without a pair of cfg.json and weights: other formats by name, halves of a pair, or files to mention. */
async function refuseFolder(folder: string, files: Map<string, BlobLike>, weights: string | undefined, unused: string[]): Promise<void> {
  const names = [...files.keys()];
  const foreign = names.find((name) => isForeign(name) && !LEFT_OUT.includes(name));
  if (foreign) throw await describeForeign({ path: join(folder, foreign), data: files.get(foreign)! }, names);
  const where = folder === '' ? 'the files' : quote(folder);
  if (names.includes('model.safetensors') || names.includes('config.json')) {
    throw new FormatError(
      `${folder === '' ? 'These files look' : `${where} looks`} like a language model, not a dictionary. Open it as a model.`,
    );
  }
  if (weights) throw new FormatError(`${quote(join(folder, weights))} comes without its cfg.json. Drop both together.`);
  if (names.includes(CFG)) {
    await readJson(files.get(CFG)!, join(folder, CFG), MAX_JSON_BYTES);
    throw new FormatError(`${quote(join(folder, CFG))} comes without its weights: no single .safetensors file lies beside it in ${where}.`);
  }
  unused.push(...names.map((name) => join(folder, name)));
}

function pickFrom(found: OpenedDictionary[], pick: number[]): OpenedDictionary[] {
  const wrong = pick.find((index) => !found[index]);
  if (wrong !== undefined) throw new FormatError(`There is no dictionary number ${wrong}; ${found.length} were found, counted from 0.`);
  return [...new Set(pick)].map((index) => found[index]);
}

/** @returns the FormatError that `work` met; other errors pass through */
async function attempt(work: () => Promise<void>): Promise<FormatError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
