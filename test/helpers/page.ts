/** The built page in Chromium, driven through its scripting interface as a script in its console would. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../scripts/chromium.mjs';
import { createStaticServer } from '../../scripts/serve.mjs';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import type { ModelInfo } from '../../src/api/model.ts';
import type { InterleavingEngine } from './interleaving.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const DIST = resolve(import.meta.dirname, '../../dist');

export interface Site {
  url: string;
  close(): Promise<void>;
}

/** Serves dist/ with the product's own server, plus the fixtures under /__fixtures/. */
export async function serveSite({ isolation }: { isolation: boolean }): Promise<Site> {
  if (!existsSync(join(DIST, 'index.html'))) throw new Error('dist/ holds no build; run `npm run build` first.');
  const product = createStaticServer({ dir: DIST, isolation });
  const server: Server = createServer((request, response) => {
    const path = /^\/__fixtures\/(.+)$/.exec(decodeURIComponent(request.url ?? ''))?.[1];
    if (!path) return void product.emit('request', request, response);
    const file = join(FIXTURES, path);
    if (!file.startsWith(FIXTURES) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'Content-Length': statSync(file).size, 'Cross-Origin-Resource-Policy': 'same-origin' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

export interface OpenPage extends InterleavingEngine {
  page: Page;
  /** Requests that went anywhere but our own server. */
  strangers: string[];
  /** Uncaught errors and console errors. */
  errors: string[];
  close(): Promise<void>;
}

/** WebGPU asked for or not, isolated or not. */
export const FOUR_WAYS = [
  { device: 'wasm', isolation: true },
  { device: 'wasm', isolation: false },
  { device: 'webgpu', isolation: true },
  { device: 'webgpu', isolation: false },
] as const;

/** For tests of minutes: WebGPU without isolation lacks only threads, which it does not use; page.test.ts looks at it. */
export const THREE_WAYS = FOUR_WAYS.filter(({ device, isolation }) => device === 'wasm' || isolation);

let browser: Browser | undefined;

export async function sharedBrowser(): Promise<Browser> {
  const open = browser ?? (await launchChromium());
  browser = open;
  return open;
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

/** Where the server does not isolate the page: nor does the service worker, which is not there yet. isolation.test.ts has it do so. */
export async function oneThread(page: Page): Promise<void> {
  await page.evaluate(() => window.featurescope.settings.set('isolation', false));
}

/** Writes down requests that go anywhere but to the site, uncaught errors and console errors. */
export function watchPage(page: Page, site: Pick<Site, 'url'>, { strangers, errors }: { strangers: string[]; errors: string[] }): void {
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(site.url) && !/^(blob|data):/.test(url)) strangers.push(url);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
}

/** Opens the page in a fresh profile and waits until it is ready. */
export async function openPage(site: Site, query = '', viewport = { width: 1440, height: 900 }): Promise<OpenPage> {
  const context = await (await sharedBrowser()).newContext({ viewport });
  const page = await context.newPage();
  const strangers: string[] = [];
  const errors: string[] = [];
  watchPage(page, site, { strangers, errors });
  await page.goto(site.url + query);
  await page.evaluate(() => window.featurescope.ready.catch(() => {}));
  const { api, load } = await pageApi(page);
  return {
    page,
    api,
    load,
    live: api.live,
    strangers,
    errors,
    close: () => context.close(),
  };
}

/** Names of methods as scripts write them. */
type Method =
  | 'encode'
  | 'decode'
  | 'reconstruct'
  | 'evaluate'
  | 'dictionaries.list'
  | 'dictionaries.remove'
  | 'dictionaries.vectors'
  | 'tokenize'
  | 'run'
  | 'predict'
  | 'generate'
  | 'live'
  | 'models.list'
  | 'models.load'
  | 'models.current';

type DeepPartial<T> = { [K in keyof T]?: T[K] extends (...args: never[]) => unknown ? T[K] : Partial<T[K]> };

/** The scripting interface seen from here, and opening a model from fixture files. Signals are carried over by number. */
async function pageApi(page: Page): Promise<Pick<InterleavingEngine, 'api' | 'load'>> {
  let next = 0;
  const call = async (method: Method, args: unknown[], signal?: AbortSignal): Promise<unknown> => {
    const id = next++;
    const abort = () => void page.evaluate((id) => (window as never as Aborts).__aborts?.get(id)?.abort(), id).catch(() => {});
    signal?.addEventListener('abort', abort);
    try {
      const outcome = await page.evaluate(callInPage, {
        method,
        args,
        id,
        aborted: signal?.aborted === true,
        withSignal: signal !== undefined,
      });
      if (outcome.error) throw Object.assign(new Error(outcome.error.message), outcome.error);
      return outcome.value;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  };
  const withOptions =
    (method: Method) =>
    (input: unknown, options: { signal?: AbortSignal } = {}) => {
      const { signal, ...rest } = options;
      return call(method, [input, rest], signal) as never;
    };
  const askCurrent = () => call('models.current', []).catch(() => undefined) as Promise<ModelInfo>;
  let current = await askCurrent();
  const load = async (what: unknown, signal?: AbortSignal) => {
    try {
      return (await call('models.load', [what, {}], signal)) as ModelInfo;
    } finally {
      current = await askCurrent();
    }
  };
  const elsewhere = (): never => {
    throw new Error('Ask the page itself.');
  };
  // What a test needs of the interface; the rest is asked in the page itself.
  const api = {
    version: '',
    ready: Promise.resolve(),
    device: elsewhere,
    models: { list: () => call('models.list', []) as never, load: (id, options) => load(id, options?.signal), current: () => current },
    live: () => call('live', []) as never,
    tokenize: (text) => call('tokenize', [text]) as never,
    run: withOptions('run'),
    predict: withOptions('predict'),
    generate: withOptions('generate'),
    encode: (source, dictionary) => call('encode', [source, dictionary]) as never,
    decode: (dictionary, latents, options) => call('decode', [dictionary, latents, options ?? {}]) as never,
    reconstruct: (source, dictionary) => call('reconstruct', [source, dictionary]) as never,
    evaluate: withOptions('evaluate'),
    dictionaries: {
      list: () => call('dictionaries.list', []) as never,
      import: elsewhere,
      export: elsewhere,
      remove: (id) => call('dictionaries.remove', [id]) as never,
      vectors: (id, latent) => call('dictionaries.vectors', [id, latent]) as never,
      card: elsewhere,
      densities: elsewhere,
    },
  } satisfies DeepPartial<FeaturescopeApi> as unknown as FeaturescopeApi;
  return { api, load: (folder, paths, signal) => load({ folder, paths }, signal) };
}

interface Aborts {
  __aborts?: Map<number, AbortController>;
}

interface PageCall {
  method: Method;
  args: unknown[];
  id: number;
  aborted: boolean;
  withSignal: boolean;
}

/** Runs in the page. Errors come back as data, since evaluate would keep only their text. */
async function callInPage({ method, args, id, aborted, withSignal }: PageCall) {
  const holder = window as never as Aborts;
  const aborts = (holder.__aborts ??= new Map<number, AbortController>());
  const controller = new AbortController();
  if (aborted) controller.abort();
  aborts.set(id, controller);
  try {
    const [group, name] = method.includes('.') ? method.split('.') : ['', method];
    const target = (group ? (window.featurescope as never)[group] : window.featurescope) as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    // A fixture is fetched here and handed over as a script would.
    const fixture = args[0] as { folder?: string; paths?: string[] } | undefined;
    if (method === 'models.load' && fixture?.folder && fixture.paths) {
      const fetchFile = async (path: string) => ({
        path,
        data: await (await fetch(`/__fixtures/models/${fixture.folder}/${path}`)).blob(),
      });
      args = [await Promise.all(fixture.paths.map(fetchFile)), args[1]];
    }
    const last = args.at(-1);
    if (withSignal && typeof last === 'object' && last !== null) args = [...args.slice(0, -1), { ...last, signal: controller.signal }];
    return { value: await target[name](...args) };
  } catch (error) {
    const e = error as Error & { code?: string };
    return { error: { name: e.name, message: e.message, code: e.code ?? '' } };
  } finally {
    aborts.delete(id);
  }
}
