/**
 * Finds the dictionaries among dropped files, whatever library they came from, and checks them. One folder
 * after the other, each by the files in it; what several dictionaries lie in is read once.
 */
import { UsageError, type Stop } from '../../errors.ts';
import type { FoundDictionary } from '../../sae/types.ts';
import { FormatError } from '../bytes.ts';
import { isLeftBehind } from '../leftBehind.ts';
import { readJson } from '../text.ts';
import { listNames, maybeRecord, quote } from '../words.ts';
import { attempt } from './attempt.ts';
import { groupByFolder, join, normaliseFiles, type DictionaryFile } from './files.ts';
import { describeForeign, describeStrange, isForeign } from './foreign.ts';
import { FILES, FOLDERS, type Folder } from './importers.ts';
import type { Candidate, OpenedDictionary } from './opened.ts';
import { CFG, findWeights, isLeftOut, MAX_JSON_BYTES, WEIGHTS } from './saelens.ts';
import { isSparsifyConfig } from './sparsify.ts';
import { checkValues } from './stored.ts';

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
    const problem = await attempt(() => locateInFolder({ path: folder, files, folders, warnings: located.warnings }, located));
    if (problem) located.failures.push(problem);
  }
  const { found, failures, warnings, unused } = located;
  if (found.length === 0) {
    const strange = failures.length === 0 || all.every(({ path }) => isLeftBehind(path)) ? await describeStrange(all) : undefined;
    if (strange) throw strange;
  }
  if (found.length === 0 && failures.length === 0) {
    throw new FormatError(`No dictionary was found (cfg.json with ${WEIGHTS}); found were ${listNames(all.map(({ path }) => path))}.`);
  }
  if (unused.length > 0) warnings.push(`Not used: ${listNames(unused)}.`);
  return located;
}

async function locateInFolder(folder: Folder, { found, failures, unused }: Located): Promise<void> {
  const { path, files } = folder;
  const alone = FOLDERS.find(({ claims }) => claims(files));
  if (alone) return void found.push(...(await alone.open(folder)));
  const readable = [...files.keys()].filter((name) => importerOf(name) && !isLeftOut(name));
  if (readable.length === 0) return refuseFolder(path, files, findWeights(files), unused);
  // Every one may be a dictionary, or several.
  for (const name of readable) {
    const problem = await attempt(async () => void found.push(...(await importerOf(name)!.open(folder, name))));
    if (problem) failures.push(problem);
  }
}

const importerOf = (name: string) => FILES.find(({ claims }) => claims(name));

/** A folder without a dictionary: other formats by name, halves of a pair, or files to mention. */
async function refuseFolder(folder: string, files: Folder['files'], weights: string | undefined, unused: string[]): Promise<void> {
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
async function isSparsifyRun(folder: string, files: Folder['files']): Promise<boolean> {
  const { value } = await readJson(files.get('config.json')!, join(folder, 'config.json'), MAX_JSON_BYTES);
  return isSparsifyConfig(maybeRecord(value)?.sae);
}

function pickFrom(found: Candidate[], pick: number[]): Candidate[] {
  const wrong = pick.find((index) => !found[index]);
  if (wrong !== undefined) throw new UsageError(`There is no dictionary number ${wrong}; ${found.length} were found, counted from 0.`);
  return [...new Set(pick)].map((index) => found[index]);
}
