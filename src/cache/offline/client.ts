/**
 * The page's side of working offline: registers the service worker when the page has nothing better to do, has it
 * fetch what is missing file by file, and says how far it is and whether a new build waits. Without service workers
 * (old browsers, some private windows, plain http) the page works while it is connected, and `supported` is false.
 */
import type { OfflineStatus } from '../../api/storage.ts';
import { cachePrefix, type DeviceKind, type InstallFailed, type KeepFailure, type Kept, type TakeOver } from './manifest.ts';
import { activeOf, ask, leaves } from './workerCalls.ts';

export interface OfflineNeeds {
  /** The folder of index.html, ending in a slash. */
  scope: string;
  /** Which runtime this page uses; settles when the model answers. */
  device: Promise<DeviceKind>;
  /** Milliseconds since a person or a script last asked the page for anything. */
  quietFor: () => number;
  /** Whether the person deleted the files kept; then they are fetched again only on request. */
  wanted: { get: () => boolean; set: (wanted: boolean) => void };
  environment?: OfflineEnvironment;
}

export interface OfflineEnvironment {
  container?: ServiceWorkerContainer | undefined;
  caches?: CacheStorage | undefined;
  /** Address of the script that the page began with. */
  entry: string;
  saveData: boolean;
  reload: () => void;
}

export interface Offline {
  status: () => OfflineStatus;
  subscribe: (listener: () => void) => () => void;
  start: () => void;
  /** Fetches what is missing now. @throws Error with a sentence */
  keep: () => Promise<void>;
  /** Starts the new build; every tab of the page is reloaded. */
  update: () => void;
  /** Bytes of everything kept, of builds before this one too. */
  bytes: () => Promise<number>;
  /** Deletes the files and does not fetch them again by itself. */
  remove: () => Promise<void>;
}

/** Nobody asked for anything in this time: then fetching disturbs nobody. */
export const QUIET_MS = 5000;
const ASK_AGAIN_MS = 500;
/** What is asked so that a new build takes over is asked again after this time. */
export const TAKE_OVER_MS = 6000;
/** A page left open looks for a new build when it is looked at again after this time. */
const STALE_MS = 60 * 60 * 1000;

const PROBLEMS: Record<KeepFailure, string> = {
  full: 'There is no room left to save this page for offline use. It works while you are connected; deleting something in Storage makes room.',
  changed: 'The server holds another version of this page, so this one could not be saved for offline use. Reload the page.',
  network:
    'This page is not yet saved for offline use, because the server could not be reached. It is tried again when you are back online.',
};
const UNSUPPORTED = 'This browser cannot save the page for offline use here (a private window, an old browser, or a page without https).';

export function createOffline({ scope, device, quietFor, wanted, environment = browserEnvironment() }: OfflineNeeds): Offline {
  const { container, caches, entry, saveData } = environment;
  const listeners = new Set<() => void>();
  let status: OfflineStatus = { ...NOWHERE, supported: container !== undefined };
  let registration: ServiceWorkerRegistration | undefined;
  /** The new build: a worker may say that it is installed before its registration calls it waiting. */
  let next: ServiceWorker | undefined;
  let filling: Promise<void> | undefined;
  let hurry = false;
  let removed = false;
  let checked = Date.now();
  let leaving = false;

  /** Once: a second reload while the first waits for the new build to begin can crash the tab (Chromium). */
  const reload = () => {
    if (leaving) return;
    leaving = true;
    environment.reload();
  };

  const change = (patch: Partial<OfflineStatus>, problem?: string | null) => {
    const { problem: before, ...rest } = status;
    const now = problem === undefined ? before : (problem ?? undefined);
    status = { ...rest, ...patch, ...(now !== undefined && { problem: now }) };
    listeners.forEach((listener) => listener());
  };
  const show = ({ cached, total, ready, failed }: Kept) =>
    change({ cachedBytes: cached, totalBytes: total, ready }, failed ? PROBLEMS[failed] : null);

  const watch = (found: ServiceWorkerRegistration) => {
    registration = found;
    const follow = (worker: ServiceWorker | null) => {
      const offer = () => {
        // Taken over by another build, a page must not go on with half of each; also one that no build controls.
        if (worker?.state === 'activated' && worker === next) return reload();
        if (worker?.state !== 'installed' || found.active === null) return;
        next = worker;
        change({ update: true });
      };
      offer();
      worker?.addEventListener('statechange', offer);
    };
    follow(found.waiting);
    follow(found.installing);
    found.addEventListener('updatefound', () => follow(found.installing));
  };

  /** A page that starts while a new build waits, with no other tab open, has nothing to lose by starting as that. */
  const startFresh = async () => {
    const { waiting } = registration ?? {};
    if (waiting) await ask<TakeOver>(waiting, { type: 'takeOver', force: false });
  };

  /**
   * Asks until the new build begins, in a moment when no page asks for a file: a request just then starts the build before
   * once more, and Chromium waits until that one has been idle for 30 s. A reload meanwhile can leave the tab without an
   * answer, so the page goes on. The question itself may be lost with a worker that is just being started.
   */
  const takeOver = async (worker: ServiceWorker) => {
    change({ starting: true });
    while (worker.state === 'installed') {
      if (registration?.active) await ask<boolean>(registration.active, { type: 'rest' }, TAKE_OVER_MS);
      await ask<TakeOver>(worker, { type: 'takeOver', force: true }, TAKE_OVER_MS);
      await leaves(worker, 'installed', TAKE_OVER_MS);
    }
    // Taking over reloads every controlled tab; this one may be none (a forced reload), or the build has gone again.
    if (worker.state === 'redundant' || !container?.controller) reload();
  };

  const register = async (): Promise<ServiceWorker | undefined> => {
    if (!container) return undefined;
    if (!registration) watch(await container.register(new URL('sw.js', scope), { scope, updateViaCache: 'none' }));
    const active = registration && (await activeOf(registration));
    if (active && !container.controller) await ask<boolean>(active, { type: 'claim', entry });
    return active;
  };

  const quiet = async () => {
    while (!hurry && quietFor() < QUIET_MS) await pause(ASK_AGAIN_MS);
  };

  const fill = async () => {
    const kind = await device;
    await quiet();
    const worker = await register();
    for (;;) {
      if (!worker || removed) return;
      const kept = await ask<Kept>(worker, { type: 'keep', device: kind });
      if (!kept || removed) return;
      show(kept);
      if (kept.ready || kept.failed) return;
      await quiet();
    }
  };
  const fillOnce = () => {
    filling ??= (async () => {
      removed = false;
      change({ saving: !status.ready });
      try {
        await fill();
      } catch {
        // A browser that refuses to register says so in its own words; ours are for people.
        if (status.problem === undefined) change({ supported: registration !== undefined });
      } finally {
        filling = undefined;
        hurry = false;
        change({ saving: false });
      }
    })();
    return filling;
  };

  const begin = async () => {
    if (!container) return;
    // Taken over by another build, a page must not go on with half of each.
    let controlled = container.controller !== null;
    container.addEventListener('controllerchange', () => {
      if (controlled) reload();
      controlled = true;
    });
    container.addEventListener('message', (event: MessageEvent<Partial<InstallFailed> | null>) => {
      const { type, failed } = event.data ?? {};
      if (type === 'installFailed' && failed && failed in PROBLEMS && !registration?.active) change({}, PROBLEMS[failed]);
    });
    const found = await container.getRegistration(scope);
    if (found) {
      watch(found);
      await startFresh();
      const kept = found.active && (await ask<Kept>(found.active, { type: 'kept', device: await device }));
      if (kept) show(kept);
    }
    // Without a model there may be no network either; with one, what is missing can wait until the page is quiet.
    await device;
    if (wanted.get() && !saveData) await fillOnce();
  };

  const updateWhenStale = () => {
    if (document.visibilityState !== 'visible' || Date.now() - checked < STALE_MS) return;
    checked = Date.now();
    void registration?.update().catch(() => undefined);
  };

  return {
    status: () => status,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      begin().catch(() => change({ supported: false }));
      document.addEventListener('visibilitychange', updateWhenStale);
      addEventListener('online', () => {
        if (status.problem === PROBLEMS.network && wanted.get()) void fillOnce();
      });
    },
    async keep() {
      wanted.set(true);
      hurry = true;
      await fillOnce();
      if (!status.ready) throw new Error(status.problem ?? UNSUPPORTED);
    },
    update() {
      const waiting = registration?.waiting ?? (next?.state === 'installed' ? next : undefined);
      if (!waiting) reload();
      else if (!status.starting) void takeOver(waiting);
    },
    async bytes() {
      const sizes = (await cachesOf(caches, scope)).map(bytesOf);
      return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
    },
    async remove() {
      wanted.set(false);
      removed = true;
      await registration?.unregister();
      registration = undefined;
      const names = (await caches?.keys())?.filter((name) => name.startsWith(cachePrefix(scope))) ?? [];
      await Promise.all(names.map((name) => caches!.delete(name)));
      change({ ready: false, cachedBytes: 0, totalBytes: 0, update: false, starting: false }, null);
    },
  };
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
const NOWHERE: OfflineStatus = {
  supported: false,
  ready: false,
  saving: false,
  cachedBytes: 0,
  totalBytes: 0,
  update: false,
  starting: false,
};

function browserEnvironment(): OfflineEnvironment {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return {
    container: 'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
    caches: 'caches' in globalThis ? globalThis.caches : undefined,
    entry: document.querySelector<HTMLScriptElement>('script[type=module][src]')?.src ?? '',
    saveData: connection?.saveData === true,
    reload: () => location.reload(),
  };
}

async function cachesOf(caches: CacheStorage | undefined, scope: string): Promise<Cache[]> {
  const names = (await caches?.keys())?.filter((name) => name.startsWith(cachePrefix(scope))) ?? [];
  return Promise.all(names.map((name) => caches!.open(name)));
}

async function bytesOf(cache: Cache): Promise<number> {
  const kept = await cache.matchAll();
  return kept.reduce((bytes, { headers }) => bytes + Number(headers.get('content-length') ?? 0), 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
