/**
 * What the service worker does, without the service worker. Files are kept under the hash of their content, in one cache that
 * all builds share: a file that a new build did not change is there already, and a wrong body is never kept. A build's
 * own list says which hash a path means, so a page never gets half of another build.
 */
import { toHex } from '../../core/formats/sha256.ts';
import { cachePrefix, type BuildFile, type KeepFailure, type Kept, type Wanted } from './manifest.ts';

interface KeeperNeeds {
  files: readonly BuildFile[];
  /** Folder of index.html, ending in a slash. */
  scope: string;
  caches: CacheStorage;
  fetch: (request: Request | string, init?: RequestInit) => Promise<Response>;
  /** Told when the server was seen to hold another build. */
  changed: () => void;
}

/** A file could not be kept, for this reason. */
export class KeepError extends Error {
  override name = 'KeepError';
  readonly why: KeepFailure;
  constructor(why: KeepFailure, path: string, cause?: unknown) {
    super(`${path}: ${why}`, { cause });
    this.why = why;
  }
}

/** Layout of the cache; caches of other numbers are deleted. */
const VERSION = 1;

/** Pages that have asked for nothing in this time have mostly all they need. */
export const REST_MS = 500;
const REST_TRIES = 8;

export class Keeper {
  readonly #need: KeeperNeeds;
  readonly #byPath: ReadonlyMap<string, BuildFile>;
  readonly #scope: URL;
  readonly #prefix: string;
  /** Files on their way into the cache, by hash. */
  readonly #coming = new Map<string, Promise<void>>();
  #asked = 0;

  constructor(need: KeeperNeeds) {
    this.#need = need;
    this.#scope = new URL(need.scope);
    this.#prefix = cachePrefix(need.scope);
    this.#byPath = new Map(need.files.map((file) => [file.path, file]));
  }

  hasPath(path: string): boolean {
    return this.#byPath.has(path);
  }

  /**
   * Fetches what a page needs to appear.
   * @throws KeepError at the first file that is not as listed; then this build is not installed
   */
  async install(): Promise<void> {
    const kept = await this.#keptHashes();
    // index.html again also when it is unchanged: its headers decide over isolation and may have changed.
    const missing = this.#need.files.filter((f) => f.group === 'core' && (f.path === 'index.html' || !kept.has(f.hash)));
    await Promise.all(missing.map((file) => this.#keepOnce(file)));
  }

  /** Deletes what no file of this build is. */
  async prune(): Promise<void> {
    const { caches, files } = this.#need;
    const mine = this.#cacheName();
    const old = (await caches.keys()).filter((name) => name.startsWith(this.#prefix) && name !== mine);
    await Promise.all(old.map((name) => caches.delete(name)));
    const wanted = new Set(files.map((file) => this.#key(file.hash)));
    const cache = await this.#open();
    const gone = (await cache.keys()).filter((request) => !wanted.has(request.url));
    await Promise.all(gone.map((request) => cache.delete(request)));
  }

  /** @returns undefined for what is no file of this build: the network answers, with a true 404 where there is none */
  answer(request: Request, waitUntil: (work: Promise<unknown>) => void): Promise<Response> | undefined {
    this.#asked++;
    const file = request.method === 'GET' ? this.#find(request.url) : undefined;
    return file && this.#answerFile(request, file, waitUntil);
  }

  /** @returns true once nothing was asked for in `REST_MS`, or after a few times that */
  async rest(): Promise<true> {
    for (let tries = 0; tries < REST_TRIES; tries++) {
      const asked = this.#asked;
      await new Promise((done) => setTimeout(done, REST_MS));
      if (asked === this.#asked) break;
    }
    return true;
  }

  async kept(o: Wanted): Promise<Kept> {
    const hashes = await this.#keptHashes();
    const all = this.#wanted({ ...o, everything: true }, hashes);
    const wanted = this.#wanted(o, hashes);
    const sum = (files: readonly BuildFile[]) => files.reduce((bytes, file) => bytes + file.bytes, 0);
    const here = wanted.filter((file) => hashes.has(file.hash));
    const missing = sum(all.filter((file) => !hashes.has(file.hash)));
    return { cached: sum(here), total: sum(wanted), ready: here.length === wanted.length, most: sum(all), missing };
  }

  /** Fetches one more file, the small ones first: they make most of the page work. */
  async keepNext(o: Wanted): Promise<Kept> {
    const hashes = await this.#keptHashes();
    const [next] = this.#wanted(o, hashes)
      .filter((file) => !hashes.has(file.hash))
      .sort((a, b) => a.bytes - b.bytes);
    try {
      if (next) await this.#keepOnce(next);
      return await this.kept(o);
    } catch (error) {
      if (!(error instanceof KeepError)) throw error;
      if (error.why === 'changed') this.#need.changed();
      return { ...(await this.kept(o)), failed: error.why };
    }
  }

  /** @param kept hashes: what was opened while this worker served the page is there, and stays. */
  #wanted({ device, everything, opened }: Wanted, kept: ReadonlySet<string>): BuildFile[] {
    const seen = new Set(opened.map((address) => this.#find(address)?.path));
    const isChosen = ({ path, hash }: BuildFile) => everything || kept.has(hash) || seen.has(path);
    return this.#need.files.filter((file) => {
      const { group } = file;
      return group === 'core' || group === 'data' || group === device || (group === 'choice' && isChosen(file));
    });
  }

  #find(address: string): BuildFile | undefined {
    const url = new URL(address);
    if (url.origin !== this.#scope.origin || !url.pathname.startsWith(this.#scope.pathname)) return undefined;
    const path = decode(url.pathname.slice(this.#scope.pathname.length));
    // The page's own address, and nothing else, is index.html.
    return this.#byPath.get(path === '' ? 'index.html' : path);
  }

  async #answerFile(request: Request, file: BuildFile, waitUntil: (work: Promise<unknown>) => void): Promise<Response> {
    const kept = await this.#match(file.hash);
    if (kept) return slice(request.headers.get('range'), kept);
    // Half a file cannot be checked.
    if (request.headers.has('range')) return this.#need.fetch(request);
    const coming = this.#coming.get(file.hash);
    if (coming) {
      await coming.catch(() => undefined);
      const now = await this.#match(file.hash);
      if (now) return now;
    }
    const response = await this.#need.fetch(request);
    if (!response.ok || !response.body) return response;
    return this.#pass(response, response.body, file, waitUntil);
  }

  /** Hands a body on as it comes, but for its last piece, which goes out when the whole is known to be right. */
  #pass(response: Response, body: ReadableStream<Uint8Array>, file: BuildFile, waitUntil: (work: Promise<unknown>) => void): Response {
    const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const headers = headersOf(response, file);
    let finish = () => {};
    waitUntil(new Promise<void>((resolve) => (finish = resolve)));
    const end = async (out: ReadableStreamDefaultController<Uint8Array>) => {
      const whole = new Blob(pieces);
      if ((await sha256(await whole.arrayBuffer())) !== file.hash) {
        this.#need.changed();
        throw new TypeError(`${file.path} belongs to another version of the page.`);
      }
      const last = pieces.at(-1);
      if (last) out.enqueue(last);
      out.close();
      // Not kept is no harm: the next visit asks the network again.
      await this.#put(file, whole, headers).catch(() => undefined);
      finish();
    };
    const stream = new ReadableStream<Uint8Array>({
      async pull(out) {
        try {
          for (let given = false; !given;) {
            const { done, value } = await reader.read();
            if (done) return await end(out);
            const last = pieces.at(-1);
            pieces.push(value);
            if ((given = last !== undefined)) out.enqueue(last);
          }
        } catch (error) {
          finish();
          throw error;
        }
      },
      cancel(reason) {
        finish();
        return reader.cancel(reason);
      },
    });
    return new Response(stream, { status: 200, headers });
  }

  #keepOnce(file: BuildFile): Promise<void> {
    const coming = this.#coming.get(file.hash) ?? this.#keep(file).finally(() => this.#coming.delete(file.hash));
    this.#coming.set(file.hash, coming);
    return coming;
  }

  async #keep(file: BuildFile): Promise<void> {
    // Names under assets/ carry a hash, so what the browser has under them is right; anything else is asked about.
    const polite = file.path.startsWith('assets/') ? 'default' : 'no-cache';
    const got = (await this.#load(file, polite)) ?? (await this.#load(file, 'reload'));
    if (!got) throw new KeepError('changed', file.path);
    await this.#put(file, new Blob([got.bytes]), got.headers).catch((error: unknown) => {
      throw new KeepError('full', file.path, error);
    });
  }

  /** @returns undefined when what came is not the file listed */
  async #load(file: BuildFile, cache: RequestCache): Promise<{ bytes: ArrayBuffer; headers: Headers } | undefined> {
    try {
      const response = await this.#need.fetch(new URL(encodeURI(file.path), this.#scope).href, { cache });
      if (!response.ok) return undefined;
      const bytes = await response.arrayBuffer();
      return (await sha256(bytes)) === file.hash ? { bytes, headers: headersOf(response, file) } : undefined;
    } catch (error) {
      throw new KeepError('network', file.path, error);
    }
  }

  async #put(file: BuildFile, body: Blob, headers: Headers): Promise<void> {
    const cache = await this.#open();
    await cache.put(this.#key(file.hash), new Response(body, { status: 200, headers }));
  }

  async #match(hash: string): Promise<Response | undefined> {
    return (await this.#open()).match(this.#key(hash), { ignoreVary: true });
  }

  async #keptHashes(): Promise<Set<string>> {
    const keys = await (await this.#open()).keys();
    return new Set(keys.map(({ url }) => url.slice(url.lastIndexOf('/') + 1)));
  }

  #open(): Promise<Cache> {
    return this.#need.caches.open(this.#cacheName());
  }

  #cacheName(): string {
    return `${this.#prefix}${VERSION}`;
  }

  /** No file of the page lies there. */
  #key(hash: string): string {
    return new URL(`.kept/${hash}`, this.#scope).href;
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The server's headers (isolation, CSP, type), with the length of the body as it is kept. */
function headersOf(response: Response, file: BuildFile): Headers {
  const headers = new Headers(response.headers);
  // The body here is no longer compressed or cut into transfers.
  for (const name of ['content-encoding', 'transfer-encoding', 'vary', 'set-cookie']) headers.delete(name);
  headers.set('content-length', String(file.bytes));
  return headers;
}

/**
 * @param range the header, `bytes=a-b`, `bytes=a-` or `bytes=-n`; anything else gives the whole
 * @returns 206 with the part, 416 when there is none
 */
export async function slice(range: string | null, whole: Response): Promise<Response> {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return whole;
  const body = await whole.blob();
  const [from, to] =
    match[1] === ''
      ? [Math.max(0, body.size - Number(match[2])), body.size]
      : [Number(match[1]), Math.min(body.size, match[2] === '' ? Infinity : Number(match[2]) + 1)];
  const headers = new Headers(whole.headers);
  if (from >= to) {
    headers.set('content-range', `bytes */${body.size}`);
    headers.set('content-length', '0');
    return new Response(null, { status: 416, headers });
  }
  headers.set('content-range', `bytes ${from}-${to - 1}/${body.size}`);
  headers.set('content-length', String(to - from));
  return new Response(body.slice(from, to, headers.get('content-type') ?? ''), { status: 206, headers });
}

export async function sha256(bytes: ArrayBuffer): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-256', bytes));
}
