/**
 * The page's side of working offline: registers the service worker when the page has nothing better to do, has it
 * fetch what is missing file by file, and says how far it is and whether a new build waits. Without service workers
 * (old browsers, some private windows, plain http) the page works while it is connected, and `supported` is false.
 */
import type { OfflineStatus } from '../../api/storage.ts';
import { cachePrefix, type DeviceKind, type InstallFailed, type Kept, type TakeOver, type Wanted } from './manifest.ts';
import { PROBLEMS, UNSUPPORTED } from './problems.ts';
import { activeOf, ask, leaves } from './workerCalls.ts';
import { type OfflineEnvironment, browserEnvironment, cachesOf, bytesOf } from './environment.ts';

interface OfflineNeeds {
  /** The folder of index.html, ending in a slash. */
  scope: string;
  /** Which runtime this page uses; settles when the model answers. */
  device: Promise<DeviceKind>;
  /** Milliseconds since a person or a script last asked the page for anything. */
  quietFor: () => number;
  /** Whether the person deleted the files kept; then they are fetched again only on request. */
  wanted: { get: () => boolean; set: (wanted: boolean) => void };
  /** Whether every dictionary and corpus is to be kept, and not only those opened. */
  everything: { get: () => boolean; set: (everything: boolean) => void };
  /** Addresses of files that this page has opened so far. */
  opened: () => Promise<readonly string[]>;
  environment?: OfflineEnvironment;
}

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

/** Nobody asked for anything in this time: then fetching disturbs nobody. */
const QUIET_MS = 5000;
const ASK_AGAIN_MS = 500;
/** What is asked so that a new build takes over is asked again after this time. */
export const TAKE_OVER_MS = 6000;
/** What a worker that failed said may arrive this much later than that it is gone. */
const REASON_MS = 2000;
const REASON_STEP_MS = 50;
/** A page left open looks for a new build when it is looked at again after this time. */
const STALE_MS = 60 * 60 * 1000;

export function createOffline(need: OfflineNeeds): Offline {
  const self = new OfflinePage(need);
  return {
    status: () => self.status(),
    subscribe: (listener) => self.subscribe(listener),
    start: () => self.start(),
    keep: (o) => self.keep(o),
    update: () => self.update(),
    bytes: () => self.bytes(),
    remove: () => self.remove(),
  };
}

class OfflinePage {
  readonly #scope: OfflineNeeds['scope'];
  readonly #device: OfflineNeeds['device'];
  readonly #quietFor: OfflineNeeds['quietFor'];
  readonly #wanted: OfflineNeeds['wanted'];
  readonly #everything: OfflineNeeds['everything'];
  readonly #opened: OfflineNeeds['opened'];
  readonly #environment: OfflineEnvironment;
  readonly #container: OfflineEnvironment['container'];
  readonly #listeners = new Set<() => void>();
  #status: OfflineStatus;
  #registration: ServiceWorkerRegistration | undefined;
  /** The new build: a worker may say that it is installed before its registration calls it waiting. */
  #next: ServiceWorker | undefined;
  #filling: Promise<void> | undefined;
  #hurry = false;
  #removed = false;
  #checked = Date.now();
  #leaving = false;

  constructor(need: OfflineNeeds) {
    const { scope, device, quietFor, wanted, everything, opened, environment = browserEnvironment() } = need;
    this.#scope = scope;
    this.#device = device;
    this.#quietFor = quietFor;
    this.#wanted = wanted;
    this.#everything = everything;
    this.#opened = opened;
    this.#environment = environment;
    this.#container = environment.container;
    this.#status = { ...NOWHERE, supported: environment.container !== undefined };
  }

  /** Once: a second reload while the first waits for the new build to begin can crash the tab (Chromium). */
  #reload() {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#environment.reload();
  }

  #change(patch: Partial<OfflineStatus>, problem?: string | null) {
    const { problem: before, ...rest } = this.#status;
    const now = problem === undefined ? before : (problem ?? undefined);
    this.#status = { ...rest, ...patch, ...(now !== undefined && { problem: now }) };
    this.#listeners.forEach((listener) => listener());
  }

  #show({ cached, total, ready, most, missing, failed }: Kept) {
    const figures = { cachedBytes: cached, totalBytes: total, ready, everythingBytes: most, missingBytes: missing };
    return this.#change(figures, failed ? PROBLEMS[failed] : null);
  }

  async #want(): Promise<Wanted> {
    return { device: await this.#device, everything: this.#everything.get(), opened: await this.#opened().catch(() => []) };
  }

  #watch(found: ServiceWorkerRegistration) {
    this.#registration = found;
    const follow = (worker: ServiceWorker | null) => {
      const offer = () => {
        // Taken over by another build, a page must not go on with half of each; also one that no build controls.
        if (worker?.state === 'activated' && worker === this.#next) return this.#reload();
        if (worker?.state !== 'installed' || found.active === null) return;
        this.#next = worker;
        this.#change({ update: true });
      };
      offer();
      worker?.addEventListener('statechange', offer);
    };
    follow(found.waiting);
    follow(found.installing);
    // A busy page hears of a new build when that may have been installed already.
    found.addEventListener('updatefound', () => follow(found.installing ?? found.waiting));
  }

  /** A page that starts while a new build waits, with no other tab open, has nothing to lose by starting as that. */
  async #startFresh() {
    const { waiting } = this.#registration ?? {};
    if (waiting) await ask<TakeOver>(waiting, { type: 'takeOver', force: false });
  }

  /**
   * Asks until the new build begins, in a moment when no page asks for a file: a request just then starts the build before
   * once more, and Chromium waits until that one has been idle for 30 s. A reload meanwhile can leave the tab without an
   * answer, so the page goes on. The question itself may be lost with a worker that is just being started.
   */
  async #takeOver(worker: ServiceWorker) {
    this.#change({ starting: true });
    while (worker.state === 'installed') {
      if (this.#registration?.active) await ask<boolean>(this.#registration.active, { type: 'rest' }, TAKE_OVER_MS);
      await ask<TakeOver>(worker, { type: 'takeOver', force: true }, TAKE_OVER_MS);
      await leaves(worker, 'installed', TAKE_OVER_MS);
    }
    // Taking over reloads every controlled tab; this one may be none (a forced reload), or the build has gone again.
    if (worker.state === 'redundant' || !this.#container?.controller) this.#reload();
  }

  async #register(): Promise<ServiceWorker | undefined> {
    if (!this.#container) return undefined;
    if (!this.#registration)
      this.#watch(await this.#container.register(new URL('sw.js', this.#scope), { scope: this.#scope, updateViaCache: 'none' }));
    const active = this.#registration && (await activeOf(this.#registration));
    if (active && !this.#container.controller) await ask<boolean>(active, { type: 'claim', entry: this.#environment.entry });
    return active;
  }

  async #quiet() {
    while (!this.#hurry && this.#quietFor() < QUIET_MS) await pause(ASK_AGAIN_MS);
  }

  async #fill() {
    await this.#device;
    await this.#quiet();
    const worker = await this.#register();
    if (!worker) return this.#reasonOfNone();
    for (;;) {
      if (this.#removed) return;
      const kept = await ask<Kept>(worker, { type: 'keep', ...(await this.#want()) });
      if (!kept || this.#removed) return;
      this.#show(kept);
      if (kept.ready || kept.failed) return;
      await this.#quiet();
    }
  }

  /** A worker that could not be installed says why, and the page may hear first that it is gone. */
  async #reasonOfNone() {
    for (let waited = 0; waited < REASON_MS && this.#status.problem === undefined; waited += REASON_STEP_MS) await pause(REASON_STEP_MS);
  }

  #fillOnce() {
    this.#filling ??= (async () => {
      this.#removed = false;
      this.#change({ saving: !this.#status.ready });
      try {
        await this.#fill();
      } catch {
        // A browser that refuses to register says so in its own words; ours are for people.
        if (this.#status.problem === undefined) this.#change({ supported: this.#registration !== undefined });
      } finally {
        this.#filling = undefined;
        this.#hurry = false;
        this.#change({ saving: false });
      }
    })();
    return this.#filling;
  }

  async #begin() {
    if (!this.#container) return;
    // Taken over by another build, a page must not go on with half of each.
    let controlled = this.#container.controller !== null;
    this.#container.addEventListener('controllerchange', () => {
      if (controlled) this.#reload();
      controlled = true;
    });
    this.#container.addEventListener('message', (event: MessageEvent<Partial<InstallFailed> | null>) => {
      const { type, failed } = event.data ?? {};
      if (type === 'installFailed' && failed && failed in PROBLEMS && !this.#registration?.active) this.#change({}, PROBLEMS[failed]);
    });
    const found = await this.#container.getRegistration(this.#scope);
    if (found) {
      this.#watch(found);
      await this.#startFresh();
      const kept = found.active && (await ask<Kept>(found.active, { type: 'kept', ...(await this.#want()) }));
      if (kept) this.#show(kept);
    }
    // Without a model there may be no network either; with one, what is missing can wait until the page is quiet.
    await this.#device;
    if (this.#wanted.get() && !this.#environment.saveData) await this.#fillOnce();
  }

  #updateWhenStale() {
    if (document.visibilityState !== 'visible' || Date.now() - this.#checked < STALE_MS) return;
    this.#checked = Date.now();
    void this.#registration?.update().catch(() => undefined);
  }

  status() {
    return this.#status;
  }

  subscribe(listener: () => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start() {
    this.#begin().catch(() => this.#change({ supported: false }));
    document.addEventListener('visibilitychange', () => this.#updateWhenStale());
    addEventListener('online', () => {
      if (this.#status.problem === PROBLEMS.network && this.#wanted.get()) void this.#fillOnce();
    });
  }

  async keep({ everything = false }: { everything?: boolean } = {}) {
    this.#wanted.set(true);
    if (everything) this.#everything.set(true);
    this.#hurry = true;
    await this.#fillOnce();
    if (!this.#status.ready) throw new Error(this.#status.problem ?? UNSUPPORTED);
  }

  update() {
    const waiting = this.#registration?.waiting ?? (this.#next?.state === 'installed' ? this.#next : undefined);
    if (!waiting) this.#reload();
    else if (!this.#status.starting) void this.#takeOver(waiting);
  }

  async bytes() {
    const sizes = (await cachesOf(this.#environment.caches, this.#scope)).map(bytesOf);
    return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  }

  async remove() {
    this.#wanted.set(false);
    this.#everything.set(false);
    this.#removed = true;
    await this.#registration?.unregister();
    this.#registration = undefined;
    const names = (await this.#environment.caches?.keys())?.filter((name) => name.startsWith(cachePrefix(this.#scope))) ?? [];
    await Promise.all(names.map((name) => this.#environment.caches!.delete(name)));
    this.#change({ ready: false, ...NOTHING, update: false, starting: false }, null);
  }
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
const NOTHING = { cachedBytes: 0, totalBytes: 0, everythingBytes: 0, missingBytes: 0 };
const NOWHERE: OfflineStatus = {
  supported: false,
  ready: false,
  saving: false,
  ...NOTHING,
  update: false,
  starting: false,
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
