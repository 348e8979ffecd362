/** One file through every kind of trouble a server, a network or a tab can make. */
import 'fake-indexeddb/auto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStore, get, keys } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CutError, PATIENCE, ask, type Patience } from '../../../../src/cache/hub/ask.ts';
import { fetchHubFile, type HubFile } from '../../../../src/cache/hub/fetchFile.ts';
import { createPartStore, type PartStore } from '../../../../src/cache/hub/parts.ts';
import { askedHosts } from '../../../../src/cache/requestLog.ts';
import { serveHub, sha256, type Fault, type HubServer } from '../../../helpers/hub.ts';

const QUICK: Patience = { ...PATIENCE, stallMs: 300, backoffMs: () => 5, longestWaitMs: 1500 };
const model = { hub: 'Xenova/pythia-70m', revision: 'main' };
/** Nothing that repeats: a piece in a wrong place shows. */
const BYTES = Buffer.from(Uint32Array.from({ length: 25_000 }, (_, i) => Math.imul(i, 2_654_435_761)).buffer);
const SMALL = Buffer.from(JSON.stringify({ text: 'x'.repeat(5000) }));

let hub: HubServer;
let parts: PartStore;
let name = '';
let count = 0;
let notes: string[];

beforeEach(async () => {
  hub = await serveHub({ [model.hub]: { main: { 'onnx/model.onnx': BYTES, 'tokenizer.json': SMALL } } });
  name = `fetch-${count++}`;
  parts = createPartStore(name);
  notes = [];
});
afterEach(() => hub.close());

const fileOf = (path: string, more: Partial<HubFile> = {}): HubFile => ({ url: `${hub.url}${model.hub}/resolve/main/${path}`, ...more });

interface Means {
  patience?: Patience;
  signal?: AbortSignal;
  onBytes?: (loaded: number) => void;
  file?: Partial<HubFile>;
}

async function fetchIt(path = 'onnx/model.onnx', { patience = QUICK, signal, onBytes = () => {}, file = {} }: Means = {}) {
  const blob = await fetchHubFile(
    fileOf(path, file),
    { model, host: hub.url, path },
    {
      parts,
      patience,
      pieceBytes: 16_384,
      onBytes,
      onNote: (note) => note !== null && notes.push(note),
      signal: signal ?? new AbortController().signal,
    },
  );
  return blob && Buffer.from(await blob.arrayBuffer());
}

/** Trouble for the first bytes asked for, the second, and so on; none after. */
function trouble(...faults: (Fault | undefined)[]): void {
  hub.fault = ({ before }) => faults[before];
}

/** What each request for bytes began at. */
const starts = () => hub.asked.map(({ from }) => from);
const held = async () => (await parts.held(fileOf('onnx/model.onnx').url))?.bytes ?? 0;
const stored = () => keys(createStore(`${name}-hub-pieces`, 'kv'));

describe('a file of the hub', () => {
  it('comes through a redirect to another host, in one request, and both hosts are in the log', async () => {
    const before = askedHosts().length;
    expect(await fetchIt()).toEqual(BYTES);
    expect(hub.asked).toEqual([{ path: 'Xenova/pythia-70m/resolve/main/onnx/model.onnx', from: 0, cdn: true }]);
    const hosts = askedHosts().slice(before);
    expect(hosts.map(({ host }) => new URL(host).hostname)).toEqual(['localhost', '127.0.0.1']);
    expect(hosts[1]).toMatchObject({ requests: 1, bytes: BYTES.length });
  });

  it.each([1, 16_383, 16_384, 50_000, 99_999])('cut after %i bytes goes on at that byte', async (after) => {
    trouble({ kind: 'cut', after });
    const seen: number[] = [];
    expect(await fetchIt('onnx/model.onnx', { onBytes: (n) => seen.push(n) })).toEqual(BYTES);
    expect(starts()).toEqual([0, after]);
    expect(seen.at(-1)).toBe(BYTES.length);
    expect(notes[0]).toMatch(new RegExp(`cut; going on in 1 s at byte ${after}`));
  });

  it('cut again and again comes whole as long as each connection brings something', async () => {
    hub.fault = ({ before }) => (before < 20 ? { kind: 'cut', after: 4000 } : undefined);
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual(Array.from({ length: 21 }, (_, i) => 4000 * i));
  });

  it('that no connection brings is given up with a sentence, what came is kept, and another visit goes on there', async () => {
    hub.fault = ({ before }) => ({ kind: 'cut', after: before === 0 ? 30_000 : 0 });
    await expect(fetchIt()).rejects.toThrow(
      /onnx\/model.onnx of Xenova\/pythia-70m could not be fetched to its end: localhost:\d+ cannot be reached, or the connection is cut each time \(30000 of 100000 bytes are here and kept\)/,
    );
    parts = createPartStore(name);
    hub.fault = () => undefined;
    hub.asked.length = 0;
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([30_000]);
  });

  it('stopped by hand keeps what came, to the byte', async () => {
    const stop = new AbortController();
    trouble({ kind: 'slow', ms: 5, bytes: 1000 });
    let loaded = 0;
    const onBytes = (n: number) => {
      loaded = n;
      if (n >= 20_000) stop.abort();
    };
    await expect(fetchIt('onnx/model.onnx', { signal: stop.signal, onBytes })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await held()).toBe(loaded);
    hub.asked.length = 0;
    parts = createPartStore(name);
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([loaded]);
  });

  it('that comes slowly comes; one that stands still is asked for again where it stopped', async () => {
    trouble({ kind: 'slow', ms: 60, bytes: 20_000 });
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([0]);
    await parts.forget(fileOf('onnx/model.onnx').url);
    hub.asked.length = 0;
    hub.fault = ({ from }) => (from === 0 ? { kind: 'stall', after: 12_345 } : undefined);
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([0, 12_345]);
  });

  it('changed between two parts starts again, and no byte of the old one is in it', async () => {
    const next = Buffer.from(BYTES).fill(7);
    hub.fault = ({ before }) => (before === 0 ? { kind: 'cut', after: 40_000 } : { kind: 'content', bytes: next });
    expect(await fetchIt()).toEqual(next);
    expect(starts()).toEqual([0, 40_000, 0]);
  });

  it('changed to a shorter one starts again', async () => {
    const next = BYTES.subarray(0, 20_000);
    hub.fault = ({ before }) => (before === 0 ? { kind: 'cut', after: 40_000 } : { kind: 'content', bytes: next });
    expect(await fetchIt()).toEqual(next);
    expect(starts()).toEqual([0, 40_000, 0]);
  });

  it('that changes each time is given up with a sentence', async () => {
    hub.fault = ({ before, from }) => {
      const bytes = Buffer.from(BYTES).fill(before);
      // Each other state is cut, so that the next request is for its rest.
      if (from > 0) return { kind: 'content', bytes };
      hub.repositories[model.hub].main['onnx/model.onnx'] = bytes;
      return { kind: 'cut', after: 100 };
    };
    await expect(fetchIt()).rejects.toThrow(/changes on the server again and again/);
    expect(await held()).toBe(0);
  });

  it('whose state has no name starts again where a cut could have hidden a change, and goes on where a hash will tell', async () => {
    hub.validators = false;
    trouble({ kind: 'cut', after: 40_000 });
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([0, 40_000, 0]);
    await parts.forget(fileOf('onnx/model.onnx').url);
    hub.asked.length = 0;
    hub.fault = ({ from }) => (from === 0 ? { kind: 'cut', after: 40_000 } : undefined);
    expect(await fetchIt('onnx/model.onnx', { file: { sha256: sha256(BYTES) } })).toEqual(BYTES);
    expect(starts()).toEqual([0, 40_000]);
  });

  it('of a server without ranges is taken from the start', async () => {
    trouble({ kind: 'cut', after: 40_000 }, { kind: 'no ranges' });
    expect(await fetchIt()).toEqual(BYTES);
    expect(starts()).toEqual([0, 40_000]);
  });

  it('busy: the server is waited for as long as it says, and the wait is said', async () => {
    trouble(
      { kind: 'status', status: 429, retryAfter: '1' },
      { kind: 'status', status: 503, retryAfter: new Date(Date.now() + 900).toUTCString() },
    );
    const began = Date.now();
    expect(await fetchIt()).toEqual(BYTES);
    expect(Date.now() - began).toBeGreaterThan(950);
    expect(notes[0]).toMatch(/^localhost:\d+ is busy and asks to wait 1 s\.$/);
    expect(notes).toHaveLength(2);
  });

  it('busy for too long, or too often, is given up with a sentence', async () => {
    trouble({ kind: 'status', status: 429, retryAfter: '3600' });
    await expect(fetchIt()).rejects.toThrow(
      /asks to be left alone for a while \(429\)\. What has arrived is kept; go on later\. It asks to come back in 60 minutes\./,
    );
    hub.fault = () => ({ kind: 'status', status: 429, retryAfter: '0' });
    hub.asked.length = 0;
    await expect(fetchIt()).rejects.toThrow(/asks to be left alone/);
    expect(hub.asked).toHaveLength(QUICK.waits + 1);
  });

  it.each([
    [401, 'RepoNotFound', /shows no repository called Xenova\/pythia-70m to somebody without an account \(it answered 401\)/],
    [401, 'GatedRepo', /Xenova\/pythia-70m is gated: localhost:\d+ lets people in one by one/],
    [403, 'GatedRepo', /is gated/],
    [404, 'RepoNotFound', /shows no repository called/],
    [404, 'RevisionNotFound', /has no revision called "main"/],
    [404, 'EntryNotFound', /^Xenova\/pythia-70m has no tokenizer\.json at revision "main"\.$/],
    [404, '', /the repository, the revision or the file does not exist/],
    [500, '', /answered 500\. What has arrived is kept/],
  ])('refused with %i %s is explained', async (status, code, sentence) => {
    trouble({ kind: 'status', status, code });
    const name = status < 500 ? 'UsageError' : 'EngineError';
    await expect(fetchIt('tokenizer.json')).rejects.toMatchObject({ name, message: expect.stringMatching(sentence) as string });
    expect(await stored()).toEqual([]);
  });

  it('that may be missing is undefined when it is', async () => {
    expect(await fetchIt('nothing.json', { file: { optional: true } })).toBeUndefined();
  });

  it.each([true, false])('is never a web page, said honestly: %s; also not after a part has come', async (honest) => {
    trouble({ kind: 'html', honest });
    await expect(fetchIt('tokenizer.json')).rejects.toThrow(/sent a web page where tokenizer\.json of Xenova\/pythia-70m should be/);
    expect(await stored()).toEqual([]);
    hub.fault = ({ from }) => (from === 0 ? { kind: 'cut', after: 40_000 } : { kind: 'html', honest });
    await expect(fetchIt()).rejects.toThrow(/web page/);
    hub.fault = () => undefined;
    expect(await fetchIt()).toEqual(BYTES);
  });

  it('is never taken for its beginning when the server sends another part', async () => {
    trouble({ kind: 'elsewhere' });
    expect(await fetchIt()).toEqual(BYTES);
    hub.fault = () => ({ kind: 'elsewhere' });
    await expect(fetchIt('tokenizer.json')).rejects.toThrow(/changes on the server again and again/);
  });

  it('of another length than listed is refused, and so is one that does not end', async () => {
    await expect(fetchIt('onnx/model.onnx', { file: { bytes: 100_001 } })).rejects.toThrow(
      /has 100001 bytes by the list of the hub, but the server sends 100000/,
    );
    trouble(undefined, { kind: 'too much' });
    await expect(fetchIt()).rejects.toThrow(/sends more of onnx\/model\.onnx of Xenova\/pythia-70m than the 100000 bytes it has/);
    expect(await stored()).toEqual([]);
  });

  it('with another hash than listed is thrown away', async () => {
    const damaged = Buffer.from(BYTES);
    damaged[77_777] ^= 1;
    trouble({ kind: 'content', bytes: damaged, sameName: true });
    const file = { sha256: sha256(BYTES), bytes: BYTES.length };
    await expect(fetchIt('onnx/model.onnx', { file })).rejects.toThrow(/arrived damaged: its SHA-256 is not the one the hub gives/);
    expect(await stored()).toEqual([]);
    expect(await fetchIt('onnx/model.onnx', { file })).toEqual(BYTES);
  });

  it('whose kept pieces went missing is fetched anew', async () => {
    hub.fault = ({ before }) => ({ kind: 'cut', after: before === 0 ? 60_000 : 0 });
    await expect(fetchIt()).rejects.toThrow(/60000 of 100000/);
    const pieces = createStore(`${name}-hub-pieces`, 'kv');
    const [first] = await keys<string>(pieces);
    const { del } = await import('idb-keyval');
    await del(first, pieces);
    hub.fault = () => undefined;
    await expect(fetchIt()).rejects.toThrow(/A part of onnx\/model\.onnx of Xenova\/pythia-70m that was kept is gone/);
    expect(await fetchIt()).toEqual(BYTES);
  });

  it('is kept in pieces of the size asked for, and a piece without its note does not count', async () => {
    hub.fault = ({ before }) => ({ kind: 'cut', after: before === 0 ? 60_000 : 0 });
    await expect(fetchIt()).rejects.toThrow(/60000/);
    const pieces = createStore(`${name}-hub-pieces`, 'kv');
    const sizes = await Promise.all((await keys<string>(pieces)).map(async (key) => ((await get(key, pieces)) as Blob).size));
    expect(sizes.reduce((a, b) => a + b)).toBe(60_000);
    expect(Math.max(...sizes)).toBeLessThan(16_384 + 65_537);
    const { set } = await import('idb-keyval');
    await set(`${fileOf('onnx/model.onnx').url} ${sizes.length}`, new Blob(['never noted']), pieces);
    hub.fault = () => undefined;
    expect(await fetchIt()).toEqual(BYTES);
  });

  it('of a server that is not there is given up soon, with a sentence', async () => {
    await hub.close();
    await expect(fetchIt()).rejects.toThrow(/cannot be reached, or the connection is cut each time \(nothing has arrived yet\)/);
    await expect(
      ask(hub.url, {}, { model, host: hub.url, path: '' }, { signal: new AbortController().signal, patience: QUICK, onNote: () => {} }),
    ).rejects.toBeInstanceOf(CutError);
    hub = await serveHub({});
  });
});

describe('a mirror without a list', () => {
  /** Serves the bytes from the first place asked, with these headers. */
  async function fetchFrom(headers: Record<string, string>): Promise<Buffer | undefined> {
    const mirror = createServer((_, response) => void response.writeHead(200, { 'Content-Length': BYTES.length, ...headers }).end(BYTES));
    await new Promise<void>((done) => mirror.listen(0, '127.0.0.1', done));
    const url = `http://localhost:${(mirror.address() as AddressInfo).port}/m/resolve/main/onnx/model.onnx`;
    try {
      return await fetchIt('onnx/model.onnx', { file: { url } });
    } finally {
      mirror.closeAllConnections();
      await new Promise((done) => mirror.close(done));
    }
  }
  const other = 'ab'.repeat(32);

  it("is believed about a file's SHA-256 where it passes on what the hub links", async () => {
    expect(await fetchFrom({ 'X-Linked-Etag': `"${sha256(BYTES)}"` })).toEqual(BYTES);
    await expect(fetchFrom({ 'X-Linked-Etag': `"${other}"` })).rejects.toThrow('its SHA-256 is not the one the hub gives');
  });

  it('has ETags that look like a SHA-256 and are another hash', async () => {
    expect(await fetchFrom({ ETag: `"${other}"` })).toEqual(BYTES);
  });
});
