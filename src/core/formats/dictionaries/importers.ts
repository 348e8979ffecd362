/**
 * The formats that are read, in the order in which they are tried. A new one is its own file and one line here (and its name
 * in `DictionaryFormat`): a format with a folder of its own in FOLDERS, one with a file for each dictionary in FILES, what a
 * PyTorch file may hold in TORCH.
 */
import { FormatError, type BlobLike } from '../bytes.ts';
import { readSettingsJson } from '../text.ts';
import { listNames, maybeRecord, quote } from '../words.ts';
import { readTorch, type TorchValue } from '../torch/index.ts';
import { attempt } from './attempt.ts';
import { isDictionaryLearning, openDictionaryLearning } from './dictionaryLearning.ts';
import { baseName, join } from './files.ts';
import { openGemmaScope } from './gemmaScope.ts';
import { cfgOf, openOneLayer } from './oneLayer.ts';
import { isOpenai, openOpenai } from './openai.ts';
import type { Candidate } from './opened.ts';
import { CFG, findWeights, MAX_JSON_BYTES, openSaelens } from './saelens.ts';
import { isSparsifyConfig, openSparsify, SPARSIFY_WEIGHTS, type SparsifyRun } from './sparsify.ts';
import { isLearnedDicts, openLearnedDicts } from './sparseCoding.ts';
import { nameKind } from './torchState.ts';

type Files = ReadonlyMap<string, BlobLike>;

/** A folder of what was dropped. */
export interface Folder {
  path: string;
  files: Files;
  /** All folders by their paths, for settings that lie above. */
  folders: ReadonlyMap<string, Files>;
  /** Sentences for the import report. */
  warnings: string[];
}

/** The dictionary of a folder. Whoever claims a folder has it alone. */
interface FolderImporter {
  claims: (files: Files) => boolean;
  /** @throws FormatError */
  open: (folder: Folder) => Promise<Candidate[]>;
}

/** Dictionaries of one file. */
interface FileImporter {
  claims: (name: string) => boolean;
  /** @throws FormatError */
  open: (folder: Folder, name: string) => Promise<Candidate[]>;
}

/** Dictionaries in what a PyTorch file holds. */
interface TorchImporter {
  claims: (value: TorchValue, name: string, files: Files) => boolean;
  /** @param path of the file @throws FormatError */
  open: (value: TorchValue, path: string, folder: Folder) => Promise<Candidate[]>;
}

export const FOLDERS: readonly FolderImporter[] = [
  { claims: (files) => files.has(CFG) && findWeights(files) !== undefined, open: async (folder) => [await saelens(folder)] },
  { claims: (files) => files.has(CFG) && files.has(SPARSIFY_WEIGHTS), open: async (folder) => [await openBySettings(folder)] },
];

export const FILES: readonly FileImporter[] = [
  {
    claims: (name) => name.endsWith('.npz'),
    open: async ({ path, files, warnings }, name) => [await openGemmaScope(join(path, name), files.get(name)!, warnings)],
  },
  { claims: (name) => /\.(pt|pth)$/.test(name), open: openTorchFile },
];

const TORCH: readonly TorchImporter[] = [
  { claims: isLearnedDicts, open: async (value, path, { warnings }) => openLearnedDicts(path, value, warnings) },
  {
    claims: (_, name, files) => files.has(cfgOf(name)),
    open: async (value, path, folder) => [
      await openOneLayer(path, value, await readSettings(folder, cfgOf(baseName(path))), folder.warnings),
    ],
  },
  { claims: isOpenai, open: async (value, path, { warnings }) => [await openOpenai(path, value, warnings)] },
  { claims: isDictionaryLearning, open: async (value, path, folder) => [await dictionaryLearning(value, path, folder)] },
];

async function openTorchFile(folder: Folder, name: string): Promise<Candidate[]> {
  const path = join(folder.path, name);
  const file = folder.files.get(name)!;
  const value = await readTorch(file, path);
  const importer = TORCH.find(({ claims }) => claims(value, name, folder.files));
  if (!importer) throw strangeContents(path, value);
  return importer.open(value, path, folder);
}

function saelens({ path, files, warnings }: Folder, weights = findWeights(files)!): Promise<Candidate> {
  return openSaelens(path, files, weights, warnings);
}

/** A cfg.json with sae.safetensors is sparsify's by its names, but its settings decide. */
async function openBySettings(folder: Folder): Promise<Candidate> {
  const { path, files, warnings } = folder;
  const { value } = await readSettingsJson(files.get(CFG)!, join(path, CFG), MAX_JSON_BYTES);
  if (!isSparsifyConfig(value)) return saelens(folder, SPARSIFY_WEIGHTS);
  return openSparsify(path, value, files.get(SPARSIFY_WEIGHTS)!, await readRun(folder), warnings);
}

/** What the settings of a sparsify run say; nothing where none that can be read lie above the dictionary's folder. */
async function readRun(folder: Folder): Promise<SparsifyRun> {
  let run: Record<string, unknown> | undefined;
  const problem = await attempt(async () => {
    run = maybeRecord(await readSettings(above(folder), CONFIG));
  });
  if (problem || !isSparsifyConfig(run?.sae)) return { model: null, sae: {} };
  return { model: typeof run?.model === 'string' ? run.model : null, sae: maybeRecord(run?.sae) ?? {} };
}

/** dictionary_learning's settings, and what its evaluation writes. */
const CONFIG = 'config.json';
const EVALUATION = 'eval_results.json';

async function dictionaryLearning(value: TorchValue, path: string, folder: Folder): Promise<Candidate> {
  // Step saves lie in a folder of their own, below the config.json.
  const isBelow = baseName(folder.path) === 'checkpoints' && !folder.files.has(CONFIG);
  const configuration = await readSettings(isBelow ? above(folder) : folder, CONFIG);
  if (configuration === undefined) folder.warnings.push(`${quote(path)} comes without its config.json, so model and hook are not known.`);
  let evaluation: unknown;
  const problem = await attempt(async () => {
    evaluation = await readSettings(folder, EVALUATION);
  });
  if (problem) folder.warnings.push(`Its figures were not used: ${problem.message}`);
  return openDictionaryLearning(path, value, configuration, folder.warnings, evaluation);
}

function above({ path, folders, warnings }: Folder): Folder {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  return { path: parent, files: folders.get(parent) ?? new Map(), folders, warnings };
}

async function readSettings({ path, files }: Folder, name: string): Promise<unknown> {
  const file = files.get(name);
  return file && (await readSettingsJson(file, join(path, name), MAX_JSON_BYTES)).value;
}

function strangeContents(path: string, value: TorchValue): FormatError {
  const keys = value instanceof Map ? [...value.keys()].map(String) : [];
  const holds = keys.length > 0 ? `It holds ${listNames(keys)}` : `It holds ${nameKind(value)}`;
  return new FormatError(`${quote(path)} is a PyTorch file, but no dictionary of a library that is read here. ${holds}.`);
}
