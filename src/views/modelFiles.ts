/** Files as the browser gives them, turned into what the api opens: paths within one model folder. */
import type { FileIn } from '../app/api.ts';

type Named = { path: string; data: File };

export function fromFileList(list: FileList | null): FileIn[] {
  return withoutCommonFolder([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, data: file })));
}

/** Everything dropped, folders walked to the end. Must be called while the drop event is being handled. */
export async function fromDrop(transfer: DataTransfer): Promise<FileIn[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return withoutCommonFolder([...transfer.files].map((file) => ({ path: file.name, data: file })));
  const found = await Promise.all(entries.map((entry) => walk(entry, '')));
  return withoutCommonFolder(found.flat());
}

async function walk(entry: FileSystemEntry, folder: string): Promise<Named[]> {
  const path = folder + entry.name;
  if (entry.isFile) return [{ path, data: await fileOf(entry as FileSystemFileEntry) }];
  const children = await childrenOf(entry as FileSystemDirectoryEntry);
  const found = await Promise.all(children.map((child) => walk(child, `${path}/`)));
  return found.flat();
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader gives at most a hundred entries a time, and none when it is done. */
async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Drops the folder that every path begins with, so that `config.json` is at the top. */
export function withoutCommonFolder<T extends { path: string }>(files: readonly T[]): T[] {
  const folder = files[0]?.path.includes('/') ? files[0].path.slice(0, files[0].path.indexOf('/') + 1) : '';
  const common = folder !== '' && files.every((f) => f.path.startsWith(folder));
  return common ? files.map((f) => ({ ...f, path: f.path.slice(folder.length) })) : [...files];
}

/** What to call files while they load. */
export function nameOfFiles(files: readonly FileIn[]): string {
  const first = files[0];
  const path = first instanceof File ? first.name : (first?.path ?? '');
  return files.length === 1 ? path : `${files.length} files`;
}
