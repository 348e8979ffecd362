/** The files of a build, as scripts/offline.mjs writes them into the service worker, and what it and the page say to each other. */

/**
 * `core` is fetched at once, `data` in the background; of the two runtimes only the one the device uses. `choice` is one of
 * many (dictionaries, corpora): kept once it was opened, all of them on request.
 */
export type FileGroup = 'core' | 'data' | 'choice' | 'wasm' | 'webgpu';

export interface BuildFile {
  /** From the folder of index.html. */
  path: string;
  /** SHA-256, hex. */
  hash: string;
  bytes: number;
  group: FileGroup;
}

export type DeviceKind = 'wasm' | 'webgpu';

/** What a page wants kept. */
export interface Wanted {
  device: DeviceKind;
  /** Every file of the group `choice`. */
  everything: boolean;
  /** Addresses of files that the page had opened before a service worker saw what it asks for. */
  opened: readonly string[];
}

/** From a page to the service worker; each is answered on its port. */
export type Ask =
  /** How much is kept. Answer: `Kept`. */
  | ({ type: 'kept' } & Wanted)
  /** Fetch one more file. Answer: `Kept`. */
  | ({ type: 'keep' } & Wanted)
  /** A page of this build that no service worker serves yet wants to be served. Answer: whether it now is. */
  | { type: 'claim'; entry: string }
  /** Answered (true) once no page has asked for a file for a moment, or after a few seconds. */
  | { type: 'rest' }
  /** To one that waits: take over if this is the only tab, or in any case. Answer: `TakeOver`. */
  | { type: 'takeOver'; force: boolean };

export interface Kept {
  /** Bytes that are kept, and of all that is wanted. */
  cached: number;
  total: number;
  ready: boolean;
  /** Bytes of everything that this page could want on this device, and what of it is not kept yet. */
  most: number;
  missing: number;
  /** Why the last file was not kept. */
  failed?: KeepFailure;
}

/** `full`: no room. `changed`: the server holds another build. `network`: it cannot be reached. */
export type KeepFailure = 'full' | 'changed' | 'network';

export interface TakeOver {
  done: boolean;
  /** Windows that show the page. */
  tabs: number;
}

/** From an installing service worker to every page. */
export interface InstallFailed {
  type: 'installFailed';
  failed: KeepFailure;
}

/** Names of the caches of the page in this folder begin so; an origin may hold several. */
export function cachePrefix(scope: string): string {
  return `featurescope ${new URL(scope).pathname} `;
}
