/** The service worker: events to the keeper and back. Bundled by scripts/offline.mjs, which puts in the list of files. */
import { KeepError, Keeper } from './keeper.ts';
import type { Ask, BuildFile, InstallFailed, TakeOver, Wanted } from './manifest.ts';

declare const __FILES__: readonly BuildFile[];

/** What is used of a service worker's scope: the types of pages, which tests are checked with, do not know it. */
interface Scope {
  registration: ServiceWorkerRegistration;
  caches: CacheStorage;
  clients: { claim(): Promise<void>; matchAll(options: object): Promise<readonly Window[]> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(
    type: 'fetch',
    listener: (event: Lasting & { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
  addEventListener(type: 'message', listener: (event: Lasting & { data: unknown; ports: readonly MessagePort[] }) => void): void;
}
interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Window {
  url: string;
  postMessage(message: unknown): void;
}

const self = globalThis as unknown as Scope;

const keeper = new Keeper({
  files: __FILES__,
  scope: self.registration.scope,
  caches: self.caches,
  fetch: (request, init) => fetch(request, init),
  changed: () => void self.registration.update().catch(() => undefined),
});

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(keeper.prune()));
self.addEventListener('fetch', (event) => {
  const answer = keeper.answer(event.request, (work) => event.waitUntil(work));
  if (answer) event.respondWith(answer);
});
self.addEventListener('message', (event) => {
  const [port] = event.ports;
  const ask = event.data as Partial<Ask> | null;
  if (!port || typeof ask?.type !== 'string') return;
  event.waitUntil(
    reply(ask as Ask).then(
      (answer) => port.postMessage(answer),
      () => port.postMessage(undefined),
    ),
  );
});

async function install(): Promise<void> {
  try {
    await keeper.install();
  } catch (error) {
    const message: InstallFailed = { type: 'installFailed', failed: error instanceof KeepError ? error.why : 'full' };
    for (const client of await windows()) client.postMessage(message);
    throw error;
  }
}

async function reply(ask: Ask): Promise<unknown> {
  if (ask.type === 'kept') return keeper.kept(wantedOf(ask));
  if (ask.type === 'keep') return keeper.keepNext(wantedOf(ask));
  if (ask.type === 'rest') return keeper.rest();
  if (ask.type === 'claim') return claim(ask.entry);
  if (ask.type === 'takeOver') return takeOver(ask.force);
  return undefined;
}

/** Pages of a build before this ask with less. */
function wantedOf({ device, everything, opened }: Partial<Wanted>): Wanted {
  const addresses = Array.isArray(opened) ? opened.filter((address) => typeof address === 'string') : [];
  return { device: device === 'webgpu' ? 'webgpu' : 'wasm', everything: everything === true, opened: addresses };
}

/** Serving a page of another build would give it half of this one. */
async function claim(entry: string): Promise<boolean> {
  const ours = typeof entry === 'string' && entry.startsWith(self.registration.scope);
  if (!ours || !keeper.hasPath(entry.slice(self.registration.scope.length))) return false;
  await self.clients.claim();
  return true;
}

/** Other tabs run the build before, whose files go away when this one takes over. */
async function takeOver(force: boolean): Promise<TakeOver> {
  const tabs = (await windows()).length;
  if (!force && tabs > 1) return { done: false, tabs };
  await self.skipWaiting();
  return { done: true, tabs };
}

async function windows(): Promise<readonly Window[]> {
  const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return all.filter(({ url }) => url.startsWith(self.registration.scope));
}
