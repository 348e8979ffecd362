/** Models of the hub over a server that speaks its paths: what is fetched, what is kept, what is said. */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CACHE, checkHost } from '../../../../src/cache/hub/address.ts';
import { PATIENCE, type Patience } from '../../../../src/cache/hub/ask.ts';
import { createHub, type Hub } from '../../../../src/cache/hub/hub.ts';
import type { LoadProgress } from '../../../../src/api/model.ts';
import { fakeCaches } from '../../../helpers/fakeCaches.ts';
import { checkpointRepo, onnxRepo, repoFiles, serveHub, type HubServer } from '../../../helpers/hub.ts';

const QUICK: Patience = { ...PATIENCE, retries: 2, stallMs: 300, backoffMs: () => 5, longestWaitMs: 1500 };
const XENOVA = { hub: 'Xenova/pythia-70m', revision: 'main' };
const STEP = { hub: 'EleutherAI/pythia-70m-deduped', revision: 'step3000' };
/** As a repository whose checkpoint is in full precision says it. */
const fullConfig = (repo: Record<string, Buffer>) =>
  Buffer.from(JSON.stringify({ ...(JSON.parse(repo['config.json'].toString()) as object), torch_dtype: 'float32' }));

let server: HubServer;
let hub: Hub;
let name = '';
let count = 0;
let caches: ReturnType<typeof fakeCaches>;

beforeEach(async () => {
  const half = onnxRepo(
    repoFiles('tiny-neox', { 'onnx/model_fp16.onnx': 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx': 'onnx/model_quantized.onnx' }),
  );
  server = await serveHub({
    [XENOVA.hub]: { main: half },
    [STEP.hub]: {
      main: checkpointRepo(),
      step3000: checkpointRepo({ 'model.safetensors': 'model_fp16.safetensors' }),
      step0: checkpointRepo({ 'pytorch_model.bin': 'pytorch_model.bin' }),
    },
  });
  name = `hub-${count++}`;
  useRoom(Infinity);
  hub = visit();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function useRoom(room: number): void {
  caches = fakeCaches(room);
  vi.stubGlobal('caches', caches.storage);
}
const visit = () => createHub({ name, patience: QUICK, pieceBytes: 16_384 });

async function fetchModel(model = XENOVA, on: Hub = hub) {
  const progress: LoadProgress[] = [];
  const fetched = await on.fetch(model, server.url, { signal: new AbortController().signal, onProgress: (p) => progress.push(p) });
  return { ...fetched, progress, paths: fetched.files.map(({ path }) => path) };
}
const plan = (model = XENOVA, on: Hub = hub) => on.plan(model, server.url, new AbortController().signal);
const cached = () => [...(caches.stores.get(CACHE)?.keys() ?? [])];
const weightAsks = () => server.asked.filter(({ path }) => /\.(onnx|safetensors|bin)$/.test(path));

describe('what a model takes', () => {
  it('is known before its weights are asked for: half precision where the checkpoint is, never quantised', async () => {
    const { files, bytes, here, id, host } = await plan();
    const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];
    expect(files.map(({ path }) => path)).toEqual([...small, 'onnx/model_fp16.onnx']);
    const repo = server.repositories[XENOVA.hub].main;
    expect(files.map((f) => f.bytes)).toEqual(files.map(({ path }) => repo[path].length));
    expect({ bytes, here, id, host }).toEqual({
      bytes: files.reduce((sum, f) => sum + f.bytes, 0),
      here: 0,
      id: XENOVA.hub,
      host: server.url,
    });
    expect(weightAsks()).toEqual([]);
  });

  it('is the same from a mirror that holds files and lists nothing', async () => {
    const listed = await plan();
    server.lists = false;
    expect(await plan()).toEqual(listed);
    expect((await plan(STEP)).files.map(({ path }) => path)).toContain('model.safetensors');
  });

  it('full precision where the checkpoint does not say it is half; published weights before converted ones', async () => {
    const repo = onnxRepo(repoFiles('tiny-neox', { 'onnx/model_fp16.onnx': 'onnx/model_fp16.onnx' }));
    server.repositories['a/b'] = { main: { ...repo, 'config.json': fullConfig(repo) } };
    expect((await plan({ hub: 'a/b', revision: 'main' })).files.at(-1)?.path).toBe('onnx/model.onnx');
    Object.assign(server.repositories['a/b'].main, repoFiles('tiny-neox', { 'model.safetensors': 'model.safetensors' }));
    expect((await plan({ hub: 'a/b', revision: 'main' })).files.at(-1)?.path).toBe('model.safetensors');
  });

  it.each([true, false])('counts what lies beside: external data, parts with their index, listed: %s', async (lists) => {
    server.lists = lists;
    server.repositories['a/data'] = {
      main: {
        ...onnxRepo(),
        ...repoFiles('tiny-neox', { 'onnx/model.onnx': 'onnx/model_external.onnx', 'onnx/model.onnx_data': 'onnx/model.onnx_data' }),
      },
    };
    expect((await plan({ hub: 'a/data', revision: 'main' })).files.slice(-2).map((f) => f.path)).toEqual([
      'onnx/model.onnx_data',
      'onnx/model.onnx',
    ]);
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const names = ['config.json', 'model.safetensors.index.json', ...shards].map((path) => [path, `sharded/${path}`]);
    server.repositories['a/parts'] = { main: repoFiles('tiny-neox', Object.fromEntries(names) as Record<string, string>) };
    expect((await plan({ hub: 'a/parts', revision: 'main' })).files.map((f) => f.path).sort()).toEqual([
      'config.json',
      ...shards,
      'model.safetensors.index.json',
    ]);
  });

  it('takes a pickled checkpoint where there is nothing else', async () => {
    expect((await plan({ ...STEP, revision: 'step0' })).files.at(-1)?.path).toBe('pytorch_model.bin');
  });

  it.each([true, false])('is refused with a sentence for what is not there, listed: %s', async (lists) => {
    server.lists = lists;
    await expect(plan({ hub: 'nobody/nothing', revision: 'main' })).rejects.toThrow(/shows no repository called nobody\/nothing/);
    await expect(plan({ ...STEP, revision: 'step7' })).rejects.toThrow(/EleutherAI\/pythia-70m-deduped has no revision called "step7"/);
    server.repositories['a/empty'] = { main: { 'README.md': Buffer.from('x') } };
    await expect(plan({ hub: 'a/empty', revision: 'main' })).rejects.toThrow(/^a\/empty has no config\.json at revision "main"\.$/);
    server.repositories['a/gpt2'] = { main: { 'config.json': Buffer.from('{"model_type":"gpt2"}') } };
    await expect(plan({ hub: 'a/gpt2', revision: 'main' })).rejects.toThrow(/not a GPT-NeoX model/);
    server.repositories['a/bare'] = { main: { 'config.json': server.repositories[STEP.hub].main['config.json'] } };
    await expect(plan({ hub: 'a/bare', revision: 'main' })).rejects.toThrow(/has no weights this page can read/);
  });

  it('is refused with a sentence by a gated repository, a busy hub, a page in its place and a hub that is not there', async () => {
    server.fault = () => ({ kind: 'status', status: 403, code: 'GatedRepo' });
    await expect(plan()).rejects.toThrow(/is gated/);
    server.fault = () => ({ kind: 'status', status: 429, retryAfter: '600' });
    await expect(plan()).rejects.toThrow(/asks to be left alone.*come back in 10 minutes/);
    server.fault = ({ path }) => (path === 'config.json' ? { kind: 'html', honest: true } : undefined);
    await expect(plan()).rejects.toThrow(/sent a web page where config\.json/);
    await expect(hub.plan(XENOVA, 'http://localhost:1/', new AbortController().signal)).rejects.toThrow(/localhost:1 cannot be reached/);
  });
});

describe('a model of the hub', () => {
  it('is fetched once, kept under the keys of transformers.js, and opens at another visit without asking anybody', async () => {
    const { files, paths, progress, notKept } = await fetchModel();
    expect(notKept).toBeUndefined();
    expect(paths).toEqual([
      'pythia-70m/config.json',
      'pythia-70m/tokenizer.json',
      'pythia-70m/tokenizer_config.json',
      'pythia-70m/generation_config.json',
      'pythia-70m/onnx/model_fp16.onnx',
    ]);
    const repo = server.repositories[XENOVA.hub].main;
    for (const { path, data } of files) {
      expect(Buffer.from(await data.arrayBuffer()).equals(repo[path.replace('pythia-70m/', '')])).toBe(true);
    }
    expect(cached()).toContain(`${server.url}Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx`);
    const total = files.reduce((sum, { data }) => sum + data.size, 0);
    expect(progress.at(-1)).toMatchObject({ stage: 'fetching', loaded: total, total });
    expect(await hub.store.list()).toEqual([{ ...XENOVA, id: XENOVA.hub, host: server.url, bytes: total, here: total, whole: true }]);
    server.asked.length = 0;
    const again = visit();
    expect((await fetchModel(XENOVA, again)).paths).toEqual(paths);
    expect((await again.open(XENOVA)).files.map(({ path }) => path)).toEqual(paths);
    expect(server.asked).toEqual([]);
  });

  it('at another revision is another model', async () => {
    await fetchModel(STEP);
    await fetchModel({ ...STEP, revision: 'main' });
    expect((await hub.store.list()).map(({ id }) => id).sort()).toEqual([STEP.hub, `${STEP.hub}@step3000`]);
    expect(cached().filter((url) => url.endsWith('.safetensors'))).toHaveLength(2);
  });

  it('stopped half way is a beginning and no model; another visit goes on at the byte', async () => {
    const stop = new AbortController();
    server.fault = ({ path }) => (path.endsWith('.onnx') ? { kind: 'slow', ms: 30, bytes: 4000 } : undefined);
    const onProgress = ({ loaded }: LoadProgress) => loaded > 60_000 && stop.abort();
    await expect(hub.fetch(XENOVA, server.url, { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    server.fault = () => undefined;
    const again = visit();
    const [begun] = await again.store.list();
    expect(begun).toMatchObject({ id: XENOVA.hub, whole: false });
    expect(begun.here).toBeGreaterThan(40_000);
    expect((await plan(XENOVA, again)).here).toBe(begun.here);
    await expect(again.open(XENOVA)).rejects.toThrow(/is not kept in this browser any more/);
    server.asked.length = 0;
    const small = begun.here - (await again.store.parts.held(`${server.url}Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx`))!.bytes;
    await fetchModel(XENOVA, again);
    expect(weightAsks()).toEqual([{ path: 'Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx', from: begun.here - small, cdn: true }]);
    // What had come whole is not asked for again, save config.json, which says what to ask for.
    expect(server.asked.filter(({ path }) => path.endsWith('tokenizer.json'))).toEqual([]);
    expect((await again.store.list())[0]).toMatchObject({ whole: true });
  });

  it('that lost a file is fetched again, that file only', async () => {
    await fetchModel();
    const url = `${server.url}Xenova/pythia-70m/resolve/main/tokenizer.json`;
    caches.stores.get(CACHE)!.delete(url);
    expect((await hub.store.list())[0]).toMatchObject({ whole: false });
    await expect(hub.open(XENOVA)).rejects.toThrow(/not kept/);
    server.asked.length = 0;
    await fetchModel();
    expect(weightAsks()).toEqual([]);
    expect(server.asked.map(({ path }) => path)).toContain('Xenova/pythia-70m/resolve/main/tokenizer.json');
  });

  it('whose kept file is another is not taken for whole', async () => {
    await fetchModel();
    const url = `${server.url}Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx`;
    const entries = caches.stores.get(CACHE)!;
    entries.set(url, { body: entries.get(url)!.body.slice(0, 1000), headers: new Headers() });
    await expect(hub.open(XENOVA)).rejects.toThrow(/not kept/);
    await fetchModel();
    expect((await hub.open(XENOVA)).files).toHaveLength(5);
  });

  it('is deleted with all its files, half ones too, and no others', async () => {
    await fetchModel();
    await fetchModel(STEP);
    await hub.store.remove(XENOVA.hub);
    expect((await hub.store.list()).map(({ id }) => id)).toEqual([`${STEP.hub}@step3000`]);
    expect(cached().filter((url) => url.includes('Xenova'))).toEqual([]);
    server.fault = ({ path, before }) => (path.endsWith('.onnx') ? { kind: 'cut', after: before < 2 ? 500 : 0 } : undefined);
    await expect(fetchModel()).rejects.toThrow(/are here and kept/);
    await hub.store.remove(XENOVA.hub);
    expect(await hub.store.parts.held(`${server.url}Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx`)).toBeUndefined();
    expect(cached().filter((url) => url.includes('Xenova'))).toEqual([]);
  });

  it('is kept in pieces where the cache has no room for it, or there is none', async () => {
    useRoom(50_000);
    const { files, paths, notKept } = await fetchModel();
    expect(notKept).toBeUndefined();
    expect(cached().filter((url) => url.endsWith('.onnx'))).toEqual([]);
    vi.stubGlobal('caches', undefined);
    await fetchModel(STEP);
    expect((await hub.store.list()).filter(({ whole }) => whole).map(({ id }) => id)).toContain(`${STEP.hub}@step3000`);
    useRoom(50_000);
    await hub.store.remove(XENOVA.hub);
    await fetchModel();
    server.asked.length = 0;
    const again = await visit().open(XENOVA);
    expect(again.files.map(({ path }) => path)).toEqual(paths);
    const bytes = async (blob: Blob) => Buffer.from(await blob.arrayBuffer());
    expect((await bytes(again.files[3].data)).equals(await bytes(files[3].data))).toBe(true);
    expect(server.asked).toEqual([]);
    await hub.store.remove(XENOVA.hub);
    await expect(hub.open(XENOVA)).rejects.toThrow(/not kept/);
  });

  it('whose last piece came but was never checked is checked before it counts', async () => {
    const damaged = Buffer.from(server.repositories[XENOVA.hub].main['onnx/model_fp16.onnx']);
    damaged[1000] ^= 255;
    const url = `${server.url}Xenova/pythia-70m/resolve/main/onnx/model_fp16.onnx`;
    await hub.store.parts.add(url, { total: damaged.length, validator: null }, new Blob([damaged]), 0);
    await expect(fetchModel()).rejects.toThrow(/arrived damaged/);
    expect((await fetchModel()).files).toHaveLength(5);
  });

  it('opens but is not kept where the browser keeps nothing, and that is said', async () => {
    vi.stubGlobal('caches', undefined);
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const { files, notKept } = await fetchModel();
    expect(files).toHaveLength(5);
    expect(notKept).toMatch(/^Xenova\/pythia-70m is open but could not be kept for the next visit: the browser has no room left/);
    put.mockRestore();
    await expect(visit().open(XENOVA)).rejects.toThrow(/not kept/);
  });

  it('with a wrong hash is refused and not kept', async () => {
    server.fault = ({ path }) => {
      if (!path.endsWith('.onnx')) return undefined;
      const bytes = Buffer.from(server.repositories[XENOVA.hub].main['onnx/model_fp16.onnx']);
      bytes[1000] ^= 255;
      return { kind: 'content', bytes, sameName: true };
    };
    await expect(fetchModel()).rejects.toThrow(/arrived damaged: its SHA-256/);
    expect(cached().filter((url) => url.endsWith('.onnx'))).toEqual([]);
  });
});

describe('the address of a hub', () => {
  it.each([
    ['https://huggingface.co', 'https://huggingface.co/'],
    ['https://hf-mirror.example/hub', 'https://hf-mirror.example/hub/'],
    ['http://localhost:8080', 'http://localhost:8080/'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
  ])('%s is %s', (given, address) => expect(checkHost(given)).toBe(address));

  it.each(['', 'huggingface.co', 'http://example.org', 'https://me:pw@example.org', 'https://x.org/?a=1', 'ftp://x.org', 'file:///etc'])(
    '"%s" is refused',
    (given) => expect(() => checkHost(given)).toThrow(/is no address of a hub/),
  );
});
