/** Dictionaries in the built page on both devices: SAELens's own numbers, and odd shapes against the twin. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/array/random.ts';
import { packDictionary, writeDictionary } from '../../src/core/formats/dictionaries/write.ts';
import { writeSparsify } from '../../src/core/formats/dictionaries/writeSparsify.ts';
import { decode } from '../../src/core/sae/decode.ts';
import { hasSkip, type Architecture, type Dictionary } from '../../src/core/sae/dictionary.ts';
import { toDense } from '../../src/core/sae/latents.ts';
import type { DictionaryFile } from '../../src/core/formats/dictionaries/files.ts';
import { relativeToTolerance } from '../helpers/goldens.ts';
import { expectSameLatents, randomSuite, TOLERANCES } from '../helpers/latents.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';
import {
  createDictionary,
  dropFolder,
  FIXTURES,
  flatten,
  openFixture,
  randomNormal,
  readGolden,
  SAELENS_FIXTURES,
} from '../unit/sae/helpers.ts';

const DEVICES = [
  { device: 'wasm', kernels: 'wasm-relaxed' },
  { device: 'webgpu', kernels: 'webgpu' },
] as const;
/** On the software adapter a few: all of them run in Node (test/golden/dawnDictionaries.test.ts). */
const few = <T>(device: string, all: readonly T[]) => (device === 'webgpu' ? all.slice(0, 2) : all);
const ARCHITECTURES: Architecture[] = ['tied', 'standard', 'topk', 'groupmax', 'jumprelu', 'gated', 'batchtopk'];

afterAll(closeBrowser);

describe.each(DEVICES)('on $device', ({ device, kernels }) => {
  const tolerance = TOLERANCES[device];
  let site: Site;
  let open: OpenPage;
  beforeAll(async () => {
    site = await serveSite({ isolation: false });
    open = await openPage(site, `?device=${device}`);
  });
  afterAll(async () => {
    await open.close();
    await site.close();
  });

  async function importFiles(files: DictionaryFile[]): Promise<string> {
    const plain = await Promise.all(files.map(async ({ path, data }) => ({ path, bytes: new Uint8Array(await data.arrayBuffer()) })));
    return open.page.evaluate(async (list) => {
      const dropped = list.map(({ path, bytes }) => ({ path, data: new Blob([bytes]) }));
      const { dictionaries } = await window.featurescope.dictionaries.import(dropped);
      return dictionaries[0].id;
    }, plain);
  }

  /** Latents within tolerance of switching may differ; x̂ is compared by decoding the page's own latents with the twin. */
  async function expectSame(id: string, dictionary: Dictionary, x: Float32Array) {
    const { d_in } = dictionary.config;
    const acts = { data: x, shape: [x.length / d_in, d_in] };
    const latents = await open.api.encode({ acts }, id);
    expectSameLatents(dictionary, x, latents, tolerance);
    const needsX = hasSkip(dictionary.config.architecture);
    const decoded = await open.api.decode(id, latents, needsX ? { x: acts } : {});
    expect(relativeToTolerance(decoded.data, decode(dictionary, latents, needsX ? { x } : {}), tolerance)).toBeLessThanOrEqual(1);
    expect((await open.api.reconstruct({ acts }, id)).data).toEqual(decoded.data);
    return latents;
  }

  it('runs the kernels of its device', async () => {
    expect(await open.api.live()).toMatchObject({ kernels });
  });

  it.each(few(device, SAELENS_FIXTURES))('gives the latents and the reconstruction that SAELens gave for %s', async (name) => {
    const golden = readGolden(name);
    const { dictionary } = await openFixture(name);
    const id = await importFiles(dropFolder(`${FIXTURES}/${name}`, `${name.split('/')[1]}/`));
    const x = flatten(golden.x);
    const latents = await expectSame(id, dictionary, x);
    expect(relativeToTolerance(toDense(latents), golden.f.flat(), tolerance)).toBeLessThanOrEqual(1);
    const acts = { data: x, shape: [golden.x.length, golden.x[0].length] };
    expect(relativeToTolerance((await open.api.reconstruct({ acts }, id)).data, golden.xhat.flat(), tolerance)).toBeLessThanOrEqual(1);
    await open.api.dictionaries.remove(id);
  });

  async function importDictionary(dictionary: Dictionary): Promise<string> {
    const packed = packDictionary(dictionary, 'made');
    // SAELens has no groupmax.
    const files = dictionary.config.architecture === 'groupmax' ? await writeSparsify(packed, 'made') : writeDictionary(packed, 'made');
    const bytes = async (parts: (typeof files)[number]['parts']) =>
      new Blob(await Promise.all(parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer()))));
    return importFiles(await Promise.all(files.map(async ({ path, parts }) => ({ path, data: await bytes(parts) }))));
  }

  it.each(few(device, ARCHITECTURES))('agrees with the twin on %s dictionaries of random shapes', async (architecture) => {
    for (const { dictionary, x } of randomSuite(architecture, 6)) {
      const id = await importDictionary(dictionary);
      await expectSame(id, dictionary, x);
      await open.api.dictionaries.remove(id);
    }
  });

  // More latents than one panel of the GPU kernels, and than one call of the WASM ones.
  it.each(['topk', 'jumprelu'] as const)('agrees with the twin on a wide %s dictionary and gives its memory back', async (architecture) => {
    const shape = { d_in: 12, d_out: 12, d_sae: 40_001 };
    const dictionary = createDictionary({ architecture, ...shape, ...(architecture === 'topk' && { k: 9 }) });
    const { threshold } = dictionary.tensors;
    if (threshold) dictionary.tensors.threshold = threshold.map((t) => 2 + Math.abs(t));
    const id = await importDictionary(dictionary);
    await expectSame(id, dictionary, randomNormal(createRandom(5), 12 * 70));
    const held = (await open.api.live()).keptBytes;
    await open.api.dictionaries.remove(id);
    expect(held - (await open.api.live()).keptBytes).toBeGreaterThan(4 * 12 * 40_000);
  });

  it('computes beside the model at the same time', async () => {
    const shipped = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';
    const text = 'The old man looked at the sea.';
    const alone = await open.api.encode({ text }, shipped);
    const together = await Promise.all([
      open.api.encode({ text }, shipped),
      open.api.predict({ text }),
      open.api.reconstruct({ text }, shipped),
      open.api.encode({ text }, shipped),
    ]);
    expect(together[0]).toEqual(alone);
    expect(together[3]).toEqual(alone);
    expect(open.errors).toEqual([]);
    expect(open.strangers).toEqual([]);
    expect(await open.api.live()).toMatchObject({ buffers: 0, calls: 0 });
  });
});
