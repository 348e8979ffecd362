/** The slice of the library: its facts beside those that all slices share, and what a person can do there. */
import type { BaselineOptions } from '../../api/features.ts';
import type { FileIn, LoadProgress } from '../../api/model.ts';
import type { Evaluation, FoundDictionary, PublishedPlan, PublishedRelease, PublishedSource } from '../../api/dictionaries.ts';
import type { StorageUse } from '../../api/storage.ts';
import type { SharedActions, SharedFacts } from '../shared/state.ts';

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

/** Other directions of a hook, being made into a dictionary. */
export type DirectionsTask =
  | { status: 'idle' }
  /** `total` is 0 where it is not known. */
  | { status: 'running'; done: number; total: number; message: string }
  | { status: 'done'; words: string; id: string }
  | { status: 'failed'; message: string };

/** What was measured of a dictionary here, beside what is claimed of it. */
export interface Report {
  status: 'running' | 'done' | 'failed';
  /** Tokens measured, and to measure; 0 of 0 before it is known. */
  done: number;
  total: number;
  /** The last good ones. */
  figures: Evaluation | null;
  /** Where claims and figures disagree, as sentences. */
  doubts: readonly string[];
  /** Whether its files or its publisher claim any of these figures. */
  claimed: boolean;
  /** Why it failed. */
  message: string;
}

export interface LibraryFacts {
  importTask: ImportTask;
  directionsTask: DirectionsTask;
  /** What was measured, by dictionary. */
  reports: Readonly<Record<string, Report>>;
}

export const initialLibraryFacts: LibraryFacts = {
  importTask: { status: 'idle' },
  directionsTask: { status: 'idle' },
  reports: {},
};

export interface ImportActions {
  /** Opens dictionaries; asks which when there are several. */
  importDictionaries: (files: FileIn[]) => Promise<void>;
  /** Answers the question which of several are meant. */
  importPicked: (positions: readonly number[]) => Promise<void>;
  cancelImport: () => void;
  /** Dictionaries that others have published. */
  publishedReleases: () => Promise<readonly PublishedRelease[]>;
  /** What is to be had there, before any weights are fetched. */
  planPublished: (source: PublishedSource, signal: AbortSignal) => Promise<PublishedPlan>;
  /** Fetches one and opens it; one that was stopped or cut goes on where it was. */
  fetchPublished: (wanted: ToFetch) => Promise<void>;
}

export interface DirectionsActions {
  /** Makes neurons, random directions, PCA or ICA of a hook of the open model into a dictionary of the library. */
  makeDirections: (options: BaselineOptions) => Promise<void>;
  cancelDirections: () => void;
  /** Texts that they can be made on. */
  textNames: () => Promise<string[]>;
}

export interface StorageActions {
  /** Forgets an imported dictionary; the notice brings it back. */
  removeDictionary: (id: string) => Promise<void>;
  storageUse: () => Promise<StorageUse>;
  persistStorage: () => Promise<boolean>;
  /** Deletes one item; what goes wrong is said in the notice. */
  removeStored: (item: StorageUse['items'][number]) => Promise<void>;
  /** Called when what is kept changed. @returns how to stop */
  watchStorage: (listener: () => void) => () => void;
}

export interface LibraryActions extends ImportActions, DirectionsActions, StorageActions {
  /** Measures a dictionary on the text that ships with the page. */
  measure: (id: string, tokens: number) => Promise<void>;
  /** What was measured before stays. */
  stopMeasuring: (id: string) => void;
}

/** All that the slice sees. */
export type LibraryState = SharedFacts & LibraryFacts & { actions: SharedActions & LibraryActions };
