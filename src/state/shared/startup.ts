/** What the page knows about its own start, handed to the screens beside the api. */
import type { LoadProgress } from '../../api/model.ts';
import type { IsolationStatus } from '../../api/storage.ts';

/** The page's address, handed in so that nothing here knows of a browser. */
export interface Address {
  /** The part from '#' on, and what was kept beside it. */
  read: () => { hash: string; kept: unknown };
  write: (hash: string, kept: unknown, how: 'replace' | 'push') => void;
  /** Called when the person goes back, forth, or to another hash. */
  onMove: (listener: () => void) => void;
}

/** Whether the page is cross-origin isolated, which threads need, and what can be done about it. */
export interface Isolation {
  /** The same object until something changes. */
  status: () => IsolationStatus;
  /** Returns how to stop. */
  subscribe: (listener: () => void) => () => void;
  /** Switches the service worker's part in it; reloads this tab. */
  set: (on: boolean) => Promise<void>;
  reload: () => void;
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
