/** Situations that users of such tools reported: inputs of test/fixtures/reports, and what each must give. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/core/lm/config.ts';
import type { DictionaryFile } from '../../../src/core/formats/dictionaries/files.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary, type OpenedDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { createBlob, exportSaelens } from '../../../src/core/formats/dictionaries/write.ts';
import { openModelFiles } from '../../../src/core/formats/modelFiles.ts';
import { parseJson } from '../../../src/core/formats/text.ts';
import { readZip } from '../../../src/core/formats/zipEntries.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import { unpackZips } from '../../../workers/lens/unpack.ts';
import { bytesOf, dropFolder, flatten, FIXTURES, worstError, type Golden } from '../sae/helpers.ts';
import { refusal } from './helpers.ts';
import { archive, op } from './torchHelpers.ts';

const REPORTS = join(import.meta.dirname, '../../fixtures/reports');
const expected = (name: string) => JSON.parse(readFileSync(join(REPORTS, name, 'expect.json'), 'utf8')) as Golden;
const drop = (name: string, prefix = 'd/') => dropFolder(join(REPORTS, name), prefix);
const fileOf = (path: string, text: string | Uint8Array): DictionaryFile => ({
  path,
  data: createBlob(new Uint8Array(typeof text === 'string' ? Buffer.from(text) : text)),
});
const libraryDrop = (name: string) => dropFolder(join(FIXTURES, name), 'd/');
const utf16 = (text: string) => new Uint8Array(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]));

/** A drop with one file of settings changed. */
function changed(files: DictionaryFile[], name: string, change: (json: Record<string, unknown>) => unknown): DictionaryFile[] {
  return files.map((file) => {
    if (!file.path.endsWith(name)) return file;
    return fileOf(file.path, JSON.stringify(change(JSON.parse(textOf(file, files)) as Record<string, unknown>)));
  });
}

const texts = new WeakMap<DictionaryFile, string>();
function textOf(file: DictionaryFile, files: DictionaryFile[]): string {
  const known = texts.get(file);
  if (known === undefined) throw new Error(`${file.path} of ${files.length} files was not read`);
  return known;
}

async function withTexts(files: DictionaryFile[]): Promise<DictionaryFile[]> {
  for (const file of files) if (file.path.endsWith('.json')) texts.set(file, Buffer.from(await file.data.arrayBuffer()).toString());
  return files;
}

async function expectNumbers(opened: OpenedDictionary, { x, f, xhat }: Golden): Promise<void> {
  const dictionary = await readDictionary(opened);
  const latents = encode(dictionary, flatten(x));
  expect(worstError(toDense(latents), flatten(f))).toBeLessThan(1);
  expect(worstError(decode(dictionary, latents), flatten(xhat))).toBeLessThan(1);
}

describe('O01: a scaling factor that the file switches off', () => {
  it('is left out, and a warning and the card name both', async () => {
    const { dictionaries, warnings } = await openDictionaryFiles(drop('O01-scaling-factor-off/d'));
    const told = warnings.find((warning) => warning.includes('scaling_factor'));
    expect(told).toMatch(
      /finetuning_scaling_factor is false in d\/cfg\.json, but d\/sae_weights\.safetensors holds a tensor scaling_factor/,
    );
    expect(dictionaries[0].notes).toContain(told);
    await expectNumbers(dictionaries[0], expected('O01-scaling-factor-off'));
    const again = await exportSaelens(dictionaries[0]);
    expect(again.map(({ path }) => path)).toContain('cfg.json');
  });

  it('is applied where it is switched on, and silence means off', async () => {
    const files = await withTexts(drop('O01-scaling-factor-off/d'));
    const on = await openDictionaryFiles(changed(files, 'cfg.json', (cfg) => ({ ...cfg, finetuning_scaling_factor: true })));
    expect(on.dictionaries[0].parts.map(({ name }) => name)).toContain('scaling_factor');
    expect(on.warnings).toEqual([]);
    expect(on.dictionaries[0].notes).toContainEqual(expect.stringContaining('0.5 to 1.5'));
    const silent = changed(files, 'cfg.json', ({ finetuning_scaling_factor: _, ...cfg }) => cfg);
    const { warnings, dictionaries } = await openDictionaryFiles(silent);
    expect(warnings.join()).toContain('not said, which means false');
    await expectNumbers(dictionaries[0], expected('O01-scaling-factor-off'));
  });
});

describe('P08: JSON as Python writes it', () => {
  it('opens a dictionary with NaN and Infinity in keys that nothing needs', async () => {
    const { dictionaries, warnings } = await openDictionaryFiles(drop('P08-python-constants/saelens'));
    expect(warnings).toEqual([]);
    await expectNumbers(dictionaries[0], expected('P08-python-constants'));
    expect(await exportSaelens(dictionaries[0])).toHaveLength(2);
  });

  it.each(['model-config', 'model-generation-config'])('opens a model with them in %s', async (name) => {
    const opened = await openModelFiles(drop(`P08-python-constants/${name}`));
    expect(opened.config.d_model).toBe(8);
    expect(() => JSON.parse(opened.tokenizer!.tokenizer) as unknown).not.toThrow();
  });

  it('gives the tokenizer settings without them', async () => {
    const files = drop('P08-python-constants/model-config').filter(({ path }) => !path.endsWith('tokenizer_config.json'));
    const settings = fileOf('d/tokenizer_config.json', '{"model_max_length": Infinity, "a": [NaN, "NaN, -Infinity"], "b": -Infinity}');
    const opened = await openModelFiles([...files, settings]);
    const plain = { model_max_length: Infinity, a: [null, 'NaN, -Infinity'], b: -Infinity };
    expect(JSON.parse(opened.tokenizer!.config!)).toEqual(plain);
  });

  it('names key and value where a number is needed', async () => {
    const files = await withTexts(drop('P08-python-constants/saelens'));
    const cfg = files.find(({ path }) => path.endsWith('cfg.json'))!;
    for (const [key, value] of [
      ['d_in', 'NaN'],
      ['d_sae', 'Infinity'],
      ['d_sae', '-Infinity'],
    ]) {
      const text = textOf(cfg, files).replace(new RegExp(`"${key}": \\d+`), `"${key}": ${value}`);
      const wrong = [...files.filter((file) => file !== cfg), fileOf(cfg.path, text)];
      expect(await refusal(() => openDictionaryFiles(wrong))).toContain(`gives ${key} as ${value};`);
    }
    const config = parseJson(readFileSync(join(REPORTS, 'P08-python-constants/model-config/config.json'), 'utf8'), 'config.json') as object;
    expect(await refusal(() => parseConfig({ ...config, hidden_size: NaN }))).toContain(
      'hidden_size as a whole number from 1 to 65536; it gives NaN',
    );
    expect(await refusal(() => parseConfig({ ...config, layer_norm_eps: Infinity }))).toContain('layer_norm_eps as Infinity');
  });

  it('keeps text in strings, and still refuses what is no JSON', async () => {
    expect(parseJson('{"a\\"NaN": [NaN, "Infinity"], "b": -Infinity}', 'x')).toEqual({ 'a"NaN': [NaN, 'Infinity'], b: -Infinity });
    for (const text of ['{"a": NaNs}', '{"a": nan}', '{"a": xNaN}', "{'a': NaN}"])
      expect(await refusal(() => parseJson(text, 'x'))).toContain('it is no JSON, or was damaged');
    expect(await refusal(() => parseJson('{"a": NaN, "b', 'x'))).toContain('cut off');
  });

  it('a file that nothing reads refuses nothing', async () => {
    const good = drop('P08-python-constants/saelens');
    const broken = ['runner_cfg.json', 'activation_scaler.json', 'notes.json'].map((name) => fileOf(`d/${name}`, '{"broken'));
    expect((await openDictionaryFiles([...good, ...broken])).dictionaries).toHaveLength(1);
  });
});

describe('zips', () => {
  it('P18: of a Mac open without a warning about what it left beside', async () => {
    const zip = fileOf('mac.zip', bytesOf(join(REPORTS, 'P18-appledouble/mac.zip')));
    const files = await unpackZips([{ path: zip.path, data: new Blob([await zip.data.arrayBuffer()]) }]);
    const { dictionaries, warnings } = await openDictionaryFiles(files);
    expect(dictionaries.map(({ name }) => name)).toEqual(['d']);
    expect(warnings).toEqual([]);
    const alone = files.filter(({ path }) => path.includes('._cfg.json'));
    expect(await refusal(() => openDictionaryFiles(alone))).toContain('is a note that a Mac keeps beside a file (AppleDouble)');
    expect(await refusal(() => openModelFiles(alone))).toContain('is a note that a Mac keeps beside a file (AppleDouble)');
  });

  it('P19: with names in UTF-8 give them as written, flagged or not; others are of the IBM PC', async () => {
    const bytes = bytesOf(join(REPORTS, 'P19-zip-names/names.zip'));
    const { dictionaries } = await openDictionaryFiles(await readZip(createBlob(bytes), 'names.zip'));
    expect(dictionaries[0].name).toBe('特徴 é');
    const name = (raw: number[]) => {
      const zip = zipSync({ [raw.map(() => 'x').join('')]: Uint8Array.of(1) }, { level: 0 });
      for (const at of [30, zip.length - 22 - raw.length]) zip.set(raw, at);
      return readZip(createBlob(zip), 'a.zip').then(([{ path }]) => path);
    };
    expect(await name([0xc3, 0xa9])).toBe('é');
    expect(await name([0x82, 0x41])).toBe('éA');
  });

  it('whose lengths are more than what is left are refused', async () => {
    const zip = zipSync({ 'a.txt': Uint8Array.of(1, 2, 3) }, { level: 0 });
    const comment = zip.slice();
    new DataView(comment.buffer).setUint16(zip.length - 2, 9, true);
    expect(await refusal(() => readZip(createBlob(comment), 'a.zip'))).toContain('announces a comment of 9 bytes where 0 are left');
    const local = zip.slice();
    new DataView(local.buffer).setUint32(22, 2, true);
    expect(await refusal(() => readZip(createBlob(local), 'a.zip'))).toContain('two sizes, 2 and 3 bytes');
  });
});

describe('a pickle', () => {
  it('with a frame longer than what is left is refused', async () => {
    const framed = (length: number) => Uint8Array.from([0x80, 4, 0x95, length, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x2e]);
    const open = (length: number) => openDictionaryFiles([{ path: 'd/ae.pt', data: archive(framed(length)) }]);
    expect(await refusal(() => open(3))).toContain('announces a frame of 3 bytes where 2 are left');
    expect(await refusal(() => open(2))).not.toContain('frame');
  });
});

describe('files in the place of others are called what they are', () => {
  const json = '{"architecture": "standard", "d_in": 16, "d_sae": 8}';
  const KINDS: [string, Uint8Array, string][] = [
    ['gzip', gzipSync(new Uint8Array(64)), 'is compressed with gzip. Unpack it and drop the file inside.'],
    ['gzip with a time of 0', gzipSync(new Uint8Array(64), { mtime: 0 }), 'is compressed with gzip.'],
    ['UTF-16', utf16(json), 'is text in UTF-16'],
    ['UTF-16 without a mark', utf16(json).slice(2), 'is text in UTF-16 without a mark'],
    ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]), 'is a picture (PNG)'],
    ['a photo', Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46]), 'is a picture (JPEG)'],
    ['a PDF', new Uint8Array(Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj')), 'is a PDF document'],
    ['a gguf', new Uint8Array([...Buffer.from('GGUF'), 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]), 'is a GGUF file (llama.cpp’s format)'],
    ['a page', new Uint8Array(Buffer.from('<!DOCTYPE html><html><body>404</body></html>')), 'The server sent a web page where'],
    [
      'a pointer',
      new Uint8Array(Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')),
      'is a Git LFS pointer',
    ],
    ['xz', Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 1, 2, 3, 4]), 'is compressed with xz'],
    ['HDF5', Uint8Array.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0]), 'is an HDF5 file'],
  ];
  const PLACES = ['d/sae_weights.safetensors', 'd/cfg.json', 'x/ae.pt', 'x/params.npz', 'x/cat.png', 'x/model.gguf'];

  it.each(KINDS)('%s', async (_, bytes, words) => {
    for (const path of PLACES) {
      const files = path.startsWith('d/') ? drop('P08-python-constants/saelens').filter((file) => file.path !== path) : [];
      expect(await refusal(() => openDictionaryFiles([...files, fileOf(path, bytes)])), path).toContain(words);
    }
    const model = drop('P08-python-constants/model-config');
    for (const path of ['d/config.json', 'd/model.safetensors', 'd/tokenizer.json']) {
      const files = [...model.filter((file) => file.path !== path), fileOf(path, bytes)];
      expect(await refusal(() => openModelFiles(files)), path).toContain(words);
    }
    for (const name of ['pytorch_model.bin', 'model.onnx']) {
      const files = [...model.filter(({ path }) => !path.endsWith('.safetensors')), fileOf(`d/${name}`, bytes)];
      expect(await refusal(() => openModelFiles(files)), name).toContain(words);
    }
    expect(await refusal(() => openModelFiles([fileOf('dropped.xyz', bytes)]))).toContain(words);
  });

  it('a zip, an archive of PyTorch and one of NumPy in the place of safetensors', async () => {
    const open = (name: string) => {
      const files = drop('P08-python-constants/saelens').filter(({ path }) => path.endsWith('cfg.json'));
      const zip = zipSync({ [name]: new Uint8Array(80) }, { level: 0 });
      return refusal(() => openDictionaryFiles([...files, fileOf('d/sae_weights.safetensors', zip)]));
    };
    expect(await open('sae/cfg.json')).toContain('sae_weights.safetensors is a zip archive. Unpack it and drop the folder inside.');
    expect(await open('archive/data.pkl')).toContain('is a PyTorch file');
    expect(await open('W_enc.npy')).toContain('is a NumPy archive. Call it .npz.');
  });

  it('text, JSON and ONNX in the place of safetensors, and safetensors in the place of others', async () => {
    const cfg = drop('P08-python-constants/saelens').filter(({ path }) => path.endsWith('cfg.json'));
    const open = (bytes: string | Uint8Array) => refusal(() => openDictionaryFiles([...cfg, fileOf('d/sae_weights.safetensors', bytes)]));
    expect(await open('Entry not found, sorry')).toContain('is plain text ("Entry not found, sorry…"), not a safetensors file.');
    expect(await open('{"error": "Repository not found"}')).toContain('is JSON text, not a safetensors file.');
    expect(await open(bytesOf(join(FIXTURES, '../models/tiny-neox-gelufast/onnx/model.onnx')))).toContain(
      'is an ONNX model. Call it .onnx.',
    );
    const weights = bytesOf(join(REPORTS, 'P08-python-constants/saelens/sae_weights.safetensors'));
    for (const path of ['x/ae.pt', 'x/params.npz'])
      expect(await refusal(() => openDictionaryFiles([fileOf(path, weights)]))).toContain('is a safetensors file. Call it .safetensors.');
  });
});

describe('settings that a file says twice', () => {
  type Change = (json: Record<string, unknown>) => unknown;
  const meta =
    (more: object): Change =>
    (cfg) => ({ ...cfg, metadata: { ...(cfg.metadata as object), ...more } });
  const trainer =
    (more: object): Change =>
    (cfg) => ({ ...cfg, trainer: { ...(cfg.trainer as object), ...more } });
  const CASES: [file: string, folder: string, change: Change, ...words: string[]][] = [
    ['cfg.json', 'saelens-pre6/topk', (cfg) => ({ ...cfg, k: 4 }), 'k in d/cfg.json is 4', 'activation_fn_kwargs.k in d/cfg.json is 8'],
    ['cfg.json', 'saelens-v6/topk', meta({ k: 9 }), 'is 8', 'is 9'],
    ['cfg.json', 'saelens-v6/standard', meta({ d_sae: 32 }), 'd_sae in d/cfg.json is 64', 'metadata.d_sae in d/cfg.json is 32'],
    ['cfg.json', 'saelens-v6/standard', (cfg) => ({ ...cfg, hook_name: 'blocks.1.hook_resid_post' }), 'blocks.1.', 'blocks.3.'],
    ['cfg.json', 'saelens-v6/standard', (cfg) => ({ ...cfg, d_sae: 32 }), '[64, 16]', 'd_sae 32'],
    ['cfg.json', 'saelens-v6/gated', (cfg) => ({ ...cfg, activation_fn: 'topk' }), '"gated"', '"topk"'],
    ['cfg.json', 'saelens-pre6/standard', (cfg) => ({ ...cfg, hook_point_layer: 4 }), 'in d/cfg.json is 3', 'hook_layer there is 4'],
    ['cfg.json', 'saelens-pre6/standard', (cfg) => ({ ...cfg, expansion_factor: 8 }), 'd_sae in d/cfg.json is 64', '(16 · 8) is 128'],
    ['cfg.json', 'saelens-pre6/standard', (cfg) => ({ ...cfg, activation_fn: 'topk' }), '"topk"', '"relu"'],
    ['cfg.json', 'saelens-v6/checkpoint-batchtopk', (cfg) => ({ ...cfg, matryoshka_widths: [8, 128] }), 'is 128', 'd_sae is 64'],
    ['cfg.json', 'saelens-v6/checkpoint-batchtopk', (cfg) => ({ ...cfg, matryoshka_widths: [16, 8] }), '[16,8]', 'that rise'],
    ['config.json', 'dictionary_learning/BatchTopKSAE', trainer({ k: 6 }), 'k in the tensors of d/ae.pt is 5', 'config.json is 6'],
    ['config.json', 'dictionary_learning/AutoEncoderTopK', trainer({ k: 7 }), 'is 8', 'is 7'],
    ['config.json', 'dictionary_learning/AutoEncoder', trainer({ dict_size: 32 }), '32', '64'],
    ['config.json', 'dictionary_learning/AutoEncoder', trainer({ layer: 4 }), 'is 3', 'is 4'],
    ['config.json', 'dictionary_learning/AutoEncoder', (cfg) => ({ ...cfg, buffer: { d_submodule: 8 } }), 'is 16', 'is 8'],
    ['config.json', 'dictionary_learning/BatchTopKSAE', trainer({ trainer_class: 'TopKTrainer' }), '"BatchTopKSAE"', '"AutoEncoderTopK"'],
    ['config.json', 'dictionary_learning/MatryoshkaBatchTopKSAE', trainer({ group_sizes: [4, 8, 16, 32] }), '[4,8,16,36]', '[4,8,16,32]'],
    ['config.json', 'dictionary_learning/MatryoshkaBatchTopKSAE', trainer({ group_fractions: [0.5, 0.5] }), '[0.5,0.5]', '[4,8,16,36]'],
    ['cfg.json', 'sparsify/topk', (cfg) => ({ ...cfg, num_latents: 32 }), '64', '32'],
    ['25_cfg.json', '1L-sae', (cfg) => ({ ...cfg, dict_mult: 8 }), 'dict_size in d/25_cfg.json is 64', '(8 · 16) is 128'],
    ['25_cfg.json', '1L-sae', (cfg) => ({ ...cfg, act_size: 8 }), '8', '16'],
    ['25_cfg.json', '1L-sae', (cfg) => ({ ...cfg, layer: 1 }), 'is 0', 'is 1'],
    ['25_cfg.json', '1L-sae', (cfg) => ({ ...cfg, site: 'resid_post' }), '"mlp_out"', '"resid_post"'],
  ];
  it.each(CASES)('%s of %s, %#', async (file, folder, change, ...words) => {
    const files = await withTexts(libraryDrop(folder));
    const sentence = await refusal(() => openDictionaryFiles(changed(files, file, change)));
    for (const word of words) expect(sentence).toContain(word);
  });

  it('one key twice in one file', async () => {
    const files = await withTexts(libraryDrop('saelens-v6/topk'));
    const cfg = files.find(({ path }) => path.endsWith('/cfg.json'))!;
    const twice = (text: string) => [...files.filter((file) => file !== cfg), fileOf(cfg.path, text)];
    const text = textOf(cfg, files);
    expect(await refusal(() => openDictionaryFiles(twice(text.replace('{', '{"k": 4, '))))).toContain('gives k twice, as 4 and as 8');
    expect((await openDictionaryFiles(twice(text.replace('{', '{"k": 8, ')))).dictionaries).toHaveLength(1);
  });

  it('what changes nothing is a warning that names both', async () => {
    const files = await withTexts(libraryDrop('saelens-v6/standard'));
    const { warnings } = await openDictionaryFiles(changed(files, '/cfg.json', (cfg) => ({ ...cfg, context_size: 64 })));
    expect(warnings).toContain('context_size in d/cfg.json is 64, but metadata.context_size in d/cfg.json is 128.');
    const layers = libraryDrop('dictionary_learning/AutoEncoder').map(({ path, data }) => ({
      path: path.replace('d/', 'resid_post_layer_4/'),
      data,
    }));
    expect((await openDictionaryFiles(layers)).warnings.join()).toMatch(
      /"blocks\.3\.hook_resid_post", but that of its folders is "blocks\.4\./,
    );
  });
});

describe('groups of a nested dictionary', () => {
  const [d, n] = [2, 4];
  const bytes = (count: number) => new Uint8Array(Float32Array.from({ length: count }, (_, i) => i / 8).buffer);
  const long = (...values: number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const tensor = (type: string, key: string, shape: number[]) => {
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
    return op.tensor(
      op.storage(
        type,
        key,
        shape.reduce((a, b) => a * b, 1),
      ),
      0,
      shape,
      strides,
    );
  };
  const nested = (sizes: number[]) =>
    archive(
      op.whole(
        op.dict(
          ...[op.text('W_enc'), tensor('FloatStorage', '0', [d, n]), op.text('W_dec'), tensor('FloatStorage', '1', [n, d])],
          ...[op.text('b_enc'), tensor('FloatStorage', '2', [n]), op.text('b_dec'), tensor('FloatStorage', '3', [d])],
          ...[op.text('k'), op.int(2), op.text('threshold'), op.int(1), op.text('group_sizes'), tensor('LongStorage', '4', [sizes.length])],
        ),
      ),
      { 0: bytes(d * n), 1: bytes(n * d), 2: bytes(n), 3: bytes(d), 4: long(...sizes) },
    );
  const open = (sizes: number[]) => openDictionaryFiles([{ path: 'x/ae.pt', data: nested(sizes) }]);

  it('must be all of its features together, as in the library', async () => {
    expect(await refusal(() => open([1, 2]))).toContain('(group_sizes 1, 2) make 3 features, but its encoder has 4');
    expect(await refusal(() => open([4, 0]))).toContain('each must be a whole number from 1');
  });

  it('stand on the card', async () => {
    const { dictionaries } = await open([1, 3]);
    expect(dictionaries[0].notes).toContain(
      'Nested (matryoshka) in groups of 1, 3: the first 1, 4 features are dictionaries of their own.',
    );
    expect(dictionaries[0].notes).toContainEqual(expect.stringContaining('A feature counts above 1, one threshold for all'));
  });
});

describe('what says how a file is meant stands on its card', () => {
  it.each([
    ['saelens-v6/batchtopk-exported-as-jumprelu', /^All thresholds are [\d.]+: one constant, as batch top-k leaves it/],
    ['saelens-v6/checkpoint-batchtopk', /one threshold for all that training found \(topk_threshold\)/],
    ['saelens-v6/checkpoint-expected_average_only_in', /multiplied by 1\.5447926200197504 before encoding \(activation_scaler\.json\)/],
    ['saelens-v6/standard-layer_norm', /mean 0 and deviation 1/],
    ['dictionary_learning/backup-of-a-run', /the factor beside them is applied|norm_factor/],
    ['dictionary_learning/MatryoshkaBatchTopKSAE', /in groups of 4, 8, 16, 36: the first 4, 12, 28, 64 features/],
    ['sparsify/groupmax', /in 8 groups of neighbours/],
  ])('%s', async (folder, words) => {
    const { dictionaries } = await openDictionaryFiles(libraryDrop(folder));
    expect(dictionaries[0].notes?.join('\n')).toMatch(new RegExp(words.source, 'm'));
  });

  it('a first token that it wants in front', async () => {
    const { dictionaries } = await openDictionaryFiles(drop('P08-python-constants/saelens'));
    expect(dictionaries[0].config.prepend_bos).toBe(true);
    expect(dictionaries[0].notes).toContainEqual(expect.stringContaining('(prepend_bos)'));
  });
});

describe('hooks', () => {
  const named = async (more: object) => {
    const files = await withTexts(libraryDrop('saelens-v6/standard'));
    return openDictionaryFiles(changed(files, '/cfg.json', (cfg) => ({ ...cfg, metadata: { ...(cfg.metadata as object), ...more } })));
  };

  it.each([
    ['gpt_neox.layers.3', 'blocks.3.hook_resid_post'],
    ['gpt_neox.layers.3.mlp', 'blocks.3.hook_mlp_out'],
    ['gpt_neox.layers.3.attention', 'blocks.3.hook_attn_out'],
    ['gpt_neox.layers.2.attention.dense', 'blocks.2.hook_attn_out'],
    ['gpt_neox.layers.2.mlp.act', 'blocks.2.mlp.hook_post'],
    ['transformer.h.5.mlp', 'blocks.5.hook_mlp_out'],
    ['model.layers.7.self_attn', 'blocks.7.hook_attn_out'],
    ['gpt_neox.embed_in', 'hook_embed'],
    ['gpt_neox.final_layer_norm', 'ln_final.hook_normalized'],
  ])('SAELens may name the module %s', async (module, hook) => {
    const { dictionaries, warnings } = await named({ hook_name: module });
    expect(dictionaries[0].config.hook_name).toBe(hook);
    expect(warnings).toContain(`d/cfg.json names the module ${module}; what it puts out is ${hook} here.`);
  });

  it('of a head alone are named in words', async () => {
    const { warnings } = await named({ hook_name: 'blocks.3.attn.hook_z', hook_head_index: 2 });
    expect(warnings.join()).toContain('reads head 2 of blocks.3.attn.hook_z alone (hook_head_index)');
    await expect(named({ hook_head_index: 'two' })).rejects.toThrow('gives hook_head_index as "two"');
  });

  it('and modules of 1L-Sparse-Autoencoder as well', async () => {
    const files = await withTexts(libraryDrop('1L-sae'));
    const { dictionaries } = await openDictionaryFiles(
      changed(files, '25_cfg.json', (cfg) => ({ ...cfg, act_name: 'gpt_neox.layers.0.mlp' })),
    );
    expect(dictionaries[0].config.hook_name).toBe('blocks.0.hook_mlp_out');
  });
});
