/** Working offline as the page sees it, and where it cannot be had. */
import type { OfflineStatus } from '../../api/storage.ts';
import { UNSUPPORTED } from './problems.ts';

export interface Offline {
  status: () => OfflineStatus;
  subscribe: (listener: () => void) => () => void;
  start: () => void;
  /** Fetches what is missing now; `everything`: also dictionaries and corpora that were not opened. @throws Error with a sentence */
  keep: (o?: { everything?: boolean }) => Promise<void>;
  /** Starts the new build; every tab of the page is reloaded. */
  update: () => void;
  /** Bytes of everything kept, of builds before this one too. */
  bytes: () => Promise<number>;
  /** Deletes the files and does not fetch them again by itself. */
  remove: () => Promise<void>;
}

/** Where nothing is kept: the development server, Node. */
export const offlineNowhere: Offline = {
  status: () => NOWHERE,
  subscribe: () => () => undefined,
  start: () => undefined,
  keep: () => Promise.reject(new Error(UNSUPPORTED)),
  update: () => undefined,
  bytes: () => Promise.resolve(0),
  remove: () => Promise.resolve(),
};
export const NOTHING = { cachedBytes: 0, totalBytes: 0, everythingBytes: 0, missingBytes: 0 };
export const NOWHERE: OfflineStatus = {
  supported: false,
  ready: false,
  saving: false,
  ...NOTHING,
  update: false,
  starting: false,
};
