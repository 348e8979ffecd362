/**
 * Cross-origin isolation, which threads need, on servers that do not send its headers: the service worker adds those
 * that are missing to what it answers. What the server says itself stands. A person can switch it off; the page says so
 * at each start, and an empty cache (it exists only while switched off) reminds a worker that was ended meanwhile.
 */
import type { Isolates } from './manifest.ts';

/**
 * `require-corp` rather than `credentialless`, which Safari does not know: all that this page asks of other hosts is
 * asked with CORS, which both allow, so that nothing is gained by the laxer one.
 */
const HEADERS = [
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-embedder-policy', 'require-corp'],
  ['cross-origin-resource-policy', 'same-origin'],
] as const;

/** Adds those that are missing. */
function addIsolation(headers: Headers): Headers {
  for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value);
  return headers;
}

/** Whether a page with these headers is isolated, in a browser that does that. */
function isolates(headers: Headers): boolean {
  const valueOf = (name: string) => headers.get(name)?.split(';')[0].trim();
  const embedder = valueOf('cross-origin-embedder-policy') ?? '';
  return valueOf('cross-origin-opener-policy') === 'same-origin' && ['require-corp', 'credentialless'].includes(embedder);
}

/** No name of a cache with files begins so (`cachePrefix`), and several pages may share an origin. */
function markOf(scope: string): string {
  return `featurescope-not-isolated ${new URL(scope).pathname}`;
}

export class Isolator {
  readonly #caches: CacheStorage;
  readonly #mark: string;
  #on: Promise<boolean> | undefined;

  constructor({ caches, scope }: { caches: CacheStorage; scope: string }) {
    this.#caches = caches;
    this.#mark = markOf(scope);
  }

  /** A file of the page with what its headers lack. Parts, redirects and errors are nobody's page and stay as they are. */
  async dress(response: Response): Promise<Response> {
    if (response.status !== 200 || !(await this.#isOn())) return response;
    return new Response(response.body, { status: 200, headers: addIsolation(new Headers(response.headers)) });
  }

  /** @param page gives index.html as it is kept */
  async switch(on: boolean, page: () => Promise<Response>): Promise<Isolates> {
    const before = await this.#isOn();
    if (on !== before) await this.#set(on);
    const { headers, body } = await page();
    await body?.cancel();
    const server = isolates(headers);
    return { before, server, isolates: server || (on && isolates(addIsolation(new Headers(headers)))) };
  }

  #isOn(): Promise<boolean> {
    // Without a cache that can be asked there is no file either; the page is told again at its next start.
    this.#on ??= this.#caches.has(this.#mark).then(
      (off) => !off,
      () => true,
    );
    return this.#on;
  }

  async #set(on: boolean): Promise<void> {
    this.#on = Promise.resolve(on);
    if (on) await this.#caches.delete(this.#mark);
    else await this.#caches.open(this.#mark);
  }
}
