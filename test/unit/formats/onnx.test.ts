import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { locateOnnxWeights, readOnnxCheckpoint } from '../../../src/core/formats/onnx/checkpoint.ts';
import { parseConfig } from '../../../src/core/lm/config.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import {
  SHIPPED,
  createRecorder,
  diskBlob,
  findDifference,
  fixtureBlob,
  fixtureConfig,
  fixtureJson,
  openFixture,
  readAll,
  readFixture,
  refusal,
} from './helpers.ts';
import { buildNeox, bytesField, intField, mapTensors, type RawField } from './onnxBuilder.ts';

let exact: Map<string, Float32Array>;
let half: Map<string, Float32Array>;

beforeAll(async () => {
  exact = await readAll(await openFixture('tiny-neox', 'model.safetensors'));
  half = await readAll(await openFixture('tiny-neox', 'model_fp16.safetensors'));
});

describe('weights of every ONNX layout', () => {
  test.each([
    'model',
    'model_opset14_nolayernormop',
    'model_with_past',
    'model_num_logits',
    'model_unfolded',
    'model_dynamo',
    'model_dynamo_opset20',
    'model_dynamo_opset23',
    'decoder_model',
    'decoder_with_past_model',
    'decoder_model_merged',
    'model_external',
    'model_floatdata',
    'model_constants',
    'model_renamed',
    'model_ort_basic',
    'model_ort_extended',
  ])('%s.onnx gives the numbers of model.safetensors, bit for bit', async (file) => {
    const found = await readAll(await openFixture('tiny-neox', `onnx/${file}.onnx`));
    expect(findDifference(found, exact)).toBeUndefined();
  });

  test.each(['model_fp16', 'model_fp16_io', 'model_fp16_half_export', 'model_fp16_storage'])(
    '%s.onnx gives the numbers of model_fp16.safetensors, bit for bit',
    async (file) => {
      const found = await readAll(await openFixture('tiny-neox', `onnx/${file}.onnx`));
      expect(findDifference(found, half)).toBeUndefined();
    },
  );

  test.each(['tiny-neox-rot8', 'tiny-neox-tied', 'tiny-neox-nobias-gelunew', 'tiny-neox-gelufast'])(
    'both files of %s give the numbers of its safetensors file',
    async (folder) => {
      const wanted = await readAll(await openFixture(folder, 'model.safetensors'));
      for (const file of ['model', 'model_with_past']) {
        expect(findDifference(await readAll(await openFixture(folder, `onnx/${file}.onnx`)), wanted)).toBeUndefined();
      }
    },
  );

  test('the shipped model opens, all its numbers are finite, and no read exceeds 4 MiB', async () => {
    const config = parseConfig(JSON.parse(readFileSync(`${SHIPPED}/config.json`, 'utf8')));
    const { blob, sizes } = createRecorder(await diskBlob(`${SHIPPED}/onnx/model.onnx`));
    const checkpoint = await readOnnxCheckpoint(blob, config);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(10e6);
    const parameters = createParameters(config, checkpoint);
    const values = await readAll(parameters);
    expect(parameters.totalValues).toBe(8_933_376);
    expect(values.get('unembed.W_U')!.length).toBe(256 * 8192);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 2 ** 20);
  });
});

describe('numbers that do not lie as plain bytes', () => {
  const floatsOf = (raw: Uint8Array) => new Float32Array(raw.slice().buffer);
  const halvesOf = (raw: Uint8Array) => new Uint16Array(raw.slice().buffer);
  const dtypeOf = (fields: RawField[]) => fields.find(({ number }) => number === 2)!.value;

  function replaceRaw(fields: RawField[], dtype: number, replace: (raw: Uint8Array) => RawField[]): RawField[] {
    if (dtypeOf(fields) !== dtype) return fields;
    return fields.flatMap((f) => (f.number === 9 ? replace(f.bytes) : [f]));
  }

  test('float_data written one by one', async () => {
    const blob = mapTensors(readFixture('tiny-neox/onnx/model.onnx'), (fields) =>
      replaceRaw(fields, 1, (raw) =>
        Array.from(floatsOf(raw), (_, i) => ({ number: 4, wire: 5, bytes: raw.subarray(i * 4, i * 4 + 4), value: 0 })),
      ),
    );
    const config = fixtureConfig('tiny-neox');
    const values = await readAll(createParameters(config, await readOnnxCheckpoint(blob, config)));
    expect(findDifference(values, exact)).toBeUndefined();
  });

  test('float_data in several packed pieces', async () => {
    const blob = mapTensors(readFixture('tiny-neox/onnx/model.onnx'), (fields) =>
      replaceRaw(fields, 1, (raw) => [
        bytesField(4, raw.subarray(0, 40)),
        bytesField(4, raw.subarray(40, 44)),
        bytesField(4, raw.subarray(44)),
      ]),
    );
    const config = fixtureConfig('tiny-neox');
    const values = await readAll(createParameters(config, await readOnnxCheckpoint(blob, config)));
    expect(findDifference(values, exact)).toBeUndefined();
  });

  test('fp16 numbers in int32_data', async () => {
    const varints = (raw: Uint8Array) =>
      Uint8Array.from(
        Array.from(halvesOf(raw)).flatMap((v) =>
          v < 128 ? [v] : v < 16_384 ? [(v & 127) | 128, v >> 7] : [(v & 127) | 128, ((v >> 7) & 127) | 128, v >> 14],
        ),
      );
    const blob = mapTensors(readFixture('tiny-neox/onnx/model_fp16_half_export.onnx'), (fields) =>
      replaceRaw(fields, 10, (raw) => [bytesField(5, varints(raw))]),
    );
    const config = fixtureConfig('tiny-neox');
    const values = await readAll(createParameters(config, await readOnnxCheckpoint(blob, config)));
    expect(findDifference(values, half)).toBeUndefined();
  });

  test('int32_data that is no fp16 is refused by name', async () => {
    const blob = mapTensors(readFixture('tiny-neox/onnx/model_fp16_half_export.onnx'), (fields, name) =>
      name === 'gpt_neox.final_layer_norm.bias' ? replaceRaw(fields, 10, () => [bytesField(5, new Uint8Array(96).fill(0xff))]) : fields,
    );
    const config = fixtureConfig('tiny-neox');
    const parameters = createParameters(config, await readOnnxCheckpoint(blob, config));
    expect(await refusal(() => parameters.read('ln_final.b'))).toMatch(/^gpt_neox\.final_layer_norm\.bias is damaged/);
  });

  test('a weight of a number format that cannot be read is refused by name', async () => {
    const blob = mapTensors(readFixture('tiny-neox/onnx/model.onnx'), (fields, name) =>
      name === 'gpt_neox.final_layer_norm.bias' ? fields.map((f) => (f.number === 2 ? intField(2, 11) : f)) : fields,
    );
    expect(await refusal(() => readOnnxCheckpoint(blob, fixtureConfig('tiny-neox')))).toBe(
      'gpt_neox.final_layer_norm.bias is stored as float64 in this ONNX file; only fp32, fp16 and bf16 weights can be read. Open the fp32 or fp16 file.',
    );
  });
});

describe('sizes that do not tell two kinds of weight apart', () => {
  test.each([
    ['intermediate_size 3 × hidden_size', 4, 12, 7],
    ['intermediate_size = hidden_size', 4, 4, 7],
    ['a vocabulary of 3 × hidden_size', 4, 8, 12],
    ['a vocabulary of intermediate_size', 4, 8, 8],
  ])('%s: the wiring does', async (_, d_model, d_mlp, d_vocab) => {
    const config = { ...fixtureConfig('tiny-neox'), d_model, n_heads: 1, d_head: d_model, d_mlp, d_vocab, n_layers: 2 };
    const { blob, firstValues } = buildNeox(d_model, d_mlp, d_vocab, 2);
    const values = await readAll(createParameters(config, await readOnnxCheckpoint(blob, config)));
    for (const [name, first] of firstValues) expect([name, values.get(name)![0]]).toEqual([name, first]);
    expect(firstValues.size).toBe(28);
  });
});

describe('refusals', () => {
  test.each([
    ['model_quantized', '8-bit weights, operator DequantizeLinear'],
    ['model_int8_perchannel', '8-bit weights, operator DequantizeLinear'],
    ['model_uint8', '8-bit weights, operator DequantizeLinear'],
    ['model_q4', '4-bit block weights, operator MatMulNBits'],
    ['model_q4f16', '4-bit block weights, operator MatMulNBits'],
    ['model_bnb4', '4-bit bitsandbytes weights, operator MatMulBnb4'],
  ])('%s.onnx is refused as quantised', async (file, what) => {
    expect(await refusal(() => openFixture('tiny-neox', `onnx/${file}.onnx`))).toBe(
      `onnx/${file}.onnx is quantised (${what}), and rounded weights are not opened. Use the fp32 or fp16 file, such as onnx/model.onnx or onnx/model_fp16.onnx.`,
    );
  });

  test('a sequential graph is refused even when its config says parallel', async () => {
    const config = fixtureConfig('tiny-neox-sequential', { use_parallel_residual: true });
    for (const file of ['model', 'model_with_past']) {
      const blob = fixtureBlob(`tiny-neox-sequential/onnx/${file}.onnx`);
      expect(await refusal(() => readOnnxCheckpoint(blob, config))).toMatch(/^model\.onnx has a sequential residual/);
    }
  });

  test('a config of another size is refused with what the graph holds', async () => {
    const blob = fixtureBlob('tiny-neox/onnx/model.onnx');
    const deeper = fixtureConfig('tiny-neox', { num_hidden_layers: 4 });
    expect(await refusal(() => readOnnxCheckpoint(blob, deeper))).toBe(
      'model.onnx is not wired like a GPT-NeoX of 4 layers, width 32 and vocabulary 300, as config.json says: it multiplies by 3 of [32, 96], 3 of [32, 32], 3 of [32, 128], 3 of [128, 32], 1 of [32, 300]. Check that both files belong to one model, or open model.safetensors.',
    );
    const wider = fixtureConfig('tiny-neox', { vocab_size: 301 });
    expect(await refusal(() => readOnnxCheckpoint(blob, wider))).toContain('vocabulary 301');
  });

  test('external data: a file that is missing, too short, or not said is named', async () => {
    const config = fixtureConfig('tiny-neox');
    const blob = fixtureBlob('tiny-neox/onnx/model_external.onnx');
    expect(await refusal(() => readOnnxCheckpoint(blob, config))).toBe(
      'The weights of this ONNX file are in a second file, "model.onnx_data", which was not given. Drop it together with the .onnx file.',
    );
    const short = fixtureBlob('tiny-neox/onnx/model.onnx_data').slice(0, 100_000);
    expect(await refusal(() => readOnnxCheckpoint(blob, config, 'model.onnx', () => short))).toMatch(
      /should lie at byte \d+ of "model\.onnx_data" \(\d+ bytes\), but that file has 100000/,
    );
  });
});

describe('the structural matcher finds the weights that were found by value', () => {
  interface Sites {
    /** By checkpoint name: every stored tensor that holds it, and how. */
    weights?: Record<string, [initialiser: string, layout: 'as checkpoint' | 'transposed'][]>;
  }
  const { files } = fixtureJson('tiny-neox/onnx/sites.json') as { files: Record<string, Sites> };
  const readable = Object.entries(files).filter(([file]) => !/quantized|int8|uint8|q4|bnb4/.test(file));
  const sited = readable.flatMap(([file, { weights }]) => (weights ? [{ file, weights }] : []));

  test('in every readable file of which that is known', () => {
    expect(readable.map(([file]) => file).filter((file) => !files[file].weights)).toEqual(['decoder_model_merged.onnx']);
    expect(sited.length).toBeGreaterThan(17);
  });

  test.each(sited)('$file', async ({ file, weights }) => {
    const found = await locateOnnxWeights(fixtureBlob(`tiny-neox/onnx/${file}`), fixtureConfig('tiny-neox'), file);
    expect(found.map(({ key }) => key).sort()).toEqual(Object.keys(weights).sort());
    for (const { key, tensor, transposed } of found) {
      expect(weights[key], key).toContainEqual([tensor.name, transposed ? 'transposed' : 'as checkpoint']);
    }
  });
});
