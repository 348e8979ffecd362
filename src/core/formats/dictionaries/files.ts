/** Paths of dropped files, and files to be written. */
import { FormatError, type BlobLike } from '../bytes.ts';
import { withoutLeftBehind } from '../leftBehind.ts';
import { quote } from '../words.ts';

/** A file with its path in the drop, `/` between folders. */
export interface DictionaryFile {
  path: string;
  data: BlobLike;
}

/** A file to be written: its parts follow each other without gaps. */
export interface OutFile {
  path: string;
  parts: (BlobLike | Uint8Array<ArrayBuffer>)[];
  bytes: number;
}

export function createOutFile(path: string, parts: OutFile['parts']): OutFile {
  return { path, parts, bytes: parts.reduce((n, part) => n + ('size' in part ? part.size : part.length), 0) };
}

/** @throws FormatError when two files have one path */
export function normaliseFiles(files: DictionaryFile[]): DictionaryFile[] {
  const all = withoutLeftBehind(files.map(({ path, data }) => ({ path: normalisePath(path), data })));
  const seen = new Set<string>();
  for (const { path } of all) {
    if (seen.has(path))
      throw new FormatError(`Two files are called ${quote(path)}. Drop the dictionaries' folders instead of their files.`);
    seen.add(path);
  }
  return all;
}

/** Files by folder, folders in natural order ("layer_2" before "layer_10"). */
export function groupByFolder(all: DictionaryFile[]): [string, Map<string, BlobLike>][] {
  const folders = new Map<string, Map<string, BlobLike>>();
  for (const { path, data } of all) {
    const folder = folderOf(path);
    if (!folders.has(folder)) folders.set(folder, new Map());
    folders.get(folder)!.set(baseName(path), data);
  }
  return [...folders].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function normalisePath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
