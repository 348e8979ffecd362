/** What a person looks up among published dictionaries. */
import type { PublishedSource } from '../../../api/dictionaries.ts';

/** A place that is looked up, and what it is called. */
export interface LookedUp {
  source: PublishedSource;
  name: string;
}

/** Beside what its answer shows: id of a release, or ADDRESS. */
export type Wanted = LookedUp & { at: string };

/** Where the answer to an address that was typed is shown. */
export const ADDRESS = 'address';
