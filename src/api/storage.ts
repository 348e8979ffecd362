/** What outlasts a visit: settings, everything else that is kept, and the page itself. */

/** A setting has a check here and a type there; adding one is a line in each. */
export interface Settings {
  theme: 'auto' | 'light' | 'dark';
  /** Id of the model opened last that ships with the page or is of the hub. */
  model: string;
  /** Address of the mirror or own host that stands for the hub. */
  hub: string;
  /** false: the person does not want to be offered a larger model again. */
  offer: boolean;
  /** Id of the dictionary used last. */
  dictionary: string;
  ranking: string;
  /** false: the person deleted the files kept for offline use. */
  offline: boolean;
  /** true: every dictionary and corpus is kept for offline use, and not only those opened. */
  offlineEverything: boolean;
  /** false: the line of a first visit was answered. */
  welcome: boolean;
  /** false: the person does not want the service worker to isolate the page. */
  isolation: boolean;
  colourBy: string;
  generation: { tokens: number; temperature: number; topK: number; seed: number; withEdits: boolean; withControls?: boolean };
  /** Id of the dictionary used last, by id of the model. */
  dictionaries: Record<string, string>;
}

export type SettingName = keyof Settings;

export interface OfflineStatus {
  supported: boolean;
  /** All that is wanted is kept: the page, its model, and the dictionaries and corpora opened, or everything. */
  ready: boolean;
  /** Files are being fetched, or will be as soon as the page is quiet. */
  saving: boolean;
  cachedBytes: number;
  /** 0 while unknown. */
  totalBytes: number;
  /** Of everything that could be kept, every dictionary and corpus too, and what of it is not; 0 while unknown. */
  everythingBytes: number;
  missingBytes: number;
  /** A new build is there and starts with `update()`. */
  update: boolean;
  /** It was asked to start, and will as soon as the browser lets it: mostly at once, seldom in half a minute. */
  starting: boolean;
  /** What could not be kept and why, as a sentence. */
  problem?: string;
}

/** Cross-origin isolation, which threads need. */
export interface IsolationStatus {
  /**
   * `ready`: the next load has it. `waiting`: there is no service worker yet. `off`: the person does not want it. `refused`: the
   * headers are there and the browser does not obey, or the server forbids it. `unsupported`: no service worker here.
   */
  state: 'isolated' | 'ready' | 'waiting' | 'off' | 'refused' | 'unsupported';
  /** The service worker's doing and not the server's: it can be switched. */
  switchable: boolean;
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

export type StoredKind = 'dictionary' | 'download' | 'model' | 'run' | 'corpus' | 'index' | 'labels' | 'offline' | 'settings';

export interface StorageUse {
  /** Bytes of everything this site keeps, as the browser estimates; null when it does not say. */
  used: number | null;
  quota: number | null;
  /** Whether the browser promised not to evict it; null when it does not say. */
  persisted: boolean | null;
  /** Whether anything can be kept at all. */
  available: boolean;
  /** What cannot be kept and why, in sentences. */
  problem?: string;
  items: { kind: StoredKind; id: string; label: string; bytes: number }[];
}

/** Small choices kept between visits. */
export interface SettingsApi {
  /** undefined: never set. */
  get<K extends SettingName>(name: K): Settings[K] | undefined;
  /** undefined forgets it. */
  set<K extends SettingName>(name: K, value: Settings[K] | undefined): void;
  /** Called when a setting was changed, here or in another tab. @returns how to stop */
  subscribe: (listener: () => void) => () => void;
}

/** What this browser keeps of the page. */
export interface StorageApi {
  usage(): Promise<StorageUse>;
  /** Asks the browser to keep what is stored even when room gets scarce. @returns whether it will */
  persist(): Promise<boolean>;
  /** Deletes one item of `usage().items`. */
  remove(kind: StoredKind, id: string): Promise<void>;
}

/** The page kept by this browser, so that it opens without a network. */
export interface OfflineApi {
  /** The same object until something changes. */
  status: () => OfflineStatus;
  /** Called when the status changed. @returns how to stop */
  subscribe: (listener: () => void) => () => void;
  /** Fetches what is missing now instead of when the page is quiet. @throws Error with a sentence */
  keep: (o?: { everything?: boolean }) => Promise<void>;
  /** Starts the new build that waits; reloads every tab of the page. */
  update: () => void;
}
