/** Published dictionaries over a server that speaks the hub's paths: what is listed, looked into, fetched, kept and refused. */
import 'fake-indexeddb/auto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PATIENCE, type Patience } from '../../../../src/cache/hub/ask.ts';
import { createPublishedHub, type PublishedHub } from '../../../../src/cache/hub/published.ts';
import { askedHosts } from '../../../../src/cache/requestLog.ts';
import { openDictionaryFiles } from '../../../../src/core/formats/dictionaries/open.ts';
import type { LoadProgress } from '../../../../src/api/model.ts';
import type { PublishedSource } from '../../../../src/api/dictionaries.ts';
import { dictionaryRepo, serveHub, type HubServer, type RepoFiles } from '../../../helpers/hub.ts';
import { zeroSae } from '../../../helpers/zeroSae.ts';

const QUICK: Patience = { ...PATIENCE, retries: 2, stallMs: 300, backoffMs: () => 5, longestWaitMs: 1500 };
const RESIDUAL = 'ctigges/pythia-70m-deduped__res-sm_processed';
const SWEEPS = 'canrager/lm_sae';
const SPARSIFY = 'EleutherAI/sae-pythia-70m-32k';
const ZIPPED = 'saprmarks/pythia-70m-deduped-saes';
const TRAINER = 'pythia70m_sweep_topk_ctx128_0730/resid_post_layer_3/trainer_5';
const INNER = 'dictionaries/pythia-70m-deduped/mlp_out_layer3/10_32768';
const SPARSIFY_FIXTURE = 'sparsify/topk';

let server: HubServer;
let hub: PublishedHub;
let name = '';
let count = 0;

const within = (folder: string, files: RepoFiles): RepoFiles =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]));

/** As the originals are: only folders say which hook it is. */
function unnamed(files: RepoFiles): RepoFiles {
  const config = JSON.parse(files['config.json'].toString()) as { trainer: Record<string, unknown> };
  delete config.trainer.submodule_name;
  return { ...files, 'config.json': Buffer.from(JSON.stringify(config)) };
}

beforeEach(async () => {
  const inner = within(INNER, unnamed(dictionaryRepo({ '': 'dictionary_learning/AutoEncoder' })));
  const packed = within('packed/resid_out_layer2/10_32768', unnamed(dictionaryRepo({ '': 'dictionary_learning/AutoEncoderNew' })));
  const zip = zipSync(
    Object.fromEntries([
      ...Object.entries(inner).map(([path, bytes]) => [path, [new Uint8Array(bytes), { level: 0 }]]),
      ...Object.entries(packed).map(([path, bytes]) => [path, [new Uint8Array(bytes), { level: 6 }]]),
    ]) as Parameters<typeof zipSync>[0],
  );
  server = await serveHub({
    [RESIDUAL]: {
      main: {
        ...dictionaryRepo({ '3-res-sm': 'saelens-v6/standard', '10-res-sm': 'saelens-v6/jumprelu' }),
        ...within('large', zeroSae({ d_in: 64, d_sae: 4096 })),
        ...within('impossible', zeroSae({ d_in: 64, d_sae: 4096, stated: 4095 })),
        'README.md': Buffer.from('words'),
      },
    },
    [SPARSIFY]: { main: dictionaryRepo({ 'layers.3': SPARSIFY_FIXTURE }) },
    [SWEEPS]: {
      main: {
        ...dictionaryRepo({ [TRAINER]: 'dictionary_learning/AutoEncoderTopK' }),
        [`${TRAINER}/checkpoints/ae_100.pt`]: Buffer.from('a save from the middle'),
      },
    },
    [ZIPPED]: { main: { 'dictionaries_10.zip': Buffer.from(zip) } },
  });
  name = `published-${count++}`;
  hub = visit();
});
afterEach(() => server.close());

const visit = () => createPublishedHub({ name, patience: QUICK, pieceBytes: 2048 });
const plan = (source: PublishedSource, host = server.url) => hub.plan(source, host, new AbortController().signal);
async function fetchOne(source: PublishedSource, on = hub) {
  const progress: LoadProgress[] = [];
  const fetched = await on.fetch(source, server.url, { signal: new AbortController().signal, onProgress: (p) => progress.push(p) });
  return { ...fetched, progress };
}
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );
const received = () => askedHosts().reduce((sum, { bytes }) => sum + bytes, 0);

describe('what a source holds', () => {
  it('is its folders with their sizes, in natural order, without a look into them', async () => {
    const { items, found, host } = await plan({ hub: RESIDUAL });
    expect(items.map(({ folder }) => folder)).toEqual(['3-res-sm', '10-res-sm', 'impossible', 'large']);
    const repo = server.repositories[RESIDUAL].main;
    const size = Object.entries(repo).reduce((sum, [path, { length }]) => sum + (path.startsWith('3-res-sm/') ? length : 0), 0);
    expect(items[0]).toEqual({
      folder: '3-res-sm',
      format: 'saelens',
      bytes: size,
      source: { hub: RESIDUAL, revision: 'main', folder: '3-res-sm' },
    });
    expect({ found, host }).toEqual({ found: [], host: new URL(server.url).host });
    expect(server.asked.map(({ path }) => path)).toEqual([`api ${RESIDUAL} main`]);
  });

  it('is the same over many pages of the list', async () => {
    const whole = await plan({ hub: RESIDUAL });
    server.pageSize = 2;
    expect(await plan({ hub: RESIDUAL })).toEqual(whole);
  });

  it('of one dictionary is what its header says, for a small part of its bytes', async () => {
    const before = received();
    const { items, found, here } = await plan({ hub: RESIDUAL, folder: 'large' });
    expect(found).toMatchObject([{ name: 'large', format: 'saelens', d_in: 64, d_sae: 4096 }]);
    expect(items[0].bytes).toBeGreaterThan(2 * 4 * 64 * 4096);
    expect(received() - before).toBeLessThan(100_000);
    expect(here).toBe(0);
  });

  it('is refused where header and settings contradict each other, before the weights', async () => {
    const before = received();
    expect(await refusal(fetchOne({ hub: RESIDUAL, folder: 'impossible' }))).toMatch(/4095/);
    expect(received() - before).toBeLessThan(100_000);
    expect(await hub.begun()).toEqual([]);
  });

  it('is found in sweeps and sparsify runs, with hooks named by folders; saves from the middle are left out', async () => {
    const sweep = await plan({ hub: SWEEPS, folder: 'pythia70m_sweep_topk_ctx128_0730' });
    expect(sweep.items.map(({ folder }) => folder)).toEqual([TRAINER]);
    expect(sweep.found).toMatchObject([{ format: 'dictionary_learning' }]);
    expect((await plan({ hub: SPARSIFY, folder: 'layers.3' })).found).toMatchObject([
      { format: 'sparsify', hook: 'blocks.3.hook_resid_post' },
    ]);
  });

  it('is found without a list, by the usual names', async () => {
    server.lists = false;
    expect((await plan({ hub: RESIDUAL, folder: '3-res-sm' })).found).toMatchObject([{ name: '3-res-sm' }]);
    expect((await plan({ hub: SWEEPS, folder: TRAINER })).items).toHaveLength(1);
  });

  it('is refused with a sentence where it is not there', async () => {
    expect(await refusal(plan({ hub: RESIDUAL, folder: '9-res-sm' }))).toMatch(/has no 9-res-sm at revision "main"/);
    expect(await refusal(plan({ hub: 'nobody/nothing' }))).toMatch(/shows no repository called nobody\/nothing/);
    expect(await refusal(plan({ hub: RESIDUAL, revision: 'step7' }))).toMatch(/has no revision called "step7"/);
    expect(await refusal(plan({ hub: RESIDUAL, folder: '../x' }))).toMatch(/is no folder of a repository/);
    expect(await refusal(fetchOne({ hub: RESIDUAL }))).toMatch(/holds 4 dictionaries here .*Name the folder of one/);
  });
});

describe('a fetch', () => {
  it.each([
    [RESIDUAL, '3-res-sm', 'standard', 'saelens'],
    [SPARSIFY, 'layers.3', 'topk', 'sparsify'],
    [SWEEPS, TRAINER, 'topk', 'dictionary_learning'],
  ])('of %s, %s gives its files, which open', async (repo, folder, architecture, format) => {
    const { files, progress, origin, forget } = await fetchOne({ hub: repo, folder });
    const stored = server.repositories[repo].main;
    for (const { path, data } of files) {
      expect(path.startsWith(`${repo.slice(repo.indexOf('/') + 1)}/${folder}/`)).toBe(true);
      expect(Buffer.from(await data.arrayBuffer()).equals(stored[path.slice(path.indexOf('/') + 1)])).toBe(true);
    }
    const { dictionaries } = await openDictionaryFiles(files);
    expect(dictionaries).toHaveLength(1);
    expect(dictionaries[0]).toMatchObject({ format, config: { architecture } });
    if (repo !== RESIDUAL) expect(dictionaries[0].config.hook_name).toBe('blocks.3.hook_resid_post');
    const last = progress.at(-1)!;
    expect(last.loaded).toBe(last.total);
    expect(origin).toContain(`Fetched from ${repo} on ${new URL(server.url).host}`);
    await forget();
    expect(await hub.begun()).toEqual([]);
  });

  it('that is cut goes on at its byte, also at another visit, and can be deleted instead', async () => {
    const weights = 'large/sae_weights.safetensors';
    const size = server.repositories[RESIDUAL].main[weights].length;
    // The first ask is for the header.
    server.fault = ({ path, from, before }) =>
      path === weights && before > 0 ? { kind: 'cut', after: from === 0 ? 50_000 : 0 } : undefined;
    expect(await refusal(fetchOne({ hub: RESIDUAL, folder: 'large' }))).toMatch(
      /could not be fetched to its end.*50000 of \d+ bytes are here and kept/,
    );
    const [begun] = await hub.begun();
    expect(begun.id).toBe(`${RESIDUAL}/large`);
    expect(begun.here).toBeGreaterThanOrEqual(50_000);
    server.fault = () => undefined;
    expect((await plan({ hub: RESIDUAL, folder: 'large' })).here).toBe(begun.here);
    server.asked.length = 0;
    const { files } = await fetchOne({ hub: RESIDUAL, folder: 'large' }, visit());
    expect(server.asked.filter(({ path, from, cdn }) => cdn && path.endsWith(weights) && from > 0)).toEqual([
      { path: `${RESIDUAL}/resolve/main/${weights}`, from: 50_000, cdn: true },
    ]);
    expect(files.find(({ path }) => path.endsWith('.safetensors'))!.data.size).toBe(size);
    await hub.remove(begun.id);
    expect(await visit().begun()).toEqual([]);
  });

  it.each([
    ['a web page in place of the weights', { kind: 'html', honest: true }, /sent a web page where/],
    ['another length than the list gives', { kind: 'content', bytes: Buffer.alloc(300_000, 1) }, /by the list/],
    ['a server that has none of it', { kind: 'status', status: 404, code: 'EntryNotFound' }, /has no large\/sae_weights\.safetensors/],
    ['a gated repository', { kind: 'status', status: 403, code: 'GatedRepo' }, /is gated/],
  ] as const)('is refused for %s', async (_, fault, sentence) => {
    server.fault = ({ path }) => (path.endsWith('sae_weights.safetensors') ? fault : undefined);
    expect(await refusal(fetchOne({ hub: RESIDUAL, folder: 'large' }))).toMatch(sentence);
  });

  it('of damaged bytes is thrown away', async () => {
    const stored = server.repositories[RESIDUAL].main['large/sae_weights.safetensors'];
    const damaged = Buffer.from(stored);
    damaged[damaged.length - 5] ^= 1;
    server.fault = ({ path, from }) =>
      path.endsWith('large/sae_weights.safetensors') && from === 0 ? { kind: 'content', bytes: damaged, sameName: true } : undefined;
    expect(await refusal(fetchOne({ hub: RESIDUAL, folder: 'large' }))).toMatch(/its SHA-256 is not the one the hub gives/);
    expect((await hub.begun())[0].here).toBeLessThan(stored.length);
  });

  it('works from a store that shows other pages neither ranges nor ETags, and goes on there after a cut', async () => {
    server.shows = false;
    const weights = 'large/sae_weights.safetensors';
    let cuts = 0;
    server.fault = ({ path, from, before }) =>
      path === weights && before > 0 && from === 0 && cuts++ === 0 ? { kind: 'cut', after: 50_000 } : undefined;
    expect((await plan({ hub: RESIDUAL, folder: 'large' })).found).toMatchObject([{ d_in: 64, d_sae: 4096 }]);
    const { files } = await fetchOne({ hub: RESIDUAL, folder: 'large' });
    expect(cuts).toBeGreaterThan(0);
    const fetched = Buffer.from(await files.find(({ path }) => path.endsWith(weights))!.data.arrayBuffer());
    expect(fetched.equals(server.repositories[RESIDUAL].main[weights])).toBe(true);
    // Without a list of files lengths come from the answers alone.
    server.lists = false;
    expect((await fetchOne({ hub: RESIDUAL, folder: '3-res-sm' }, visit())).files).toHaveLength(3);
    const zipped = await fetchOne({ hub: ZIPPED, folder: `dictionaries_10.zip/${INNER}` });
    expect((await openDictionaryFiles(zipped.files)).dictionaries).toHaveLength(1);
  });

  it('says where it came from, for a link', async () => {
    const from = { hub: RESIDUAL, revision: 'main', folder: '3-res-sm' };
    expect((await fetchOne({ hub: RESIDUAL, folder: '/3-res-sm/' })).from).toEqual(from);
    expect((await fetchOne({ url: `https://huggingface.co/${RESIDUAL}/tree/main/3-res-sm` })).from).toEqual(from);
  });

  it('works from a server that sends whole files only', async () => {
    server.fault = ({ path }) => (path === 'list' ? undefined : { kind: 'no ranges' });
    expect((await fetchOne({ hub: RESIDUAL, folder: '3-res-sm' })).files).toHaveLength(3);
  });
});

describe('a zip on the hub', () => {
  const folder = `dictionaries_10.zip/${INNER}`;

  it('is listed inside, and one dictionary of it is fetched alone', async () => {
    const { items } = await plan({ hub: ZIPPED });
    expect(items.map((item) => item.folder)).toEqual([folder, 'dictionaries_10.zip/packed/resid_out_layer2/10_32768']);
    for (const { source, folder: inside } of items) {
      const { files } = await fetchOne(source);
      const { dictionaries } = await openDictionaryFiles(files);
      expect(dictionaries[0].config.hook_name).toBe(inside === folder ? 'blocks.3.hook_mlp_out' : 'blocks.2.hook_resid_post');
    }
  });

  it('goes on at its byte after a cut', async () => {
    const whole = server.repositories[ZIPPED].main['dictionaries_10.zip'];
    let cuts = 0;
    server.fault = ({ from }) => (from % 65_536 !== 0 && cuts++ < 2 ? { kind: 'cut', after: 1000 } : undefined);
    const { files } = await fetchOne({ hub: ZIPPED, folder });
    expect(cuts).toBeGreaterThan(2);
    const fetched = files.find(({ path }) => path.endsWith('ae.pt'))!.data;
    expect(whole.includes(Buffer.from(await fetched.arrayBuffer()))).toBe(true);
  });

  it('that is damaged, or no zip, is refused', async () => {
    const whole = server.repositories[ZIPPED].main['dictionaries_10.zip'];
    const at = whole.indexOf('ae.pt');
    whole[at + 2000] ^= 1;
    expect(await refusal(fetchOne({ hub: ZIPPED, folder }))).toMatch(/does not match its checksum/);
    server.repositories[ZIPPED].main['dictionaries_10.zip'] = Buffer.from('no zip at all, but long enough to be looked into');
    expect(await refusal(plan({ hub: ZIPPED }))).toMatch(/is no zip/);
  });
});

describe('an address', () => {
  it('of the hub is followed to the mirror that stands for it', async () => {
    for (const address of [
      `https://huggingface.co/${SPARSIFY}/tree/main/layers.3`,
      `https://huggingface.co/${SPARSIFY}/blob/main/layers.3/sae.safetensors`,
      `https://huggingface.co/${SPARSIFY}/resolve/main/layers.3/cfg.json?download=true`,
      `https://huggingface.co/${SPARSIFY}`,
      `${server.url}${SPARSIFY}/resolve/main/layers.3/sae.safetensors`,
    ]) {
      const { items } = await plan({ url: address });
      expect(items.map(({ source }) => source)).toEqual([{ hub: SPARSIFY, revision: 'main', folder: 'layers.3' }]);
    }
  });

  it.each([
    ['ftp://example.org/ae.pt', /is no address that this page can fetch from/],
    ['http://example.org/ae.pt', /begins with https/],
    ['https://me:secret@example.org/ae.pt', /is no address/],
    ['https://huggingface.co/datasets/a/b/tree/main/x', /leads to no repository of models/],
    ['https://huggingface.co/a/b/tree/main/%2e%2e/%2e%2e/x', /is no folder|leads to no repository/],
    ['https://huggingface.co/a/b/tree/main/%E0%A4%A', /not written as addresses are/],
    ['https://example.org/', /leads to no file of a dictionary/],
  ])('%s is refused', async (url, sentence) => {
    expect(await refusal(plan({ url }))).toMatch(sentence);
    expect(server.asked).toEqual([]);
  });

  describe('elsewhere', () => {
    let other: Server;
    let at = '';
    const files = dictionaryRepo({ resid_post_layer_1: 'dictionary_learning/AutoEncoder', sae: 'saelens-v6/standard' });

    beforeEach(async () => {
      other = createServer((request, response) => {
        const bytes = files[new URL(request.url ?? '/', at).pathname.slice(1)];
        if (!bytes) return void response.writeHead(404).end();
        const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
        const end = to ? Math.min(bytes.length, Number(to) + 1) : bytes.length;
        response
          .writeHead(206, { 'Content-Range': `bytes ${from}-${end - 1}/${bytes.length}`, ETag: '"same"' })
          .end(bytes.subarray(Number(from), end));
      });
      await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
      at = `http://localhost:${(other.address() as AddressInfo).port}/`;
    });
    afterEach(() => new Promise<void>((done) => (other.closeAllConnections(), other.close(() => done()))));

    it('is fetched with what lies beside it', async () => {
      const { files: pt } = await fetchOne({ url: `${at}resid_post_layer_1/ae.pt` });
      expect(pt.map(({ path }) => path.slice(path.indexOf('/') + 1)).sort()).toEqual([
        'resid_post_layer_1/ae.pt',
        'resid_post_layer_1/config.json',
      ]);
      const { files: sae, from } = await fetchOne({ url: `${at}sae/sae_weights.safetensors` });
      expect(from).toEqual({ url: `${at}sae/sae_weights.safetensors` });
      // A query may let one person in.
      expect((await fetchOne({ url: `${at}resid_post_layer_1/ae.pt?signature=secret` })).from).toBeUndefined();
      expect((await openDictionaryFiles(sae)).dictionaries).toHaveLength(1);
    });

    it('that is not there, or not reachable, is said', async () => {
      expect(await refusal(plan({ url: `${at}nothing/ae.pt` }))).toMatch(/answered 404 for ae\.pt/);
      await new Promise<void>((done) => (other.closeAllConnections(), other.close(() => done())));
      expect(await refusal(plan({ url: `${at}sae/sae_weights.safetensors` }))).toMatch(
        /either it cannot be reached, or it does not let pages/,
      );
      other.listen(0);
    });
  });
});
