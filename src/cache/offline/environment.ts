/** What the page's side of working offline needs of the browser, so that tests can give it another. */
import { cachePrefix } from './manifest.ts';

export interface OfflineEnvironment {
  container?: ServiceWorkerContainer | undefined;
  caches?: CacheStorage | undefined;
  /** Address of the script that the page began with. */
  entry: string;
  saveData: boolean;
  reload: () => void;
}

export function browserEnvironment(): OfflineEnvironment {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return {
    container: 'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
    caches: 'caches' in globalThis ? globalThis.caches : undefined,
    entry: document.querySelector<HTMLScriptElement>('script[type=module][src]')?.src ?? '',
    saveData: connection?.saveData === true,
    reload: () => location.reload(),
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
