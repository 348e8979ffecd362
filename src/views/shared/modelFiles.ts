/** Files as the browser gives them, turned into what the api opens: files with the path they had. */
import type { FileIn } from '../../api/model.ts';

type Named = { path: string; data: File };

export function fromFileList(list: FileList | null): FileIn[] {
  return [...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, data: file }));
}

/** Everything dropped, folders walked to the end. Must be called while the drop event is being handled. */
export async function fromDrop(transfer: DataTransfer): Promise<FileIn[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ path: file.name, data: file }));
  const found = await Promise.all(entries.map((entry) => walk(entry, '')));
  return found.flat();
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

/** What to call files while they load: their folder, or the one file, or how many. */
export function nameOfFiles(files: readonly FileIn[]): string {
  const paths = files.map((f) => (f instanceof File ? f.name : f.path));
  const folder = paths[0]?.includes('/') ? paths[0].slice(0, paths[0].indexOf('/')) : '';
  if (folder !== '' && paths.every((path) => path.startsWith(`${folder}/`))) return folder;
  return paths.length === 1 ? paths[0] : `${paths.length} files`;
}
