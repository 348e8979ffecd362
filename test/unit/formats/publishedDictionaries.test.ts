/** Every published format: the numbers the real libraries gave, on every engine that runs in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { openDictionaryLearning } from '../../../src/core/formats/dictionaries/dictionaryLearning.ts';
import { EXPORT_FORMATS, exportDictionary, exportObstacle } from '../../../src/core/formats/dictionaries/export.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { openOpenai } from '../../../src/core/formats/dictionaries/openai.ts';
import { readDictionary, type Candidate, type OpenedDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { openLearnedDicts } from '../../../src/core/formats/dictionaries/sparseCoding.ts';
import { createBlob, packDictionary } from '../../../src/core/formats/dictionaries/write.ts';
import { transpose, type TorchTensor, type TorchValue } from '../../../src/core/formats/torch/index.ts';
import type { ExportFormat } from '../../../src/api/dictionaries.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import type { Dictionary } from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { encodeBlocked } from '../../../src/core/sae/encodeBlocked.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import type { SaeEngine } from '../../../src/kernels/engine.ts';
import { createWasmEngine } from '../../helpers/kernels.ts';
import { bytesOf, createDictionary, dropFolder, FIXTURES, flatten, randomNormal, worstError, type Golden } from '../sae/helpers.ts';

interface Fixture {
  folder: string;
  golden: string;
  files: string[];
  format: string;
}

/** One golden file; learned_dicts.pt has one entry for each of its dictionaries. */
type GoldenFile = Golden & { dicts?: (Golden & { expected: Record<string, unknown> })[] };

const { fixtures } = JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8')) as { fixtures: Fixture[] };
const readFile = ({ folder, golden }: Fixture) => JSON.parse(readFileSync(join(FIXTURES, folder, golden), 'utf8')) as GoldenFile;
const drop = ({ folder, files }: Fixture, at = `${folder.split('/').pop()}/`) =>
  files.map((name) => ({ path: at + name, data: createBlob(bytesOf(join(FIXTURES, folder, name))) }));

let engines: SaeEngine[];
beforeAll(() => {
  engines = (['relaxed', 'simd'] as const).map((build) => createWasmEngine(build));
});

async function expectNumbers(dictionary: Dictionary, x: Float32Array<ArrayBuffer>, f: number[][], xhat: number[][]): Promise<void> {
  for (const latents of [encode(dictionary, x), encodeBlocked(dictionary, x)]) {
    expect(worstError(toDense(latents), flatten(f))).toBeLessThanOrEqual(1);
    expect(worstError(decode(dictionary, latents, { x }), flatten(xhat))).toBeLessThanOrEqual(1);
  }
  for (const engine of engines) {
    const latents = await engine.encode(dictionary, x);
    expect(worstError(toDense(latents), flatten(f))).toBeLessThanOrEqual(1);
    expect(worstError(await engine.decode(dictionary, latents, { x }), flatten(xhat))).toBeLessThanOrEqual(1);
    engine.forget(dictionary);
  }
}

describe('every fixture gives the f and x̂ of the library that made it', () => {
  it('there are 42 of six formats', () => {
    expect(fixtures).toHaveLength(42);
    expect(new Set(fixtures.map(({ format }) => format)).size).toBe(7);
  });

  it.each(fixtures.map((fixture) => ({ name: join(fixture.folder, fixture.golden), fixture })))('$name', async ({ fixture }) => {
    const golden = readFile(fixture);
    const { dictionaries } = await openDictionaryFiles(drop(fixture));
    const wanted = golden.dicts ?? [golden];
    expect(dictionaries).toHaveLength(wanted.length);
    for (const [i, { f, xhat, expected }] of wanted.entries()) {
      const { config, format } = dictionaries[i];
      expect(format).toBe(fixture.format);
      for (const key of ['d_in', 'd_sae', 'dtype', 'k', 'model_name'] as const) {
        if (expected[key] !== undefined) expect(config[key], key).toBe(expected[key]);
      }
      await expectNumbers(await readDictionary(dictionaries[i]), flatten(golden.x), f, xhat);
    }
  });
});

describe('hooks are named from what the files or folders say, and left open otherwise', () => {
  const at = (folder: string, path: string) =>
    drop(
      fixtures.find((fixture) => fixture.folder === folder)!,
      path,
    );
  it.each([
    ['dictionary_learning/AutoEncoder', 'x/', 'blocks.3.hook_resid_post', null],
    ['dictionary_learning/backup-of-a-run', 'x/', 'blocks.3.hook_resid_post', null],
    ['sparsify/topk', 'run/layers.3/', 'blocks.3.hook_resid_post', null],
    ['sparsify/topk', 'run/embed_in/', 'hook_embed', null],
    ['sparsify/topk', 'x/', null, null],
    ['sparsify/groupmax', 'run/layers.3.mlp/', 'blocks.3.hook_mlp_out', null],
    ['sparsify/topk-bf16', 'run/layers.3.attention/', 'blocks.3.hook_attn_out', null],
    ['sparsify/skip-transcode', 'run/layers.3.mlp/', 'blocks.3.ln2.hook_normalized', 'blocks.3.hook_mlp_out'],
    ['openai', 'resid_post_mlp_v5_32k/autoencoders/', null, null],
    ['sparse_coding/untied', 'tied_residual_l2_r4/', 'blocks.2.hook_resid_post', null],
    ['1L-sae', 'x/', 'blocks.0.hook_mlp_out', null],
  ] as const)('%s in %s', async (folder, path, hook, out) => {
    const { dictionaries, warnings } = await openDictionaryFiles(at(folder, path));
    const { hook_name, hook_name_out } = dictionaries[0].config;
    expect([hook_name, hook_name_out]).toEqual([hook, out]);
    if (hook === null) expect(warnings.join(' ')).toMatch(/does not say which hook/);
  });

  it("sparse_coding's residual dictionaries get the mean of each row subtracted, and the report says so", async () => {
    const { dictionaries, warnings } = await openDictionaryFiles(at('sparse_coding/tied', 'tied_residual_l2_r4/'));
    expect(dictionaries.every(({ config }) => config.centred)).toBe(true);
    expect(warnings.join(' ')).toContain('the mean of each row of blocks.2.hook_resid_post is subtracted first and put back last');
    const mlp = await openDictionaryFiles(at('sparse_coding/tied', 'tied_mlp_l2_r4/'));
    expect(mlp.dictionaries[0].config).toMatchObject({ hook_name: 'blocks.2.mlp.hook_post' });
    expect(mlp.dictionaries[0].config.centred).toBeUndefined();
    expect(mlp.warnings).toEqual([]);
  });
});

describe('what the files leave unclear is said', () => {
  const open = (folder: string) => openDictionaryFiles(dropFolder(join(FIXTURES, folder), 'x/'));
  it.each([
    ['dictionary_learning/AutoEncoder', /Features are in stored units/],
    ['dictionary_learning/AutoEncoderNew', /b_dec is not subtracted/],
    ['dictionary_learning/AutoEncoderTopK', /The 8 largest features are kept; its stored threshold is not used/],
    ['dictionary_learning/BatchTopKSAE-threshold-unset', /never estimated \(−1\)/],
    ['dictionary_learning/backup-of-a-run', /A backup from the middle of a run/],
    ['sparsify/topk-bf16', /multi_topk was on in training; at inference 6 features are kept/],
    ['openai', /b_dec is subtracted/],
    ['sparse_coding/tied-centred', /centring \(shift, rotation, scale\) is folded into the weights/],
  ])('%s', async (folder, words) => {
    expect((await open(folder)).dictionaries[0].notes!.join(' ')).toMatch(words);
  });

  it("the library's own evaluation beside it is taken for its claims, and costs a warning when damaged", async () => {
    const files = dropFolder(join(FIXTURES, 'dictionary_learning/AutoEncoder'), 'x/');
    const beside = (content: string) => ({ path: 'x/eval_results.json', data: createBlob(new Uint8Array(Buffer.from(content))) });
    const { dictionaries } = await openDictionaryFiles([
      ...files,
      beside('{"l0": 20.5, "frac_variance_explained": 0.75, "frac_recovered": 0.9, "x": []}'),
    ]);
    expect(dictionaries[0].record).toMatchObject({ l0: 20.5, fvu: 0.25, ce_recovered: 0.9, trainer: { layer: 3 } });
    const damaged = await openDictionaryFiles([...files, beside('{"l0": ')]);
    expect(damaged.warnings.join(' ')).toContain('Its figures were not used: x/eval_results.json is not valid JSON');
  });

  it('the wrong class name that one trainer writes costs a warning, any other the file', async () => {
    const [ae, config] = drop(
      fixtures.find(({ folder }) => folder === 'dictionary_learning/AutoEncoderNew')!,
      'x/',
    );
    const said = (dict_class: string) => {
      const text = Buffer.from(new Uint8Array(bytesOf(join(FIXTURES, 'dictionary_learning/AutoEncoderNew/config.json')))).toString();
      return { ...config, data: createBlob(new Uint8Array(Buffer.from(text.replace('"AutoEncoderNew"', JSON.stringify(dict_class))))) };
    };
    const { dictionaries, warnings } = await openDictionaryFiles([ae, said('AutoEncoder')]);
    expect(dictionaries[0].config.apply_b_dec_to_input).toBe(false);
    expect(warnings.join(' ')).toContain('says AutoEncoder, but the tensors are those of AutoEncoderNew; they count');
    await expect(openDictionaryFiles([ae, said('GatedAutoEncoder')])).rejects.toThrow('gives dict_class as "GatedAutoEncoder"');
  });
});

/** The exports of a dictionary, opened again. */
async function reopen(opened: OpenedDictionary, format: ExportFormat) {
  const files = await exportDictionary(opened, format, 'again');
  const drop = await Promise.all(
    files.map(async ({ path, parts, bytes }) => {
      const buffers = await Promise.all(parts.map(async (part) => ('size' in part ? new Uint8Array(await part.arrayBuffer()) : part)));
      const all = new Uint8Array(Buffer.concat(buffers));
      expect(all.length, path).toBe(bytes);
      return { path, data: createBlob(all) };
    }),
  );
  const { dictionaries } = await openDictionaryFiles(drop);
  expect(dictionaries).toHaveLength(1);
  return dictionaries[0];
}

describe('exports', () => {
  const formats = EXPORT_FORMATS.map((format) => ({ format }));
  describe.each(formats)('as $format', ({ format }) => {
    it.each(fixtures.map((fixture) => ({ name: join(fixture.folder, fixture.golden), fixture })))(
      '$name gives the same numbers, or says why not',
      async ({ fixture }) => {
        const golden = readFile(fixture);
        const { dictionaries } = await openDictionaryFiles(drop(fixture));
        for (const [i, { f, xhat }] of (golden.dicts ?? [golden]).entries()) {
          const obstacle = exportObstacle(dictionaries[i].config, format);
          if (obstacle) {
            expect(obstacle).toMatch(/^[\w ]+.*\. Export (it|this dictionary) for (SAELens|dictionary_learning|sparsify).*\.$/);
            await expect(exportDictionary(dictionaries[i], format)).rejects.toThrow(obstacle);
            continue;
          }
          const again = await reopen(dictionaries[i], format);
          expect(again.config.hook_name).toBe(dictionaries[i].config.hook_name);
          await expectNumbers(await readDictionary(again), flatten(golden.x), f, xhat);
        }
      },
    );
  });

  it('offers what each library can hold', () => {
    const offered = (stated: Parameters<typeof createDictionary>[0]) =>
      EXPORT_FORMATS.filter((format) => exportObstacle(createDictionary(stated).config, format) === '');
    expect(offered({ architecture: 'tied' })).toEqual(['saelens', 'dictionary_learning']);
    expect(offered({ architecture: 'topk', k: 3 })).toEqual(['saelens', 'dictionary_learning', 'sparsify']);
    expect(offered({ architecture: 'groupmax', k: 4 })).toEqual(['sparsify']);
    expect(offered({ architecture: 'topk_transcoder', k: 4 })).toEqual(['sparsify']);
    expect(offered({ architecture: 'transcoder' })).toEqual(['saelens']);
    expect(offered({ architecture: 'standard', normalize_activations: 'layer_norm' })).toEqual(['saelens']);
    expect(offered({ architecture: 'standard', centred: true })).toEqual(['saelens']);
  });

  const variants: Parameters<typeof createDictionary>[0][] = [
    { architecture: 'tied', activation_scale: 0.2 },
    { architecture: 'gated', apply_b_dec_to_input: false },
    { architecture: 'jumprelu', apply_b_dec_to_input: true },
    { architecture: 'topk', k: 5, apply_b_dec_to_input: false, rescale_acts_by_decoder_norm: true },
    { architecture: 'batchtopk', k: 5, apply_b_dec_to_input: false, rescale_acts_by_decoder_norm: true },
    { architecture: 'standard', normalize_activations: 'expected_average_only_in', activation_scale: 0.3, apply_b_dec_to_input: true },
    { architecture: 'groupmax', k: 8, apply_b_dec_to_input: false },
    { architecture: 'topk_transcoder', k: 5, hook_name: 'blocks.1.ln2.hook_normalized', hook_name_out: 'blocks.1.hook_mlp_out' },
    { architecture: 'topk_skip_transcoder', k: 5, apply_b_dec_to_input: true, hook_name_out: 'blocks.0.hook_resid_post' },
    { architecture: 'groupmax_transcoder', k: 8, hook_name: 'blocks.1.ln2.hook_normalized', hook_name_out: 'blocks.1.hook_mlp_out' },
  ];
  it.each(variants.flatMap((stated) => EXPORT_FORMATS.map((format) => ({ stated, format, name: JSON.stringify(stated) }))))(
    '$format computes the same after folding: $name',
    async ({ stated, format }) => {
      const dictionary = createDictionary(stated, 5);
      const opened = packDictionary(dictionary, 'test');
      if (exportObstacle(dictionary.config, format)) return;
      const x = randomNormal(createRandom(3), 6 * 16, 2);
      const again = await readDictionary(await reopen(opened, format));
      const [before, after] = [encode(dictionary, x), encode(again, x)];
      expect(before.latents.length).toBeGreaterThan(6);
      expect(worstError(toDense(after), toDense(before))).toBeLessThanOrEqual(2);
      expect(worstError(decode(again, after, { x }), decode(dictionary, before, { x }))).toBeLessThanOrEqual(2);
    },
  );
});

describe('the worked example of the format reference, through the importers', () => {
  const W_enc = Float32Array.from({ length: 24 }, (_, at) => (((3 * Math.floor(at / 6) + 5 * (at % 6)) % 7) - 3) / 4);
  const W_dec = Float32Array.from({ length: 24 }, (_, at) => (((2 * Math.floor(at / 4) + 3 * (at % 4) + 1) % 7) - 3) / 4);
  const b_enc = Float32Array.from({ length: 6 }, (_, j) => ((j % 3) - 1) / 8);
  const b_dec = Float32Array.from({ length: 4 }, (_, i) => (2 * (i % 2) - 1) / 8);
  const thr = Float32Array.of(0, 0.75, 0.5, 0.25, 0, 0.75);
  const x = Float32Array.from({ length: 8 }, (_, at) => (((2 * Math.floor(at / 4) + 3 * (at % 4) + 1) % 5) - 2) / 2);
  const tensor = (values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>, ...shape: number[]): TorchTensor => ({
    kind: 'tensor',
    dtype: values instanceof Int32Array ? 'I32' : 'F32',
    shape,
    strides: shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1)),
    offset: 0,
    storage: createBlob(new Uint8Array(values.buffer)),
    verify: () => Promise.resolve(),
  });
  // E = W_encᵀ and D = W_decᵀ: the same numbers under turned strides, as the libraries themselves save them.
  const E = transpose(tensor(W_enc, 4, 6));
  const D = transpose(tensor(W_dec, 6, 4));
  const linear: [string, TorchValue][] = [
    ['encoder.weight', E],
    ['decoder.weight', D],
    ['encoder.bias', tensor(b_enc, 6)],
  ];
  const learning = (...entries: [string, TorchValue][]) => openDictionaryLearning('ae.pt', new Map(entries), undefined, []);
  const topk = (threshold: number): [string, TorchValue][] => [
    ...linear,
    ['b_dec', tensor(b_dec, 4)],
    ['k', tensor(Int32Array.of(2))],
    ['threshold', tensor(Float32Array.of(threshold))],
  ];
  const openai: [string, TorchValue][] = [
    ['encoder.weight', E],
    ['decoder.weight', D],
    ['latent_bias', tensor(b_enc, 6)],
    ['pre_bias', tensor(b_dec, 4)],
  ];
  const learned = async (kind: string, ...entries: [string, TorchValue][]) => {
    const object = { kind: 'object' as const, className: `autoencoders.learned_dict.${kind}`, state: new Map<string, TorchValue>(entries) };
    return (await openLearnedDicts('learned_dicts.pt', [[object, new Map()]], []))[0];
  };
  const STANDARD = [0.53125, 0.25, 0.1875, 0.1875, 0.125, 0, 0.28125, 1, 0, 0, 1.25, 0.65625];
  const STANDARD_X = [-0.46875, 0.414062, -0.460938, 0.09375, -0.414062, 1.078125, -1.210938, 1.429688];
  const TOPK = [0.53125, 0.25, 0, 0, 0, 0, 0, 1, 0, 0, 1.25, 0];
  const TOPK_X = [-0.390625, 0.445312, -0.585938, 0.25, -0.4375, 1.5, -1, 0.9375];
  const cases: [string, () => Promise<Candidate>, number[], number[]][] = [
    ['dl AutoEncoder, not normalised', () => learning(...linear, ['bias', tensor(b_dec, 4)]), STANDARD, STANDARD_X],
    ['dl TopK', () => learning(...topk(-1)), TOPK, TOPK_X],
    [
      'dl TopK of 2024, whose k stands in config.json alone',
      () => openDictionaryLearning('ae.pt', new Map(topk(-1).slice(0, 4)), { trainer: { dict_class: 'AutoEncoderTopK', k: 2 } }, []),
      TOPK,
      TOPK_X,
    ],
    [
      'dl BatchTopK, threshold 0.5',
      () => openDictionaryLearning('ae.pt', new Map(topk(0.5)), { trainer: { dict_class: 'BatchTopKSAE' } }, []),
      [0.53125, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1.25, 0.65625],
      [-0.390625, 0.257812, -0.523438, 0.125, -0.273438, 1.007812, -1, 1.429688],
    ],
    [
      'dl JumpReLU',
      () =>
        learning(
          ['W_enc', tensor(W_enc, 4, 6)],
          ['W_dec', tensor(W_dec, 6, 4)],
          ['b_enc', tensor(b_enc, 6)],
          ['b_dec', tensor(b_dec, 4)],
          ['threshold', tensor(thr, 6)],
        ),
      [0.5, 0, 0, 0.375, 0, 0, 0.25, 0, 0, 0, 1, 0],
      [-0.65625, 0.25, -0.21875, 0.03125, -0.5, 0.6875, -0.8125, 0.375],
    ],
    [
      'dl Gated',
      () =>
        learning(
          ...linear.slice(0, 2),
          ['decoder_bias', tensor(b_dec, 4)],
          ['gate_bias', tensor(b_enc, 6)],
          [
            'mag_bias',
            tensor(
              thr.map((t) => t - 0.25),
              6,
            ),
          ],
          [
            'r_mag',
            tensor(
              Float32Array.from([0, 1, 0, 1, 0, 1], (v) => v * Math.LN2),
              6,
            ),
          ],
        ),
      [0.40625, 1, 0.3125, 0.625, 0, 0, 0.15625, 2.5, 0, 0, 1, 1.5625],
      [-0.640625, 0.820312, -0.132812, 0.234375, -0.0625, 1.367188, -1.367188, 2.796875],
    ],
    ['OpenAI ReLU', () => openOpenai('0.pt', new Map([...openai, ['activation', 'ReLU']]), []), STANDARD, STANDARD_X],
    [
      'OpenAI TopK with LayerNorm',
      () =>
        openOpenai(
          '0.pt',
          new Map<string, TorchValue>([...openai, ['activation', 'TopK'], ['activation_state_dict', new Map([['k', 2]])]]),
          [],
        ),
      [0.601571, 0, 0.37665, 0, 0, 0, 0, 1.605523, 0, 0, 1.605523, 0],
      [-0.32777, -0.050652, -0.536599, -0.25948, -0.089777, 1.626138, -0.607958, 1.107958],
    ],
    [
      'sparse_coding tied',
      () => learned('TiedSAE', ['encoder', E], ['encoder_bias', tensor(b_enc, 6)]),
      [0.448539, 0, 0.392261, 0.409522, 0, 0, 0.219124, 0.707107, 0, 0, 0.942809, 0.583831],
      [-0.527605, 0.423958, -0.124479, 0.10677, 0.983129, -0.957376, 0.761922, -0.592895],
    ],
    [
      'sparse_coding untied',
      () => learned('UntiedSAE', ['encoder', E], ['decoder', tensor(W_dec, 6, 4)], ['encoder_bias', tensor(b_enc, 6)]),
      [0.5, 0, 0.375, 0.375, 0, 0, 0.25, 0.75, 0, 0, 1, 0.625],
      [-0.348577, -0.043146, -0.054411, -0.351196, -0.306474, 0.870454, -1.033347, 1.147274],
    ],
  ];
  it('a TopK without any k is refused', async () => {
    await expect(learning(...topk(-1).slice(0, 4))).rejects.toThrow('ae.pt gives k as nothing; it must be a whole number from 1 to 6');
  });

  it.each(cases)('%s', async (_, open, f, xhat) => {
    const dictionary = await readDictionary(await (await open()).open());
    const latents = encode(dictionary, x);
    expect(worstError(toDense(latents), f)).toBeLessThanOrEqual(1);
    expect(worstError(decode(dictionary, latents), xhat)).toBeLessThanOrEqual(1);
  });
});

describe("Gemma Scope's layout", () => {
  /** A .npy of version 1 as NumPy writes it. */
  function npy(values: Float32Array<ArrayBuffer>, shape: number[]): Uint8Array {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
    const padded = `${header}${' '.repeat(127 - ((10 + header.length) % 128))}\n`;
    const length = Buffer.alloc(2);
    length.writeUInt16LE(padded.length);
    return Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]),
      length,
      Buffer.from(padded, 'latin1'),
      new Uint8Array(values.buffer),
    ]);
  }

  const source = createDictionary({ architecture: 'jumprelu' }, 4);
  source.tensors.threshold = source.tensors.threshold!.map(Math.abs);
  const shapes: Record<string, number[]> = { W_enc: [16, 64], W_dec: [64, 16], b_enc: [64], b_dec: [16], threshold: [64] };
  const archive = (change: (files: Record<string, Uint8Array>) => void = () => undefined) => {
    const files = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [`${name}.npy`, npy(source.tensors[name as 'W_enc']!, shape)]),
    );
    change(files);
    return createBlob(new Uint8Array(zipSync(files, { level: 0 })));
  };

  it('opens with the same numbers, the hook named by its folders', async () => {
    const path = 'gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71/params.npz';
    const { dictionaries } = await openDictionaryFiles([{ path, data: archive() }]);
    const [{ config, format, name }] = dictionaries;
    expect({ format, name, hook: config.hook_name }).toEqual({
      format: 'gemma-scope',
      name: 'layer_20 width_16k average_l0_71',
      hook: 'blocks.20.hook_resid_post',
    });
    const x = randomNormal(createRandom(9), 5 * 16, 2);
    const dictionary = await readDictionary(dictionaries[0]);
    expect(encode(dictionary, x)).toEqual(encode(source, x));
    expect(decode(dictionary, encode(dictionary, x))).toEqual(decode(source, encode(source, x)));
  });

  it.each([
    [
      'a missing array',
      (files: Record<string, Uint8Array>) => delete files['threshold.npy'],
      /has no tensor threshold, which Gemma Scope's layout needs/,
    ],
    [
      'an array too many',
      (files: Record<string, Uint8Array>) => (files['W_skip.npy'] = npy(new Float32Array(4), [4])),
      /holds W_skip, which no dictionary/,
    ],
    [
      'a wrong shape',
      (files: Record<string, Uint8Array>) => (files['b_enc.npy'] = npy(new Float32Array(63), [63])),
      /stores b_enc as \[63\], but its encoder asks for \[64\]/,
    ],
  ])('%s is refused', async (_, change, words) => {
    await expect(openDictionaryFiles([{ path: 'params.npz', data: archive(change) }])).rejects.toThrow(words);
  });
});
