/** The service worker's work on a cache in memory. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Keeper, REST_MS, sha256, slice } from '../../../src/cache/offline/keeper.ts';
import type { BuildFile, DeviceKind, FileGroup, Wanted } from '../../../src/cache/offline/manifest.ts';
import { fakeCaches } from '../../helpers/fakeCaches.ts';

const SCOPE = 'https://host/app/';

type Server = Record<string, string>;
const SERVER: Server = {
  'index.html': '<!doctype html>1',
  'assets/a-1.js': 'code',
  'dictionaries/weights': 'w'.repeat(1000),
  'models/é 1.bin': 'model',
  'assets/cpu.wasm': 'cpu',
  'assets/gpu.wasm': 'gpu',
};
const GROUPS: Record<string, FileGroup> = {
  'index.html': 'core',
  'assets/a-1.js': 'core',
  'assets/cpu.wasm': 'wasm',
  'assets/gpu.wasm': 'webgpu',
};

const on = (device: DeviceKind, more: Partial<Wanted> = {}): Wanted => ({ device, everything: false, opened: [], ...more });
const bytes = (text: string) => new TextEncoder().encode(text).buffer;

async function listOf(server: Server): Promise<BuildFile[]> {
  return Promise.all(
    Object.entries(server).map(async ([path, text]) => ({
      path,
      hash: await sha256(bytes(text)),
      bytes: bytes(text).byteLength,
      group: GROUPS[path] ?? 'data',
    })),
  );
}

let server: Server;
let asked: string[];
let caches: ReturnType<typeof fakeCaches>;
let changed: ReturnType<typeof vi.fn<() => void>>;

const fetchFake = async (request: Request | string) => {
  const url = typeof request === 'string' ? request : request.url;
  const path = decodeURIComponent(new URL(url).pathname.slice('/app/'.length));
  asked.push(path);
  if (!(path in server)) return new Response('none', { status: 404 });
  // Two pieces, so that holding back the last one shows.
  const text = server[path];
  const pieces = [text.slice(0, 2), text.slice(2)].map((piece) => new Uint8Array(bytes(piece)));
  const body = new ReadableStream({
    pull(out) {
      const piece = pieces.shift();
      if (piece) out.enqueue(piece);
      else out.close();
    },
  });
  return new Response(body, {
    headers: { 'cross-origin-embedder-policy': 'require-corp', 'content-encoding': 'gzip', 'content-type': 'text/x' },
  });
};

async function keeperFor(files: Server): Promise<Keeper> {
  return new Keeper({ files: await listOf(files), scope: SCOPE, caches: caches.storage, fetch: fetchFake, changed });
}
const get = async (keeper: Keeper, path: string, init?: RequestInit) => {
  const work: Promise<unknown>[] = [];
  const response = await keeper.answer(new Request(new URL(path, SCOPE), init), (w) => work.push(w));
  const text = response && (await response.text().catch((error: Error) => `failed: ${error.message}`));
  await Promise.all(work);
  return { status: response?.status, text, headers: response?.headers };
};

beforeEach(() => {
  server = { ...SERVER };
  asked = [];
  caches = fakeCaches();
  changed = vi.fn();
});

describe('installing', () => {
  it('fetches what a page needs to appear, and nothing heavy', async () => {
    await (await keeperFor(SERVER)).install();
    expect(asked.sort()).toEqual(['assets/a-1.js', 'index.html']);
  });

  it('fails, and keeps no wrong body, when a file is not as listed', async () => {
    server['assets/a-1.js'] = 'half';
    const keeper = await keeperFor(SERVER);
    await expect(keeper.install()).rejects.toMatchObject({ why: 'changed' });
    const kept = [...caches.stores.values()].flatMap((entries) => [...entries.values()].map((e) => new TextDecoder().decode(e.body)));
    expect(kept).not.toContain('half');
  });

  it.each([
    ['full', () => (caches = fakeCaches(5))],
    ['changed', () => delete server['index.html']],
  ])('says that it failed: %s', async (why, arrange) => {
    arrange();
    await expect((await keeperFor(SERVER)).install()).rejects.toMatchObject({ why });
  });

  it('of the next build fetches what changed; the files before go when it takes over', async () => {
    const first = await keeperFor(SERVER);
    await first.install();
    while (!(await first.keepNext(on('wasm'))).ready);
    asked = [];
    server = { ...SERVER, 'index.html': '<!doctype html>2', 'assets/b-2.js': 'new code' };
    delete server['assets/a-1.js'];
    const second = new Keeper({
      files: (await listOf(server)).map((f) => ({ ...f, group: f.path === 'assets/b-2.js' ? 'core' : f.group })),
      scope: SCOPE,
      caches: caches.storage,
      fetch: fetchFake,
      changed,
    });
    await second.install();
    expect(asked.sort()).toEqual(['assets/b-2.js', 'index.html']);
    expect((await get(first, 'assets/a-1.js')).text).toBe('code');
    expect((await get(first, '')).text).toBe('<!doctype html>1');
    await second.prune();
    expect(await second.kept(on('wasm'))).toMatchObject({ ready: true });
    expect((await get(second, '')).text).toBe('<!doctype html>2');
    expect(await first.kept(on('wasm'))).toMatchObject({ ready: false });
  });

  it('deletes caches of another layout, of this page only', async () => {
    for (const name of ['featurescope /app/ 0', 'featurescope /other/ 0', 'transformers-cache']) await caches.storage.open(name);
    await (await keeperFor(SERVER)).prune();
    expect([...caches.stores.keys()].sort()).toEqual(['featurescope /app/ 1', 'featurescope /other/ 0', 'transformers-cache']);
  });
});

describe('what is one of many', () => {
  const MANY = { ...SERVER, 'dictionaries/a': 'aaa', 'dictionaries/b': 'bbbb' };
  const filled = async (wanted: Wanted) => {
    server = { ...MANY };
    const keeper = await keeperFor(MANY);
    await keeper.install();
    while (!(await keeper.keepNext(wanted)).ready);
    return keeper;
  };

  it('is kept only once it was opened, before a service worker saw that or after', async () => {
    GROUPS['dictionaries/a'] = GROUPS['dictionaries/b'] = 'choice';
    const opened = [`${SCOPE}dictionaries/a`, 'https://elsewhere/dictionaries/b'];
    const keeper = await filled(on('wasm', { opened }));
    expect(asked).toContain('dictionaries/a');
    expect(asked).not.toContain('dictionaries/b');
    expect(await keeper.kept(on('wasm', { opened }))).toMatchObject({ ready: true, missing: 4 });
    // The next visit asks with what it opened itself; what is kept stays wanted.
    expect(await keeper.kept(on('wasm'))).toMatchObject({ ready: true, missing: 4 });
    await get(keeper, 'dictionaries/b');
    expect(await keeper.kept(on('wasm'))).toMatchObject({ ready: true, missing: 0 });
  });

  it('is kept whole on request, and its size is said before', async () => {
    GROUPS['dictionaries/a'] = GROUPS['dictionaries/b'] = 'choice';
    const keeper = await filled(on('wasm'));
    const { total, most, missing } = await keeper.kept(on('wasm'));
    expect([most - total, missing]).toEqual([7, 7]);
    expect(await keeper.kept(on('wasm', { everything: true }))).toMatchObject({ ready: false });
    while (!(await keeper.keepNext(on('wasm', { everything: true }))).ready);
    expect(asked).toContain('dictionaries/b');
    expect(await keeper.kept(on('wasm'))).toMatchObject({ ready: true, missing: 0 });
  });
});

describe('keeping', () => {
  it('goes file by file, small ones first, with the runtime of the device', async () => {
    const keeper = await keeperFor(SERVER);
    await keeper.install();
    asked = [];
    const steps = [];
    for (let step = await keeper.keepNext(on('webgpu')); ; step = await keeper.keepNext(on('webgpu'))) {
      steps.push(step.cached);
      if (step.ready) break;
    }
    expect(asked).toEqual(['assets/gpu.wasm', 'models/é 1.bin', 'dictionaries/weights']);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(await keeper.kept(on('wasm'))).toMatchObject({ ready: false });
  });

  it('says that the server has another build, and looks for it', async () => {
    const keeper = await keeperFor(SERVER);
    server['assets/cpu.wasm'] = 'other';
    await keeper.install();
    expect(await keeper.keepNext(on('wasm'))).toMatchObject({ ready: false, failed: 'changed' });
    expect(changed).toHaveBeenCalled();
  });

  it('says that there is no room', async () => {
    caches = fakeCaches(100);
    const keeper = await keeperFor(SERVER);
    await keeper.install();
    await keeper.keepNext(on('wasm'));
    await keeper.keepNext(on('wasm'));
    expect(await keeper.keepNext(on('wasm'))).toMatchObject({ ready: false, failed: 'full' });
  });

  it('fetches a file once when it is asked for twice at a time', async () => {
    const keeper = await keeperFor(SERVER);
    await keeper.install();
    asked = [];
    await Promise.all([keeper.keepNext(on('wasm')), keeper.keepNext(on('wasm'))]);
    expect(asked).toEqual(['assets/cpu.wasm']);
  });
});

describe('answering', () => {
  it('gives index.html for the page’s own address and for nothing else', async () => {
    const keeper = await keeperFor(SERVER);
    await keeper.install();
    expect((await get(keeper, '?device=wasm')).text).toBe('<!doctype html>1');
    expect((await get(keeper, 'index.html')).text).toBe('<!doctype html>1');
    for (const path of [
      'index',
      'index.html/',
      'about',
      'models/',
      'assets/none.js',
      '/',
      '/other/index.html',
      'https://elsewhere/app/',
      '%E0%A4%A',
    ]) {
      expect((await get(keeper, path)).status).toBeUndefined();
    }
    expect((await get(keeper, '', { method: 'POST' })).status).toBeUndefined();
  });

  it('keeps the server’s headers, and the length of what is there', async () => {
    const keeper = await keeperFor(SERVER);
    await keeper.install();
    const { headers } = await get(keeper, 'assets/a-1.js');
    expect(headers?.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers?.get('content-encoding')).toBeNull();
    expect(headers?.get('content-length')).toBe('4');
  });

  it('hands on what is not kept yet, and keeps it', async () => {
    const keeper = await keeperFor(SERVER);
    expect((await get(keeper, 'models/%C3%A9%201.bin')).text).toBe('model');
    asked = [];
    expect((await get(keeper, 'models/%C3%A9%201.bin')).text).toBe('model');
    expect(asked).toEqual([]);
  });

  it('never ends a body that belongs to another build', async () => {
    const keeper = await keeperFor(SERVER);
    server['models/é 1.bin'] = 'other';
    expect((await get(keeper, 'models/%C3%A9%201.bin')).text).toMatch(/^failed: .*another version/);
    expect(changed).toHaveBeenCalled();
    expect(await keeper.kept(on('wasm'))).toMatchObject({ cached: 0 });
  });

  it('hands on a 404, and what cannot be kept for want of room', async () => {
    caches = fakeCaches(0);
    const keeper = await keeperFor(SERVER);
    expect((await get(keeper, 'dictionaries/weights')).text).toHaveLength(1000);
    delete server['dictionaries/weights'];
    expect((await get(keeper, 'dictionaries/weights')).status).toBe(404);
  });
});

describe('rest', () => {
  it('comes once no page asks for a file, and in the end in any case', async () => {
    const keeper = await keeperFor(SERVER);
    vi.useFakeTimers();
    const ask = () => void keeper.answer(new Request(SCOPE), () => undefined);
    const rested = vi.fn();
    void keeper.rest().then(rested);
    await vi.advanceTimersByTimeAsync(REST_MS / 2);
    ask();
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(rested).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(REST_MS / 2);
    expect(rested).toHaveBeenCalledOnce();
    const busy = setInterval(ask, REST_MS / 4);
    void keeper.rest().then(rested);
    await vi.advanceTimersByTimeAsync(10 * REST_MS);
    expect(rested).toHaveBeenCalledTimes(2);
    clearInterval(busy);
    vi.useRealTimers();
  });
});

describe('a part of a file', () => {
  const whole = () => new Response('0123456789', { headers: { 'content-type': 'text/x' } });
  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=5-2', 416, '', 'bytes */10'],
    ['bytes=-', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    [null, 200, '0123456789', null],
  ])('%s', async (range, status, text, header) => {
    const response = await slice(range, whole());
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([status, text, header]);
  });
});
