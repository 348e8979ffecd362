/** What the page's side of working offline needs of the browser, so that tests can give it another. */
import { cachePrefix } from './manifest.ts';

/** Nobody asked for anything in this time: then fetching and reloading disturb nobody. */
export const QUIET_MS = 5000;

export interface OfflineEnvironment {
  container?: ServiceWorkerContainer | undefined;
  caches?: CacheStorage | undefined;
  /** Address of the script that the page began with. */
  entry: string;
  saveData: boolean;
  reload: () => void;
}

/** @returns what all of the page's parts share, so that of several reloads at a time one is made */
export function browserEnvironment(): OfflineEnvironment {
  let leaving = false;
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return {
    container: 'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
    caches: 'caches' in globalThis ? globalThis.caches : undefined,
    entry: document.querySelector<HTMLScriptElement>('script[type=module][src]')?.src ?? '',
    saveData: connection?.saveData === true,
    // A second one while the first waits for a new build to begin can crash the tab (Chromium).
    reload() {
      if (!leaving) location.reload();
      leaving = true;
    },
  };
}

/** What isolation needs besides. */
export function browserIsolation() {
  const [visit] = performance.getEntriesByType('navigation') as Partial<PerformanceNavigationTiming>[];
  return {
    isolated: crossOriginIsolated,
    fresh: visit?.type === 'navigate',
    served: (visit?.workerStart ?? 0) > 0,
    session: () => sessionStorage,
  };
}

export async function cachesOf(caches: CacheStorage | undefined, scope: string): Promise<Cache[]> {
  const names = (await caches?.keys())?.filter((name) => name.startsWith(cachePrefix(scope))) ?? [];
  return Promise.all(names.map((name) => caches!.open(name)));
}

export async function bytesOf(cache: Cache): Promise<number> {
  const kept = await cache.matchAll();
  return kept.reduce((bytes, { headers }) => bytes + Number(headers.get('content-length') ?? 0), 0);
}
