/** The part of the state that is about the library and what covers the page. */
import type { FileIn, LoadProgress } from '../../api/model.ts';
import type { FoundDictionary, PublishedSource } from '../../api/dictionaries.ts';
import type { Report } from './reports.ts';

/** A published dictionary that is to be fetched. */
export interface ToFetch {
  source: PublishedSource;
  /** For a person. */
  name: string;
  /** Which of several in one file, as `PublishedPlan.found` counts; absent: all. */
  pick?: number[];
}

export type ImportTask =
  | { status: 'idle' }
  /** Several dictionaries were found: which are meant? */
  | { status: 'choosing'; files: FileIn[]; found: readonly FoundDictionary[] }
  /** `name`: of what is fetched; absent for files. */
  | { status: 'running'; progress: LoadProgress | null; name?: string }
  /** `opened`: their labels. `first`: id of the one that is looked at. */
  | { status: 'done'; opened: readonly string[]; first: string; warnings: readonly string[] }
  /** `again`: what another try goes on with. */
  | { status: 'failed'; message: string; again?: ToFetch };

/** What covers the page. */
export type OpenDialog =
  /** `published`: with the catalogue, and what is looked up in it. */
  | { kind: 'library'; published?: 'all' | Pick<ToFetch, 'source' | 'name'> }
  | { kind: 'storage' }
  | { kind: 'card'; id: string }
  /** Models of the hub; `id`: the one to look up first. */
  | { kind: 'hub'; id?: string }
  | null;

export interface LibraryFacts {
  importTask: ImportTask;
  /** What was measured, by dictionary. */
  reports: Readonly<Record<string, Report>>;
  dialog: OpenDialog;
}

export const initialLibraryFacts: LibraryFacts = { importTask: { status: 'idle' }, reports: {}, dialog: null };
