/** Files as the scripting interface takes them. */
import { UsageError } from '../core/errors.ts';
import type { FileIn } from '../api/model.ts';

/**
 * Files with the path they had in the dropped folder; a bare File has only its name.
 * @throws UsageError when something in the list is no file
 */
export function toFiles(files: FileIn[]): { path: string; data: Blob }[] {
  if (!Array.isArray(files)) throw new UsageError('models.load takes the id of a model or a list of files.');
  return files.map((file, i) => {
    if (file instanceof File) return { path: file.webkitRelativePath || file.name, data: file };
    const { path, data } = (file ?? {}) as Partial<Exclude<FileIn, File>>;
    const blob = data instanceof Uint8Array ? new Blob([data as Uint8Array<ArrayBuffer>]) : data;
    if (typeof path !== 'string' || !(blob instanceof Blob)) {
      throw new UsageError(`Item ${i} of the list is neither a File nor { path, data } with a Blob or Uint8Array.`);
    }
    return { path, data: blob };
  });
}
