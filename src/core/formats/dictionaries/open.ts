/**
 * Finds the dictionaries among dropped files, whatever library they came from, and checks them. One folder
 * after the other, each by the files in it; what several dictionaries lie in is read once.
 */
import { UsageError, type Stop } from '../../errors.ts';
import type { FoundDictionary } from '../../sae/types.ts';
import { FormatError, type BlobLike } from '../bytes.ts';
import { listNames, maybeRecord, quote, readJson, refuseImpostor } from '../text.ts';
import { readTorch, type TorchValue } from '../torch/index.ts';
import { attempt } from './attempt.ts';
import { isDictionaryLearning, openDictionaryLearning } from './dictionaryLearning.ts';
import { baseName, groupByFolder, join, normaliseFiles, type DictionaryFile } from './files.ts';
import { describeForeign, isForeign } from './foreign.ts';
import { cfgOf, openOneLayer } from './oneLayer.ts';
import { isOpenai, openOpenai } from './openai.ts';
import { openGemmaScope } from './gemmaScope.ts';
import type { Candidate, OpenedDictionary } from './opened.ts';
import { CFG, findWeights, isLeftOut, MAX_JSON_BYTES, openSaelens, WEIGHTS } from './saelens.ts';
import { isSparsifyConfig, openSparsify, SPARSIFY_WEIGHTS } from './sparsify.ts';
import { isLearnedDicts, openLearnedDicts } from './sparseCoding.ts';
import { checkValues } from './stored.ts';
import { nameKind } from './torchState.ts';

/** dictionary_learning's settings, and what its evaluation writes. */
const CONFIG = 'config.json';
const EVALUATION = 'eval_results.json';

interface OpenOptions {
  /** Which of the dictionaries found, by position in the order of folders; all when absent. */
  pick?: number[];
  /** Bytes of weights checked, and to check in all. */
  onProgress?: (done: number, total: number) => void;
  stop?: Stop;
}

interface OpenedFiles {
  dictionaries: OpenedDictionary[];
  /** Sentences for the import report. */
  warnings: string[];
}

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
  for (const candidate of picked) {
    const before = done;
    const problem = await attempt(async () => {
      const dictionary = await candidate.open();
      for (const part of dictionary.parts) {
        await checkValues(part, (bytes) => o.onProgress?.(Math.min(total, (done += bytes)), total), o.stop);
      }
      dictionaries.push(dictionary);
    });
    done = before + candidate.bytes;
    if (problem) failures.push(picked.length > 1 ? new FormatError(`${quote(candidate.name)}: ${problem.message}`) : problem);
  }
  if (dictionaries.length === 0 && failures.length > 0) throw failures[0];
  return { dictionaries, warnings: [...warnings, ...failures.map(({ message }) => message)] };
}

/**
 * What `openDictionaryFiles` would open, in the order that its `pick` counts; no tensor is read.
 * @throws FormatError as `openDictionaryFiles` does for what shows without the numbers
 */
export async function listDictionaryFiles(files: DictionaryFile[]): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
  const { found, failures, warnings } = await locate(normaliseFiles(files));
  if (found.length === 0) throw failures[0];
  return {
    found: found.map(({ name, format, config, bytes }) => {
      const { architecture, hook_name, d_in, d_sae } = config;
      return { name, format, architecture, hook: hook_name ?? '', d_in, d_sae, bytes };
    }),
    warnings: [...warnings, ...failures.map(({ message }) => message)],
  };
}

/** What was found so far. */
interface Located {
  found: Candidate[];
  failures: FormatError[];
  warnings: string[];
  unused: string[];
}

async function locate(all: DictionaryFile[]): Promise<Located> {
  if (all.length === 0) throw new FormatError('Nothing was dropped. Drop the folder of a dictionary, with its cfg.json and its weights.');
  const located: Located = { found: [], failures: [], warnings: [], unused: [] };
  const folders = new Map(groupByFolder(all));
  for (const [folder, files] of folders) {
    const problem = await attempt(() => locateInFolder(folder, files, folders, located));
    if (problem) located.failures.push(problem);
  }
  const { found, failures, warnings, unused } = located;
  if (found.length === 0 && failures.length === 0) {
    throw new FormatError(`No dictionary was found (cfg.json with ${WEIGHTS}); found were ${listNames(all.map(({ path }) => path))}.`);
  }
  if (unused.length > 0) warnings.push(`Not used: ${listNames(unused)}.`);
  return located;
}

type Folders = ReadonlyMap<string, ReadonlyMap<string, BlobLike>>;

async function locateInFolder(folder: string, files: Map<string, BlobLike>, folders: Folders, located: Located): Promise<void> {
  const { found, warnings } = located;
  const weights = findWeights(files);
  const others = [...files.keys()].filter((name) => /\.(pt|pth|npz)$/.test(name) && !isLeftOut(name));
  if (weights && files.has(CFG)) found.push(inMemory(await openSaelens(folder, files, weights, warnings)));
  else if (files.has(SPARSIFY_WEIGHTS) && files.has(CFG)) found.push(await openBySettings(folder, files, folders, warnings));
  else if (others.length > 0) await locateOthers(folder, files, others, folders, located);
  else await refuseFolder(folder, files, weights, located.unused);
}

/** Every .pt or .npz file of a folder may be a dictionary, or several. */
async function locateOthers(
  folder: string,
  files: ReadonlyMap<string, BlobLike>,
  names: string[],
  folders: Folders,
  { found, failures, warnings }: Located,
): Promise<void> {
  for (const name of names) {
    const problem = await attempt(async () => {
      if (name.endsWith('.npz')) found.push(await openGemmaScope(join(folder, name), files.get(name)!, warnings));
      else found.push(...(await openTorchFile(folder, name, files, folders, warnings)));
    });
    if (problem) failures.push(problem);
  }
}

async function openTorchFile(
  folder: string,
  name: string,
  files: ReadonlyMap<string, BlobLike>,
  folders: Folders,
  warnings: string[],
): Promise<Candidate[]> {
  const path = join(folder, name);
  const file = files.get(name)!;
  await refuseImpostor(file, quote(path));
  const value = await readTorch(file, path);
  if (isLearnedDicts(value)) return openLearnedDicts(path, value, warnings);
  if (files.has(cfgOf(name))) return [await openOneLayer(path, value, await readSettings(files, cfgOf(name), folder), warnings)];
  if (isOpenai(value)) return [await openOpenai(path, value, warnings)];
  if (!isDictionaryLearning(value)) throw strangeContents(path, value);
  // Step saves lie in a folder of their own, below the config.json.
  const isBelow = baseName(folder) === 'checkpoints' && !files.has(CONFIG);
  const parent = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  const configuration = await readSettings(isBelow ? (folders.get(parent) ?? files) : files, CONFIG, isBelow ? parent : folder);
  if (configuration === undefined) warnings.push(`${quote(path)} comes without its config.json, so model and hook are not known.`);
  let evaluation: unknown;
  const problem = await attempt(async () => {
    evaluation = await readSettings(files, EVALUATION, folder);
  });
  if (problem) warnings.push(`Its figures were not used: ${problem.message}`);
  return [await openDictionaryLearning(path, value, configuration, warnings, evaluation)];
}

async function readSettings(files: ReadonlyMap<string, BlobLike>, name: string, folder: string): Promise<unknown> {
  const file = files.get(name);
  return file && (await readJson(file, join(folder, name), MAX_JSON_BYTES)).value;
}

function strangeContents(path: string, value: TorchValue): FormatError {
  const keys = value instanceof Map ? [...value.keys()].map(String) : [];
  const holds = keys.length > 0 ? `It holds ${listNames(keys)}` : `It holds ${nameKind(value)}`;
  return new FormatError(`${quote(path)} is a PyTorch file, but no dictionary of a library that is read here. ${holds}.`);
}

/** A cfg.json with sae.safetensors is sparsify's by its names, but its settings decide. */
async function openBySettings(folder: string, files: Map<string, BlobLike>, folders: Folders, warnings: string[]): Promise<Candidate> {
  const { value } = await readJson(files.get(CFG)!, join(folder, CFG), MAX_JSON_BYTES);
  if (!isSparsifyConfig(value)) return inMemory(await openSaelens(folder, files, SPARSIFY_WEIGHTS, warnings));
  return openSparsify(folder, value, files.get(SPARSIFY_WEIGHTS)!, await modelOfRun(folder, folders), warnings);
}

/** What the settings of a sparsify run call their model; null where none that can be read lie above the dictionary's folder. */
async function modelOfRun(folder: string, folders: Folders): Promise<string | null> {
  const parent = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  let run: Record<string, unknown> | undefined;
  const problem = await attempt(async () => {
    run = maybeRecord(await readSettings(folders.get(parent) ?? new Map(), CONFIG, parent));
  });
  if (problem) return null;
  return isSparsifyConfig(run?.sae) && typeof run?.model === 'string' ? run.model : null;
}

/** SAELens files need nothing turned, so locating them opens them. */
function inMemory(dictionary: OpenedDictionary): Candidate {
  const { name, format, config, bytes } = dictionary;
  return { name, format, config, bytes, open: () => Promise.resolve(dictionary) };
}

/** A folder without a dictionary: other formats by name, halves of a pair, or files to mention. */
async function refuseFolder(folder: string, files: Map<string, BlobLike>, weights: string | undefined, unused: string[]): Promise<void> {
  const names = [...files.keys()];
  const foreign = names.find((name) => isForeign(name) && !isLeftOut(name));
  if (foreign) throw await describeForeign({ path: join(folder, foreign), data: files.get(foreign)! });
  const where = folder === '' ? 'the files' : quote(folder);
  if (names.includes('model.safetensors') || (names.includes('config.json') && !(await isSparsifyRun(folder, files)))) {
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

/** The root of a sparsify run holds its training settings, the dictionaries lie in folders below. */
async function isSparsifyRun(folder: string, files: Map<string, BlobLike>): Promise<boolean> {
  const { value } = await readJson(files.get('config.json')!, join(folder, 'config.json'), MAX_JSON_BYTES);
  return isSparsifyConfig(maybeRecord(value)?.sae);
}

function pickFrom(found: Candidate[], pick: number[]): Candidate[] {
  const wrong = pick.find((index) => !found[index]);
  if (wrong !== undefined) throw new UsageError(`There is no dictionary number ${wrong}; ${found.length} were found, counted from 0.`);
  return [...new Set(pick)].map((index) => found[index]);
}
