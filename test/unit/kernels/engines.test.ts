/** Every engine that runs in Node against the twin and the files SAELens wrote. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import type { Architecture, Dictionary } from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { toDense, type Latents } from '../../../src/core/sae/latents.ts';
import { chooseBuild } from '../../../src/kernels/wasm/kernels.ts';
import { expectSameLatents, randomSuite, TOLERANCES } from '../../helpers/latents.ts';
import { createWasmEngine, NODE_ENGINES } from '../../helpers/kernels.ts';
import { SAELENS_FIXTURES, createDictionary, flatten, openFixture, randomNormal, readGolden, worstError } from '../sae/helpers.ts';

const ARCHITECTURES: Architecture[] = [
  'tied',
  'standard',
  'topk',
  'groupmax',
  'jumprelu',
  'gated',
  'batchtopk',
  'matryoshka_batchtopk',
  'pca',
];

it('runs on both builds of the WASM kernels, and chooses the faster', () => {
  expect(chooseBuild()).toBe('relaxed');
});

describe.each(Object.entries(NODE_ENGINES))('%s', (_, createEngine) => {
  it.each(SAELENS_FIXTURES)('gives the latents and the reconstruction that SAELens gave for %s', async (name) => {
    const engine = createEngine();
    const golden = readGolden(name);
    const { dictionary } = await openFixture(name);
    const x = flatten(golden.x);
    const latents = await engine.encode(dictionary, x);
    expect(worstError(toDense(latents), golden.f.flat())).toBeLessThanOrEqual(1);
    expect(latents.values.length).toBe(golden.f.flat().filter((v) => v !== 0).length);
    expect(worstError(await engine.decode(dictionary, latents, { x }), golden.xhat.flat())).toBeLessThanOrEqual(1);
  });

  it.each(ARCHITECTURES)('agrees with the twin on %s dictionaries of random shapes', async (architecture) => {
    const engine = createEngine();
    for (const { dictionary, x } of randomSuite(architecture, 14)) {
      const latents = await engine.encode(dictionary, x);
      expectSameLatents(dictionary, x, latents, TOLERANCES.wasm);
      // Decoding the same latents: what differs is the sum over directions alone.
      expect(worstError(await engine.decode(dictionary, latents), decode(dictionary, latents))).toBeLessThanOrEqual(10);
    }
  });

  it('gives no rows for no rows, and rows of nothing where nothing is active', async () => {
    const engine = createEngine();
    const dictionary = createDictionary({ architecture: 'jumprelu', d_sae: 70 });
    expect(await engine.encode(dictionary, new Float32Array(0))).toMatchObject({ rows: new Uint32Array([0]), d_sae: 70 });
    const silent = createDictionary({ architecture: 'jumprelu', d_sae: 70 });
    silent.tensors.threshold!.fill(1e30);
    const latents = await engine.encode(silent, randomNormal(createRandom(1), 16 * 5));
    expect([...latents.rows]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(worstError(await engine.decode(silent, latents), decode(silent, latents))).toBeLessThanOrEqual(1);
  });

  it('refuses what the twin refuses, with its sentences, and works on', async () => {
    const engine = createEngine();
    const dictionary = createDictionary({ architecture: 'standard' });
    await expect(engine.encode(dictionary, new Float32Array(17))).rejects.toThrow('17 is not a multiple of that');
    const x = randomNormal(createRandom(2), 16 * 5);
    await expect(engine.encode(dictionary, x.with(3 * 16, NaN) as Float32Array)).rejects.toThrow('Row 3 of the activations');
    const latents = await engine.encode(dictionary, x);
    expectSameLatents(dictionary, x, latents, TOLERANCES.wasm);
    await expect(engine.decode(dictionary, { ...latents, d_sae: 65 })).rejects.toThrow('this one has 64');
    const skip = createDictionary({ architecture: 'skip_transcoder', d_out: 5 });
    await expect(engine.decode(skip, await engine.encode(skip, x))).rejects.toThrow(/give the raw rows as x/);
  });

  it('gives ties of topk to the lower latent', async () => {
    const dictionary = createDictionary({ architecture: 'topk', d_in: 1, d_out: 1, d_sae: 40, k: 3 });
    dictionary.tensors.W_enc = new Float32Array(40).fill(2);
    dictionary.tensors.b_enc = new Float32Array(40);
    const engine = createEngine();
    expect([...(await engine.encode(dictionary, Float32Array.of(1))).latents]).toEqual([0, 1, 2]);
  });
});

describe('the memory of the WASM engine', () => {
  const make = (seed: number, d_sae = 2048) => createDictionary({ architecture: 'standard', d_in: 64, d_out: 64, d_sae }, seed);
  const rows = randomNormal(createRandom(4), 64 * 9);
  const same = (dictionary: Dictionary, latents: Latents) => expectSameLatents(dictionary, rows, latents, TOLERANCES.wasm);

  it('packs a dictionary above the bound panel by panel, with the same latents', async () => {
    const large = make(1, 40_003);
    const engine = createWasmEngine('simd', 2 ** 20);
    same(large, await engine.encode(large, rows));
    // 40 003 · 64 · 4 bytes are 10 MB; panels and working memory stay below that.
    expect(engine.keptBytes()).toBeLessThan(9e6);
  });

  it('stays within its bound when dictionaries take each other’s place, and computes the same after', async () => {
    const bound = 12 * 2 ** 20;
    const engine = createWasmEngine('simd', bound);
    const dictionaries = Array.from({ length: 12 }, (_, i) => make(i));
    for (const dictionary of [...dictionaries, dictionaries[0], ...dictionaries]) {
      same(dictionary, await engine.encode(dictionary, rows));
      expect(engine.keptBytes()).toBeLessThanOrEqual(bound + 4 * 2 ** 20);
    }
  });

  it('gives a dictionary’s bytes back when it is forgotten', async () => {
    const engine = createWasmEngine('simd');
    const dictionary = make(1);
    const before = engine.keptBytes();
    const latents = await engine.encode(dictionary, rows);
    expect(engine.keptBytes()).toBeGreaterThan(before);
    engine.forget(dictionary);
    expect(engine.keptBytes()).toBe(before);
    expect(await engine.encode(dictionary, rows)).toEqual(latents);
  });

  it('stages directions anew when more are active than fit, within a row and across rows', async () => {
    // 20 001 numbers a direction: 52 fit in the stage, and every row has about 100.
    const wide = createDictionary({ architecture: 'standard', d_in: 6, d_out: 6, d_sae: 200 }, 3);
    const d_out = 20_001;
    const transcoder: Dictionary = {
      config: { ...wide.config, architecture: 'transcoder', d_out },
      tensors: { ...wide.tensors, W_dec: randomNormal(createRandom(8), 200 * d_out), b_dec: new Float32Array(d_out) },
    };
    const x = randomNormal(createRandom(9), 6 * 4);
    const latents = encode(transcoder, x);
    expect(latents.latents.length).toBeGreaterThan(300);
    const engine = createWasmEngine('simd');
    const decoded = await engine.decode(transcoder, latents);
    const expected = decode(transcoder, latents);
    expect(Math.max(...decoded.map((v, i) => Math.abs(v - expected[i])))).toBeLessThan(1e-4);
  });
});
