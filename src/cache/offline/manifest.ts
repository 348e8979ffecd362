/** The files of a build, as scripts/offline.mjs writes them into the service worker, and what it and the page say to each other. */

/** `core` is fetched at once, `data` in the background; of the two runtimes only the one the device uses. */
export type FileGroup = 'core' | 'data' | 'wasm' | 'webgpu';

export interface BuildFile {
  /** From the folder of index.html. */
  path: string;
  /** SHA-256, hex. */
  hash: string;
  bytes: number;
  group: FileGroup;
}

export type DeviceKind = 'wasm' | 'webgpu';

/** From a page to the service worker; each is answered on its port. */
export type Ask =
  /** How much is kept. Answer: `Kept`. */
  | { type: 'kept'; device: DeviceKind }
  /** Fetch one more file. Answer: `Kept`. */
  | { type: 'keep'; device: DeviceKind }
  /** A page of this build that no service worker serves yet wants to be served. Answer: whether it now is. */
  | { type: 'claim'; entry: string }
  /** Answered (true) once no page has asked for a file for a moment, or after a few seconds. */
  | { type: 'rest' }
  /** To one that waits: take over if this is the only tab, or in any case. Answer: `TakeOver`. */
  | { type: 'takeOver'; force: boolean };

export interface Kept {
  /** Bytes that are kept, and of everything a page on this device needs. */
  cached: number;
  total: number;
  ready: boolean;
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
