/** What the page knows about its own start, handed to the screens beside the api. */
import type { LoadProgress } from '../../api/model.ts';
import type { Isolation } from '../../api/storage.ts';

/** The page's address, handed in so that nothing here knows of a browser. */
export interface Address {
  /** The part from '#' on, and what was kept beside it. */
  read: () => { hash: string; kept: unknown };
  write: (hash: string, kept: unknown, how: 'replace' | 'push') => void;
  /** Called when the person goes back, forth, or to another hash. */
  onMove: (listener: () => void) => void;
}

export interface Startup {
  /** The model being opened: named by the address bar, else the default. */
  modelId: string;
  /** Calls the listener on each step; returns how to stop. */
  subscribe: (listener: (progress: LoadProgress) => void) => () => void;
  cancel: () => void;
  isolation: Isolation;
  /** A text file that comes with the page, by its path in it. */
  readText?: (path: string) => Promise<string>;
  /** The page's address; absent where there is none. */
  address?: Address;
}
