import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openModelFiles, type DroppedFile } from '../../../src/core/formats/modelFiles.ts';
import { readSafetensors } from '../../../src/core/formats/safetensors.ts';
import { writeTorch, type TorchPart } from '../../../src/core/formats/torch/index.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import { FIXTURES, findDifference, fixtureBlob, fixtureConfig, fixtureJson, openFixture, readAll, refusal } from './helpers.ts';

let exact: Map<string, Float32Array>;
beforeAll(async () => {
  exact = await readAll(await openFixture('tiny-neox', 'model.safetensors'));
});

const file = (path: string, from = path): DroppedFile => ({ path, data: fixtureBlob(`tiny-neox/${from}`) });
const text = (path: string, content: string): DroppedFile => ({ path, data: new Blob([content]) });
const config = file('config.json');
const AE = `${FIXTURES}/../dictionaries/dictionary_learning/AutoEncoder/ae.pt`;
const page = '<!DOCTYPE html>\n<html><body>Not found</body></html>';

async function openAll(files: DroppedFile[]): Promise<Map<string, Float32Array>> {
  const opened = await openModelFiles(files);
  return readAll(createParameters(opened.config, opened.checkpoint));
}

describe('what a drop is taken to be', () => {
  test('a whole folder with every format: model.safetensors is taken', async () => {
    const paths = readdirSync(`${FIXTURES}/tiny-neox`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${FIXTURES}/tiny-neox/`.length));
    const opened = await openModelFiles(paths.map((path) => file(`downloads/tiny-neox/${path}`, path)));
    expect(opened).toMatchObject({
      name: 'tiny-neox',
      checkpoint: { format: 'safetensors' },
      config: { n_layers: 3 },
      generationConfig: { eos_token_id: 0 },
    });
    expect(opened.configJson).toEqual(fixtureJson('tiny-neox/config.json'));
    expect(JSON.parse(opened.tokenizer!.tokenizer)).toEqual(fixtureJson('tiny-neox/tokenizer.json'));
    expect(JSON.parse(opened.tokenizer!.config!)).toEqual(fixtureJson('tiny-neox/tokenizer_config.json'));
    expect(findDifference(await readAll(createParameters(opened.config, opened.checkpoint)), exact)).toBeUndefined();
  });

  test.each<[string, () => DroppedFile[], string]>([
    ['one safetensors file of any name', () => [config, file('weights-v2.safetensors', 'model.safetensors')], 'weights-v2.safetensors'],
    [
      'one ONNX file of any name',
      () => [config, file('decoder_model_merged.onnx', 'onnx/decoder_model_merged.onnx')],
      'decoder_model_merged.onnx',
    ],
    [
      'a hub folder with onnx/ below',
      () => [
        file('x/config.json', 'config.json'),
        file('x/onnx/model.onnx', 'onnx/model.onnx'),
        file('x/onnx/model_fp16.onnx', 'onnx/model_fp16.onnx'),
      ],
      'x',
    ],
    [
      'an ONNX file with its data',
      () => [config, file('model_external.onnx', 'onnx/model_external.onnx'), file('model.onnx_data', 'onnx/model.onnx_data')],
      'model_external.onnx',
    ],
    [
      'its data in another folder',
      () => [config, file('onnx/model.onnx', 'onnx/model_external.onnx'), file('data/model.onnx_data', 'onnx/model.onnx_data')],
      'model.onnx',
    ],
    [
      'shards with their index',
      () =>
        ['config.json', 'model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'].map(
          (name) => file(`sharded/${name}`),
        ),
      'sharded',
    ],
    [
      'model.onnx before an odd safetensors file',
      () => [config, file('model.onnx', 'onnx/model.onnx'), file('golden.safetensors')],
      'model.onnx',
    ],
    [
      'paths with backslashes and ./',
      () => [file('.\\m\\config.json', 'config.json'), file('./m/model.safetensors', 'model.safetensors')],
      'm',
    ],
  ])('%s', async (_, files, name) => {
    const opened = await openModelFiles(files());
    expect(opened.name).toBe(name);
    expect(opened.tokenizer).toBeUndefined();
    expect(findDifference(await readAll(createParameters(opened.config, opened.checkpoint)), exact)).toBeUndefined();
  });

  test('PyTorch shards with their index', async () => {
    const { tensors } = await readSafetensors(fixtureBlob('tiny-neox/model.safetensors'));
    const parts = [...tensors].map(([name, { dtype, shape, file, offset, length }]): [string, TorchPart] => [
      name,
      { dtype, shape, data: file.slice(offset, offset + length) },
    ]);
    const shards = [parts.slice(0, 17), parts.slice(17)];
    const names = shards.map((_, i) => `pytorch_model-0000${i + 1}-of-00002.bin`);
    const weight_map = Object.fromEntries(shards.flatMap((shard, i) => shard.map(([name]) => [name, names[i]])));
    const files = await Promise.all(
      shards.map(async (shard, i) => ({ path: names[i], data: new Blob((await writeTorch(new Map(shard))) as BlobPart[]) })),
    );
    const index = text('pytorch_model.bin.index.json', JSON.stringify({ weight_map }));
    expect(findDifference(await openAll([config, index, ...files]), exact)).toBeUndefined();
    const swapped = [
      { ...files[0], path: names[1] },
      { ...files[1], path: names[0] },
    ];
    expect(await refusal(() => openAll([config, index, ...swapped]))).toMatch(
      /says that \S+ is in pytorch_model-0000\d-of-00002\.bin, but it is not/,
    );
  });

  test('the config nearest to the weights counts', async () => {
    const other: DroppedFile = { path: 'config.json', data: fixtureBlob('tiny-neox-rot8/config.json') };
    expect(
      findDifference(await openAll([other, file('sharded/config.json'), file('sharded/model.safetensors', 'model.safetensors')]), exact),
    ).toBeUndefined();
  });
});

describe('refusals', () => {
  const refuse = (...files: DroppedFile[]) => refusal(() => openModelFiles(files));

  test('nothing, and no config', async () => {
    expect(await refuse()).toBe("No config.json was found among the files. Drop the model's whole folder, or add its config.json.");
    expect(await refuse(file('model.safetensors'))).toMatch(/^No config\.json was found/);
  });

  test('no weights: what was found is named', async () => {
    expect(await refuse(config, file('tokenizer.json'))).toBe(
      'No model weights were found (model.safetensors, pytorch_model.bin, or an .onnx file); found were config.json, tokenizer.json.',
    );
    expect(await refuse(config, text('model.onnx.gz', 'x'))).toBe('model.onnx.gz is compressed. Unpack it and drop the file inside.');
  });

  test('a PyTorch file is chosen last, and refused by name when it is none', async () => {
    const broken = text('pytorch_model.bin', 'rubbish that is no pickle');
    expect(await refuse(config, broken)).toMatch(/^pytorch_model\.bin is not a PyTorch file: it begins with neither a zip nor a pickle/);
    expect(findDifference(await openAll([config, broken, file('model.safetensors')]), exact)).toBeUndefined();
    expect(findDifference(await openAll([config, broken, file('model.onnx', 'onnx/model.onnx')]), exact)).toBeUndefined();
    expect(await refuse(config, text('pytorch_model.bin', page))).toMatch(/web page where pytorch_model\.bin should be/);
    expect(await refuse(config, file('a.pt', 'pytorch_model.bin'), file('b.pt', 'pytorch_model.bin'))).toMatch(/a\.pt, b\.pt\. Drop only/);
    const ae: DroppedFile = { path: 'ae.pt', data: new Blob([new Uint8Array(readFileSync(AE))]) };
    expect(await refusal(async () => openAll([config, ae]))).toMatch(/^The weights hold no token embedding/);
  });

  test('parts of a PyTorch model want their index', async () => {
    const part = file('pytorch_model-00001-of-00002.bin', 'pytorch_model.bin');
    expect(await refuse(config, part)).toBe(
      'pytorch_model-00001-of-00002.bin: these are parts of one model. Drop pytorch_model.bin.index.json and all parts together.',
    );
    const index = text('pytorch_model.bin.index.json', '{"weight_map":{"a":"pytorch_model-00002-of-00002.bin"}}');
    expect(await refuse(config, index, part)).toMatch(/1 of the 1 files of this model is missing/);
  });

  test('several candidates are named', async () => {
    expect(
      await refuse(
        config,
        file('decoder_model.onnx', 'onnx/decoder_model.onnx'),
        file('decoder_with_past_model.onnx', 'onnx/decoder_with_past_model.onnx'),
      ),
    ).toBe(
      "Several files could be the model's weights: decoder_model.onnx, decoder_with_past_model.onnx. Drop only the one you mean, with its config.json.",
    );
    expect(
      await refuse(config, file('a/model.safetensors', 'model.safetensors'), file('b/model.safetensors', 'model.safetensors')),
    ).toMatch(/a\/model\.safetensors, b\/model\.safetensors/);
    expect(
      await refuse(
        file('a/config.json', 'config.json'),
        file('b/config.json', 'config.json'),
        file('c/model.safetensors', 'model.safetensors'),
      ),
    ).toMatch(/Several config\.json files were found \(a\/config\.json, b\/config\.json\)/);
    expect(await refuse(config, config)).toBe("Two files are called config.json. Drop the model's folder, or only one of them.");
  });

  test('trouble with the config comes before trouble with the weights', async () => {
    const sequential: DroppedFile = { path: 'config.json', data: fixtureBlob('tiny-neox-sequential/config.json') };
    expect(await refuse(sequential)).toMatch(/use_parallel_residual is false/);
    expect(await refuse(sequential, text('model.safetensors', 'rubbish'))).toMatch(/use_parallel_residual is false/);
    expect(await refuse(text('config.json', '{"model_type":"llama"}'), file('pytorch_model.bin'))).toMatch(/its config\.json says "llama"/);
    const vague = { ...fixtureJson('tiny-neox/config.json'), use_parallel_residual: null };
    expect(await refuse(text('config.json', JSON.stringify(vague)), file('model.safetensors'))).toMatch(/use_parallel_residual is null/);
  });

  test('a missing shard and a tensor that is not where the index says are named', async () => {
    const shard = (name: string) => file(name, `sharded/${name}`);
    const index = shard('model.safetensors.index.json');
    expect(await refuse(config, index, shard('model-00002-of-00002.safetensors'))).toBe(
      '1 of the 2 files of this model is missing: model-00001-of-00002.safetensors. Drop all of them together.',
    );
    const swapped = [
      file('model-00001-of-00002.safetensors', 'sharded/model-00002-of-00002.safetensors'),
      file('model-00002-of-00002.safetensors', 'sharded/model-00001-of-00002.safetensors'),
    ];
    expect(await refuse(config, index, ...swapped)).toMatch(
      /^model\.safetensors\.index\.json says that \S+ is in model-0000\d-of-00002\.safetensors, but it is not/,
    );
    expect(await refuse(config, shard('model-00001-of-00002.safetensors'))).toBe(
      'model-00001-of-00002.safetensors: these are parts of one model. Drop model.safetensors.index.json and all parts together.',
    );
    const bad = (content: string) => refuse(config, text('model.safetensors.index.json', content));
    expect(await bad('{}')).toMatch(/has no weight_map/);
    expect(await bad('{"weight_map":{"a":1}}')).toMatch(/does not name a file for a/);
    expect(await bad('{"weight_map":{}}')).toMatch(/names 0 weight files/);
    expect(await bad('{"weight_map":{"a":"../../secret.safetensors"}}')).toMatch(/is missing: \.\.\/\.\.\/secret\.safetensors/);
  });

  test.each(['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'model.safetensors'])(
    'a web page in place of %s is recognised',
    async (name) => {
      const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'model.safetensors'];
      const files = names.map((n) => (n === name ? text(n, page) : file(n)));
      expect(await refuse(...files)).toBe(
        `The server sent a web page where ${name} should be. Check the address, or download the file again.`,
      );
    },
  );

  test('a web page in place of an ONNX file, an index or a shard is recognised', async () => {
    expect(await refuse(config, text('onnx/model.onnx', page))).toMatch(/web page where onnx\/model\.onnx should be/);
    expect(await refuse(config, text('model.safetensors.index.json', page))).toMatch(
      /web page where model\.safetensors\.index\.json should be/,
    );
    const shard = (name: string) => file(name, `sharded/${name}`);
    expect(
      await refuse(
        config,
        shard('model.safetensors.index.json'),
        shard('model-00002-of-00002.safetensors'),
        text('model-00001-of-00002.safetensors', page),
      ),
    ).toMatch(/web page where model-00001-of-00002\.safetensors should be/);
  });

  test('JSON that is cut off, too deep or too large is refused', async () => {
    const weights = file('model.safetensors');
    expect(await refuse(text('config.json', '{"model_type":'), weights)).toBe(
      'config.json is not valid JSON. It was probably cut off while being copied.',
    );
    expect(await refuse(text('config.json', '[]'), weights)).toBe('config.json does not hold a JSON object.');
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(await refuse(config, weights, text('tokenizer.json', deep))).toBe(
      'tokenizer.json is nested more than 100 levels deep, which no model file needs.',
    );
    const huge: DroppedFile = {
      path: 'tokenizer.json',
      data: { size: 2 ** 40, slice: () => new Blob([]), arrayBuffer: () => Promise.reject(new Error('read')) },
    };
    expect(await refuse(config, weights, huge)).toMatch(/^tokenizer\.json has 1099511627776 bytes; at most 67108864 are read/);
  });

  test('the sizes of config.json and weights are compared before anything is read', async () => {
    const opened = await openModelFiles([
      text('config.json', JSON.stringify({ ...fixtureJson('tiny-neox/config.json'), hidden_size: 64 })),
      file('model.safetensors'),
    ]);
    expect(opened.config).toEqual(fixtureConfig('tiny-neox', { hidden_size: 64 }));
    expect(await refusal(() => createParameters(opened.config, opened.checkpoint))).toMatch(
      /has shape \[300, 32\], but config\.json asks for \[300, 64\]/,
    );
  });
});
