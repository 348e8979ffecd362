/** Which dictionaries a list of files holds, by their names alone: what is worth fetching is chosen before anything is fetched. */
import { baseName, folderOf, join } from './files.ts';
import { cfgOf } from './oneLayer.ts';
import { CFG, EXTRAS, findWeightsName, isLeftOut } from './saelens.ts';
import { LEARNED_DICTS } from './sparseCoding.ts';
import { SPARSIFY_WEIGHTS } from './sparsify.ts';

interface ListedFile {
  path: string;
  bytes: number;
}

export interface DictionaryFolder {
  /** Its folder; for a file that is a dictionary by itself, the file. */
  path: string;
  /** The library, as far as names tell. */
  format: 'saelens' | 'sparsify' | 'dictionary_learning' | 'sparse_coding' | 'torch' | 'gemma-scope' | 'zip';
  /** Paths of the files that make it, small ones first. */
  files: string[];
  bytes: number;
}

/** Saves from the middle of a training run lie in a folder of this name and are found only when asked for by it. */
const STEPS = 'checkpoints';

/**
 * @param within a folder, or a file, outside of which nothing is looked at; '' for everything
 * @returns in natural order ("layer_2" before "layer_10")
 */
export function findDictionaryFolders(files: readonly ListedFile[], within = ''): DictionaryFolder[] {
  const bytes = new Map(files.map((file) => [file.path, file.bytes]));
  const folders = new Map<string, string[]>();
  for (const { path } of files) {
    const folder = folderOf(path);
    folders.set(folder, [...(folders.get(folder) ?? []), baseName(path)]);
  }
  return [...folders]
    .flatMap(([folder, names]) => inFolder(folder, names, bytes))
    .filter(({ path, files: mine }) => within === '' || isWithin(path, within) || mine.includes(within))
    .filter(({ path }) => !path.split('/').includes(STEPS) || within.split('/').includes(STEPS))
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function inFolder(folder: string, names: readonly string[], bytes: ReadonlyMap<string, number>): DictionaryFolder[] {
  const has = (name: string) => names.includes(name);
  const make = (path: string, format: DictionaryFolder['format'], mine: string[]): DictionaryFolder => {
    const paths = mine.map((name) => join(folder, name)).sort((a, b) => bytes.get(a)! - bytes.get(b)!);
    return { path, format, files: paths, bytes: paths.reduce((sum, file) => sum + bytes.get(file)!, 0) };
  };
  const weights = findWeightsName(names) ?? names.find((name) => name === SPARSIFY_WEIGHTS);
  if (has(CFG) && weights !== undefined) {
    const extras = EXTRAS.filter(has);
    return [make(folder, weights === SPARSIFY_WEIGHTS ? 'sparsify' : 'saelens', [CFG, weights, ...extras])];
  }
  const beside = ['config.json', 'eval_results.json'].filter(has);
  return names.flatMap((name): DictionaryFolder[] => {
    if (isLeftOut(name)) return [];
    if (name === 'ae.pt') return [make(folder, 'dictionary_learning', [name, ...beside])];
    if (name === LEARNED_DICTS) return [make(join(folder, name), 'sparse_coding', [name])];
    if (/\.(pt|pth)$/.test(name)) return [make(join(folder, name), 'torch', [name, ...(has(cfgOf(name)) ? [cfgOf(name)] : beside)])];
    if (name.endsWith('.npz')) return [make(join(folder, name), 'gemma-scope', [name])];
    if (/\.zip$/i.test(name)) return [make(join(folder, name), 'zip', [name])];
    return [];
  });
}
