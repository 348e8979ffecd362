import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import type { BlobLike } from '../../../src/core/formats/bytes.ts';
import type { OutFile } from '../../../src/core/formats/dictionaries/files.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { writeSafetensors } from '../../../src/core/formats/safetensors.ts';
import { createBlob, exportSaelens, packDictionary, writeDictionary } from '../../../src/core/formats/dictionaries/write.ts';
import { isTied } from '../../../src/core/sae/dictionary.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { encodeBlocked } from '../../../src/core/sae/encodeBlocked.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import {
  FIXTURES,
  SAELENS_FIXTURES,
  bytesOf,
  createDictionary,
  dropFolder,
  openFixture,
  randomNormal,
  readGolden,
  worstError,
} from '../sae/helpers.ts';

const PUBLIC = join(import.meta.dirname, '../../../public/dictionaries');

async function gather(file: OutFile): Promise<BlobLike> {
  const buffers = await Promise.all(file.parts.map(async (part) => ('size' in part ? new Uint8Array(await part.arrayBuffer()) : part)));
  const all = Buffer.concat(buffers);
  expect(all.length).toBe(file.bytes);
  return createBlob(new Uint8Array(all));
}

async function reopen(files: OutFile[]) {
  const drop = await Promise.all(files.map(async (file) => ({ path: file.path, data: await gather(file) })));
  return { drop, ...(await openDictionaryFiles(drop)) };
}

async function hash(data: BlobLike): Promise<string> {
  return createHash('sha256')
    .update(new Uint8Array(await data.arrayBuffer()))
    .digest('hex');
}

function textBlob(text: string): BlobLike {
  return createBlob(new Uint8Array(Buffer.from(text)));
}

/** A folder of a random dictionary with its cfg.json changed. */
function dropChanged(dictionary: Parameters<typeof packDictionary>[0], change: (cfg: Record<string, unknown>) => unknown) {
  const opened = packDictionary(dictionary, 'test');
  const weights = writeDictionary(opened)[1];
  const cfg = change(JSON.parse(opened.cfgText) as Record<string, unknown>);
  return Promise.all([gather(weights)]).then(([data]) => [
    { path: 'test/cfg.json', data: textBlob(JSON.stringify(cfg)) },
    { path: 'test/sae_weights.safetensors', data },
  ]);
}

describe('opening SAELens folders', () => {
  it.each(SAELENS_FIXTURES)('%s is understood as the library understands it', async (name) => {
    const { expected } = readGolden(name);
    const { opened } = await openFixture(name);
    const { config } = opened;
    expect(opened.format).toBe(expected.format);
    for (const key of [
      'architecture',
      'd_in',
      'd_sae',
      'dtype',
      'hook_name',
      'model_name',
      'apply_b_dec_to_input',
      'normalize_activations',
      'reshape_activations',
      'sae_lens_version',
      'context_size',
      'prepend_bos',
      'dataset_path',
    ] as const) {
      expect(config[key], key).toBe(expected[key] ?? null);
    }
    for (const key of ['k', 'rescale_acts_by_decoder_norm', 'activation_scale'] as const)
      if (key in expected) expect(config[key], key).toBe(expected[key]);
    expect(config.hook_name_out).toBe(expected.hook_name_out ?? null);
    expect(config.d_out).toBe(expected.d_out ?? expected.d_in);
    expect(config.training_checkpoint).toBe(expected.training_checkpoint ?? false);
  });

  it('leaves the optimiser state of a checkpoint out and says so', async () => {
    const { opened, warnings } = await openFixture('saelens-v6/checkpoint-batchtopk');
    expect(warnings).toEqual(['Left out of checkpoint-batchtopk: trainer_state.pt.']);
    expect(opened.extras.map(({ name }) => name)).toEqual(['sparsity.safetensors', 'activation_scaler.json']);
    expect(opened.sparsity).toHaveLength(64);
  });

  it('finds several dictionaries in one drop, in natural order, and opens those picked', async () => {
    const files = [10, 2, 1].flatMap((i) => dropFolder(join(FIXTURES, 'saelens-v6/standard'), `run/layer_${i}/`));
    const all = await openDictionaryFiles([...files, { path: 'run/README.md', data: textBlob('hello') }]);
    expect(all.dictionaries.map(({ name }) => name)).toEqual(['layer_1', 'layer_2', 'layer_10']);
    expect(all.warnings).toEqual(['Not used: run/README.md.']);
    const progress: [number, number][] = [];
    const picked = await openDictionaryFiles(files, { pick: [2, 0], onProgress: (done, total) => progress.push([done, total]) });
    expect(picked.dictionaries.map(({ name }) => name)).toEqual(['layer_10', 'layer_1']);
    expect(progress.at(-1)).toEqual([2 * 8512, 2 * 8512]);
    await expect(openDictionaryFiles(files, { pick: [3] })).rejects.toThrow(
      'There is no dictionary number 3; 3 were found, counted from 0.',
    );
  });

  it('opens loose files without a folder and names the dictionary after its hook', async () => {
    const { dictionaries } = await openDictionaryFiles(dropFolder(join(FIXTURES, 'saelens-v6/gated')));
    expect(dictionaries[0].name).toBe('blocks.1.hook_attn_out');
  });

  it('opens the good ones of a mixed drop and says what is wrong with the others', async () => {
    const { dictionaries, warnings } = await openDictionaryFiles([
      ...dropFolder(join(FIXTURES, 'saelens-v6/standard'), 'good/'),
      ...dropFolder(join(FIXTURES, 'evil/st-nan'), 'bad/'),
      ...dropFolder(join(FIXTURES, 'evil/pt-os-system'), 'other/'),
    ]);
    expect(dictionaries.map(({ name }) => name)).toEqual(['good']);
    expect(warnings).toEqual([
      expect.stringMatching(/^other\/ae\.pt asks for os\.system/),
      expect.stringMatching(/^bad: W_enc holds a value that is not a number/),
    ]);
  });

  it('stops on request', async () => {
    await expect(openDictionaryFiles(dropFolder(join(FIXTURES, 'saelens-v6/gated')), { stop: { aborted: true } })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('takes the training record from featurescope.json before the one in cfg.json', async () => {
    const all = dropFolder(join(PUBLIC, 'bookworm-9m/resid_post_0_r4-a0.004'));
    const shipped = (await openDictionaryFiles(all)).dictionaries[0].record;
    expect(shipped).toMatchObject({ version: 2, alpha: 0.004, architecture: 'tied', made_by: 'featurescope (PyTorch)' });
    const cfg = JSON.parse(Buffer.from(bytesOf(join(PUBLIC, 'bookworm-9m/resid_post_0_r4-a0.004/cfg.json'))).toString()) as {
      metadata: object;
    };
    const withTraining = textBlob(JSON.stringify({ ...cfg, metadata: { ...cfg.metadata, training: { alpha: 0.004, alive: 275 } } }));
    const files = all
      .filter(({ path }) => path !== 'featurescope.json')
      .map((file) => (file.path === 'cfg.json' ? { ...file, data: withTraining } : file));
    expect((await openDictionaryFiles(files)).dictionaries[0].record).toEqual({ alpha: 0.004, alive: 275 });
    const data = textBlob('{"seed": 7}');
    expect((await openDictionaryFiles([...files, { path: 'featurescope.json', data }])).dictionaries[0].record).toEqual({ seed: 7 });
  });

  it('a damaged sparsity file costs the figure, not the dictionary', async () => {
    const files = dropFolder(join(FIXTURES, 'saelens-v6/standard'), 'a/').map((file) =>
      file.path.endsWith('sparsity.safetensors') ? { ...file, data: textBlob('x') } : file,
    );
    const { dictionaries, warnings } = await openDictionaryFiles(files);
    expect(dictionaries[0].sparsity).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^a\/sparsity\.safetensors was not used: .*too few for a safetensors file/)]);
  });
});

describe('configurations', () => {
  const standard = createDictionary({ architecture: 'standard', apply_b_dec_to_input: true });
  const open = async (change: (cfg: Record<string, unknown>) => unknown, dictionary = standard) =>
    openDictionaryFiles(await dropChanged(dictionary, change));

  it('accept the torch spelling of a dtype and fill in what SAELens fills in', async () => {
    const { dictionaries } = await open(({ d_in, d_sae, architecture, metadata }) => ({
      d_in,
      d_sae,
      architecture,
      metadata,
      dtype: 'torch.float32',
    }));
    expect(dictionaries[0].config).toMatchObject({
      dtype: 'float32',
      apply_b_dec_to_input: true,
      normalize_activations: 'none',
      reshape_activations: 'none',
    });
  });

  it('without a version are taken for old files, but keep their hook', async () => {
    const { dictionaries, warnings } = await open((cfg) => ({ ...cfg, metadata: { hook_name: 'blocks.1.hook_mlp_out' } }));
    expect(dictionaries[0]).toMatchObject({
      format: 'saelens-pre6',
      config: { hook_name: 'blocks.1.hook_mlp_out', sae_lens_version: null },
    });
    expect(warnings).toEqual([
      'test/cfg.json has metadata without sae_lens_version, so SAELens 6 would lose its hook name. An export from here mends that.',
    ]);
  });

  it('before version 6 may say true and false for normalisation', async () => {
    const old = (value: unknown) =>
      open((cfg) => ({
        ...cfg,
        metadata: undefined,
        hook_point: 'blocks.0.attn.hook_z',
        reshape_activations: undefined,
        normalize_activations: value,
      }));
    for (const value of [false, null, 'none']) expect((await old(value)).dictionaries[0].config.normalize_activations).toBe('none');
    const { dictionaries, warnings } = await old(true);
    expect(dictionaries[0].config).toMatchObject({
      normalize_activations: 'expected_average_only_in',
      reshape_activations: 'hook_z',
      hook_name: 'blocks.0.attn.hook_z',
      prepend_bos: true,
    });
    expect(warnings).toEqual([
      'test/cfg.json expects activations of mean norm √d_in, but states no factor; they are taken as they are, as SAELens does.',
    ]);
  });

  it('made on a centred stream say so for hooks that centring moves, and only there', async () => {
    const centred = (hook_name: string) =>
      open((cfg) => ({
        ...cfg,
        metadata: { sae_lens_version: '6.18.0', hook_name, model_from_pretrained_kwargs: { center_writing_weights: true } },
      }));
    expect((await centred('blocks.3.hook_resid_post')).dictionaries[0].config.centred).toBe(true);
    expect((await centred('blocks.3.mlp.hook_post')).dictionaries[0].config.centred).toBeUndefined();
  });

  it('without a hook open with a warning', async () => {
    const { dictionaries, warnings } = await open((cfg) => ({ ...cfg, metadata: { sae_lens_version: '6.18.0', hook_name: 3 } }));
    expect(dictionaries[0].config.hook_name).toBeNull();
    expect(warnings).toEqual(['test/cfg.json does not say which hook the dictionary belongs to.']);
  });

  it.each([
    ['architecture', 'temporal', 'test/cfg.json asks for the architecture "temporal"; known are tied, standard,'],
    ['architecture', undefined, 'test/cfg.json does not say which architecture the dictionary has.'],
    ['d_in', undefined, 'test/cfg.json gives d_in as nothing; it must be a whole number from 1'],
    ['d_sae', 0, 'test/cfg.json gives d_sae as 0; it must be a whole number from 1'],
    ['apply_b_dec_to_input', 'yes', 'test/cfg.json gives apply_b_dec_to_input as "yes"; it must be true or false.'],
    ['normalize_activations', null, 'test/cfg.json gives normalize_activations as null; known are none,'],
    ['reshape_activations', 'hook_q', 'test/cfg.json gives reshape_activations as "hook_q"; known are none, hook_z.'],
  ])('with %s %j are refused', async (key, value, sentence) => {
    await expect(open((cfg) => ({ ...cfg, [key]: value }))).rejects.toThrow(sentence);
  });

  it('of other kinds are refused by what they ask for', async () => {
    const transcoder = createDictionary({ architecture: 'transcoder' });
    await expect(open((cfg) => ({ ...cfg, apply_b_dec_to_input: true }), transcoder)).rejects.toThrow(
      'asks to subtract b_dec from the input, which the architecture transcoder cannot do.',
    );
    await expect(open((cfg) => ({ ...cfg, metadata: undefined, activation_fn_str: 'tanh-relu' }))).rejects.toThrow(
      'asks for the activation function "tanh-relu"',
    );
    const topk = createDictionary({ architecture: 'topk', k: 3 });
    await expect(open((cfg) => ({ ...cfg, rescale_acts_by_decoder_norm: 1 }), topk)).rejects.toThrow(
      'gives rescale_acts_by_decoder_norm as 1',
    );
    await expect(open((cfg) => ({ ...cfg, k: 2.5 }), topk)).rejects.toThrow(
      'gives k as 2.5; it must be a whole number from 1 to d_sae, 64.',
    );
  });

  it('with a scale that is no positive number are refused', async () => {
    const files = await dropChanged(standard, (cfg) => ({ ...cfg, normalize_activations: 'expected_average_only_in' }));
    for (const factor of [0, -1, '2', 1e999]) {
      const scaler = {
        path: 'test/activation_scaler.json',
        data: textBlob(`{"scaling_factor": ${factor === Infinity ? '1e999' : JSON.stringify(factor)}}`),
      };
      await expect(openDictionaryFiles([...files, scaler])).rejects.toThrow('The activation scale beside test/cfg.json is');
    }
  });
});

describe('weights', () => {
  it.each([
    ['F16', (v: number) => Math.round(v * 256) / 256],
    ['BF16', (v: number) => Math.round(v * 16) / 16],
    ['F64', (v: number) => v],
  ])('stored as %s are widened to fp32 and given back as they were', async (dtype, round) => {
    const dictionary = createDictionary({ architecture: 'standard' });
    for (const tensor of Object.values(dictionary.tensors)) tensor.forEach((v, i) => (tensor[i] = Math.max(-1.9, Math.min(1.9, round(v)))));
    const packed = packDictionary(dictionary, 'narrow');
    const parts = packed.parts.map((part) => ({
      ...part,
      dtype,
      data: createBlob(narrow(dictionary.tensors[part.name as 'W_enc']!, dtype)),
    }));
    const { dictionaries, warnings } = await reopen(writeDictionary({ ...packed, parts }, 'narrow'));
    const name = { F16: 'float16', BF16: 'bfloat16', F64: 'float64' }[dtype]!;
    expect(dictionaries[0].config.dtype).toBe(name);
    expect(warnings).toEqual([`narrow/cfg.json says float32, but the weights are stored as ${name}.`]);
    expect((await readDictionary(dictionaries[0])).tensors).toEqual(dictionary.tensors);
    for (const [i, part] of dictionaries[0].parts.entries()) expect(await hash(part.data)).toBe(await hash(parts[i].data));
  });

  it('larger than a slice are read whole, and a NaN in the last slice is found', async () => {
    const dictionary = createDictionary({ architecture: 'standard', d_in: 600, d_sae: 2048 });
    const packed = packDictionary(dictionary, 'large');
    const read = await readDictionary(packed);
    expect(Buffer.compare(Buffer.from(read.tensors.W_enc!.buffer), Buffer.from(dictionary.tensors.W_enc!.buffer))).toBe(0);
    dictionary.tensors.W_dec![600 * 2048 - 1] = NaN;
    await expect(reopen(writeDictionary(packDictionary(dictionary, 'large')))).rejects.toThrow(
      'W_dec holds a value that is not a number (NaN), at position 1228799.',
    );
  });
});

function narrow(values: Float32Array<ArrayBuffer>, dtype: string): Uint8Array<ArrayBuffer> {
  if (dtype === 'F64') return new Uint8Array(Float64Array.from(values).buffer);
  const bits = new Uint32Array(values.buffer);
  const half = (b: number) => {
    if ((b & 0x7fffffff) === 0) return b >>> 16;
    const exponent = ((b >>> 23) & 255) - 127 + 15;
    return ((b >>> 16) & 0x8000) | (exponent << 10) | ((b >>> 13) & 1023);
  };
  return new Uint8Array(Uint16Array.from(bits, (b) => (dtype === 'BF16' ? b >>> 16 : half(b))).buffer);
}

describe('writing', () => {
  it.each(SAELENS_FIXTURES)('%s gives back every tensor byte for byte and means the same when read again', async (name) => {
    const { opened, dictionary } = await openFixture(name);
    const { drop, dictionaries } = await reopen(await exportSaelens(opened, 'out'));
    const original = createBlob(bytesOf(join(FIXTURES, name, 'sae_weights.safetensors')));
    // The same tensors in the same order with the same padding rule: the whole file is the same.
    expect(await hash(drop.find(({ path }) => path === 'out/sae_weights.safetensors')!.data)).toBe(await hash(original));
    const again = dictionaries[0];
    expect(again.parts.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual(
      opened.parts.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    );
    for (const [i, { data }] of again.parts.entries()) expect(await hash(data)).toBe(await hash(opened.parts[i].data));
    const { sae_lens_version, ...config } = opened.config;
    expect(again.config).toEqual({ ...config, sae_lens_version: sae_lens_version ?? '6.18.0' });
    expect(again.sparsity).toEqual(opened.sparsity);
    expect((await readDictionary(again)).tensors).toEqual(dictionary.tensors);
  });

  it.each(SAELENS_FIXTURES.filter((name) => name.startsWith('saelens-v6')))('%s gives back cfg.json unchanged', async (name) => {
    const { opened } = await openFixture(name);
    const cfg = writeDictionary(opened).find(({ path }) => path === 'cfg.json')!;
    expect(await hash(await gather(cfg))).toBe(await hash(createBlob(bytesOf(join(FIXTURES, name, 'cfg.json')))));
  });

  it.each(['standard', 'topk'])('an old %s file is written so that SAELens 6 finds its hook, unknown keys kept', async (name) => {
    const { opened } = await openFixture(`saelens-pre6/${name}`);
    const before = JSON.parse(readFileSync(join(FIXTURES, 'saelens-pre6', name, 'cfg.json'), 'utf8')) as Record<string, unknown>;
    const after = JSON.parse(Buffer.from(await (await gather(writeDictionary(opened)[0])).arrayBuffer()).toString()) as Record<
      string,
      unknown
    >;
    expect(after).toEqual({
      ...before,
      architecture: name,
      reshape_activations: 'none',
      normalize_activations: 'none',
      ...(name === 'topk' && { k: 8, rescale_acts_by_decoder_norm: false }),
      metadata: {
        model_name: 'pythia-70m-deduped',
        hook_name: 'blocks.3.hook_resid_post',
        hook_head_index: name === 'topk' ? null : undefined,
        context_size: 128,
        prepend_bos: false,
        dataset_path: 'monology/pile-uncopyrighted',
        model_from_pretrained_kwargs: name === 'topk' ? {} : undefined,
        sae_lens_training_version: before.sae_lens_training_version,
        sae_lens_version: '6.18.0',
      },
    });
  });

  it('a dictionary made here comes back the same, its scale and record included', async () => {
    const dictionary = createDictionary({
      architecture: 'standard',
      normalize_activations: 'expected_average_only_in',
      activation_scale: 0.5,
      centred: true,
      apply_b_dec_to_input: true,
    });
    const { dictionaries } = await reopen(writeDictionary(packDictionary(dictionary, 'mine', { note: 'kept' }, { seed: 3 }), 'mine'));
    expect(dictionaries[0].config).toEqual(dictionary.config);
    expect(dictionaries[0].record).toEqual({ seed: 3 });
    expect(JSON.parse(dictionaries[0].cfgText)).toMatchObject({ note: 'kept' });
    expect(await readDictionary(dictionaries[0])).toEqual(dictionary);
  });

  it.each(['jumprelu', 'gated', 'topk', 'batchtopk', 'transcoder', 'skip_transcoder', 'jumprelu_skip_transcoder'] as const)(
    'a %s dictionary made here comes back the same',
    async (architecture) => {
      const sizes = architecture.endsWith('transcoder') ? { d_out: 9 } : {};
      const topk = architecture === 'topk' || architecture === 'batchtopk' ? { k: 4, rescale_acts_by_decoder_norm: true } : {};
      const dictionary = createDictionary({ architecture, ...sizes, ...topk });
      const { dictionaries } = await reopen(writeDictionary(packDictionary(dictionary, 'mine'), 'mine'));
      expect(await readDictionary(dictionaries[0])).toEqual(dictionary);
    },
  );

  it('the tied form is kept raw among our own files and folded to standard for SAELens', async () => {
    const dictionary = createDictionary({ architecture: 'tied', activation_scale: 0.06 });
    const own = await reopen(writeDictionary(packDictionary(dictionary, 'tied'), 'tied'));
    expect(own.dictionaries[0].format).toBe('tied');
    expect(await readDictionary(own.dictionaries[0])).toEqual(dictionary);
    const foreign = await reopen(await exportSaelens(own.dictionaries[0], 'tied'));
    expect(foreign.dictionaries[0]).toMatchObject({
      format: 'saelens',
      config: { architecture: 'standard', apply_b_dec_to_input: false, hook_name: dictionary.config.hook_name },
    });
    const folded = await readDictionary(foreign.dictionaries[0]);
    expect(isTied(folded)).toBe(true);
    const x = randomNormal(createRandom(4), 3 * 16, 20);
    expect(worstError(toDense(encode(folded, x)), toDense(encode(dictionary, x)))).toBeLessThanOrEqual(1);
  });

  it('pads a header to a multiple of eight and survives no tensors', () => {
    const [length, header] = writeSafetensors([]) as Uint8Array[];
    expect([new DataView(length.buffer).getUint32(0, true), header.length]).toEqual([8, 8]);
  });
});

describe('the dictionaries that ship', () => {
  const index = JSON.parse(readFileSync(join(PUBLIC, 'index.json'), 'utf8')) as {
    id: string;
    path: string;
    files: string[];
    hook: string;
    d_in: number;
    d_sae: number;
    bytes: number;
  }[];

  it('have fixed ids', () => {
    const blocks = [0, 1, 2, 3, 4, 5];
    const residuals = blocks.flatMap((i) => ['0.0025', '0.004'].map((alpha) => `blocks.${i}.hook_resid_post/r4-a${alpha}`));
    const parts = blocks.flatMap((i) => ['attn_out', 'mlp_out'].map((site) => `blocks.${i}.hook_${site}/r4-a0.003`));
    const ids = [...residuals, ...parts, 'blocks.3.hook_resid_post/r8-a0.003', 'blocks.3.mlp.hook_post/r2-a0.002'];
    expect(index.map(({ id }) => id).sort()).toEqual(ids.map((id) => `bookworm-9m/${id}`).sort());
  });

  it.each(index)('$id opens as indexed, is tied, and encodes', async ({ path, files, hook, d_in, d_sae, bytes }) => {
    const { dictionaries, warnings } = await openDictionaryFiles(dropFolder(join(PUBLIC, path), `${path}/`));
    expect(warnings).toEqual([]);
    expect(dictionaries[0].config).toMatchObject({ hook_name: hook, d_in, d_sae, model_name: 'bookworm-9m', architecture: 'tied' });
    expect(files.reduce((n, name) => n + bytesOf(join(PUBLIC, path, name)).length, 0)).toBe(bytes);
    expect(dictionaries[0].sparsity).toHaveLength(d_sae);
    const dictionary = await readDictionary(dictionaries[0]);
    expect(isTied(dictionary)).toBe(true);
    const x = randomNormal(createRandom(1), 8 * d_in, 16);
    const [twin, blocked] = [encode(dictionary, x), encodeBlocked(dictionary, x)];
    expect(blocked.latents).toEqual(twin.latents);
    expect(worstError(blocked.values, twin.values)).toBeLessThanOrEqual(1);
    expect(decode(dictionary, blocked).every(Number.isFinite)).toBe(true);
  });
});
