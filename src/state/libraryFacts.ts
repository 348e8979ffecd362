/** The part of the state that is about the library and what covers the page. */
import type { FileIn } from '../app/api.ts';
import type { FoundDictionary, LoadProgress } from '../core/lm/types.ts';

export type ImportTask =
  | { status: 'idle' }
  /** Several dictionaries were found: which are meant? */
  | { status: 'choosing'; files: FileIn[]; found: readonly FoundDictionary[] }
  | { status: 'running'; progress: LoadProgress | null }
  | { status: 'done'; opened: readonly string[]; warnings: readonly string[] }
  | { status: 'failed'; message: string };

/** What covers the page. */
export type OpenDialog =
  | { kind: 'library' }
  | { kind: 'storage' }
  | { kind: 'card'; id: string }
  /** Models of the hub; `id`: the one to look up first. */
  | { kind: 'hub'; id?: string }
  | null;

export interface LibraryFacts {
  importTask: ImportTask;
  dialog: OpenDialog;
}

export const initialLibraryFacts: LibraryFacts = { importTask: { status: 'idle' }, dialog: null };
