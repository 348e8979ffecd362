/**
 * Small settings kept between visits, in localStorage under one versioned key; the only place that says
 * localStorage. Everything read is checked; names this build does not know are left as they are, so that two tabs of
 * different builds do not undo each other. Without storage the settings last as long as the page.
 */
import type { SettingName, Settings } from '../api/storage.ts';

type Checks = { [K in SettingName]: (value: unknown) => value is Settings[K] };

const MAX_TEXT = 300;
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function isGeneration(value: unknown): value is Settings['generation'] {
  if (!isRecord(value) || typeof value.withEdits !== 'boolean') return false;
  if (value.withControls !== undefined && typeof value.withControls !== 'boolean') return false;
  const whole = (x: unknown, least: number, most: number) => Number.isInteger(x) && (x as number) >= least && (x as number) <= most;
  const { tokens, temperature, topK, seed } = value;
  const warm = typeof temperature === 'number' && temperature >= 0 && temperature <= 10;
  return warm && whole(tokens, 1, 4096) && whole(topK, 0, 1e9) && whole(seed, 0, Number.MAX_SAFE_INTEGER);
}

const CHECKS: Checks = {
  theme: (value) => value === 'auto' || value === 'light' || value === 'dark',
  model: isText,
  hub: isText,
  offer: (value) => typeof value === 'boolean',
  dictionary: isText,
  ranking: isText,
  offline: (value) => typeof value === 'boolean',
  offlineEverything: (value) => typeof value === 'boolean',
  welcome: (value) => typeof value === 'boolean',
  isolation: (value) => typeof value === 'boolean',
  colourBy: isText,
  generation: isGeneration,
  dictionaries: (value): value is Record<string, string> => isRecord(value) && Object.values(value).every(isText),
};

export interface SettingsStore {
  /** undefined: never set, or not what this build understands. */
  get: <K extends SettingName>(name: K) => Settings[K] | undefined;
  /** undefined forgets it. Never throws: what cannot be kept holds until the page is closed. */
  set: <K extends SettingName>(name: K, value: Settings[K] | undefined) => void;
  /** Forgets all of them. */
  clear(): void;
  /** Called when a setting was changed here or in another tab. @returns how to stop */
  subscribe: (listener: () => void) => () => void;
  /** What is kept takes. */
  bytes(): number;
  /** Why settings do not outlast the page, as a sentence; null while they do. */
  problem(): string | null;
}

const KEY = 'featurescope.settings.v1';

/** More than this was not written by us. */
const MAX_LENGTH = 100_000;

export function createSettings(area: () => Storage = () => localStorage): SettingsStore {
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  let problem: string | null = null;
  let values = read(area);

  const keep = () => {
    try {
      if (values.size === 0) area().removeItem(KEY);
      else area().setItem(KEY, textOf(values));
      problem = null;
    } catch {
      problem = 'The browser keeps no settings for this page (a private window, or no room left), so they last until it is closed.';
    }
    tell();
  };

  globalThis.addEventListener?.('storage', (event: Event) => {
    const { key } = event as StorageEvent;
    // null: everything was cleared.
    if (key !== KEY && key !== null) return;
    values = read(area);
    tell();
  });

  return {
    get(name) {
      const value = values.get(name);
      return CHECKS[name](value) ? value : undefined;
    },
    set(name, value) {
      // Another tab may have written meanwhile; only this name is ours to change.
      if (problem === null) values = read(area);
      if (value === undefined) values.delete(name);
      else if (CHECKS[name](value)) values.set(name, value);
      else return;
      keep();
    },
    clear() {
      values = new Map();
      keep();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    bytes: () => (values.size === 0 ? 0 : textOf(values).length),
    problem: () => problem,
  };
}

function textOf(values: ReadonlyMap<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(values));
}

function read(area: () => Storage): Map<string, unknown> {
  try {
    const text = area().getItem(KEY);
    if (text === null || text.length > MAX_LENGTH) return new Map();
    const value: unknown = JSON.parse(text);
    return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
