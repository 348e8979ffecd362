import { beforeAll, describe, expect, test } from 'vitest';
import type { StoredTensor } from '../../../src/core/formats/bytes.ts';
import { readSafetensors, type CheckpointWithUnusable } from '../../../src/core/formats/safetensors.ts';
import { readShards } from '../../../src/core/formats/shards.ts';
import { readTorchCheckpoint } from '../../../src/core/formats/torch/index.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import { createRecorder, findDifference, fixtureBlob, fixtureConfig, openFixture, readAll, readFixture, refusal } from './helpers.ts';

const config = fixtureConfig('tiny-neox');
let checkpoint: CheckpointWithUnusable;
let values: Map<string, Float32Array>;

beforeAll(async () => {
  checkpoint = await readSafetensors(fixtureBlob('tiny-neox/model.safetensors'));
  values = await readAll(createParameters(config, checkpoint));
});

/** A tensor's numbers straight from its bytes, without any of the code under test. */
async function rawFloats(name: string): Promise<Float32Array> {
  const { file, offset, length } = checkpoint.tensors.get(name)!;
  return new Float32Array(await file.slice(offset, offset + length).arrayBuffer());
}

function changed(changes: Record<string, Partial<StoredTensor> | undefined>): CheckpointWithUnusable {
  const tensors = new Map(checkpoint.tensors);
  for (const [name, change] of Object.entries(changes)) {
    if (change) tensors.set(name, { ...(tensors.get(name) ?? tensors.get('embed_out.weight')!), ...change });
    else tensors.delete(name);
  }
  return { ...checkpoint, tensors };
}

const renamed = (rename: (name: string) => string): CheckpointWithUnusable => ({
  ...checkpoint,
  tensors: new Map([...checkpoint.tensors].map(([name, tensor]) => [rename(name), tensor])),
});

describe('layout', () => {
  test('names and shapes are those of TransformerLens', () => {
    const parameters = createParameters(config, checkpoint);
    expect(parameters.names).toHaveLength(40);
    expect(parameters.names.slice(0, 7)).toEqual([
      'embed.W_E',
      'blocks.0.ln1.w',
      'blocks.0.ln1.b',
      'blocks.0.ln2.w',
      'blocks.0.ln2.b',
      'blocks.0.attn.W_QKV',
      'blocks.0.attn.b_QKV',
    ]);
    expect(parameters.shape('embed.W_E')).toEqual([300, 32]);
    expect(parameters.shape('blocks.2.attn.W_QKV')).toEqual([32, 96]);
    expect(parameters.shape('blocks.2.mlp.W_out')).toEqual([128, 32]);
    expect(parameters.shape('unembed.W_U')).toEqual([32, 300]);
    expect(parameters.totalValues).toBe([...values.values()].reduce((n, v) => n + v.length, 0));
    expect(() => parameters.shape('blocks.3.ln1.w')).toThrow('The model has no parameter called "blocks.3.ln1.w".');
  });

  test('W_QKV holds all queries, then keys, then values; b_QKV likewise', async () => {
    const W = await rawFloats('gpt_neox.layers.1.attention.query_key_value.weight'); // [96, 32], per head q, k, v
    const b = await rawFloats('gpt_neox.layers.1.attention.query_key_value.bias');
    const W_QKV = values.get('blocks.1.attn.W_QKV')!;
    const b_QKV = values.get('blocks.1.attn.b_QKV')!;
    for (let head = 0; head < 4; head++) {
      for (let part = 0; part < 3; part++) {
        for (let i = 0; i < 8; i++) {
          const from = head * 24 + part * 8 + i;
          const to = part * 32 + head * 8 + i;
          expect(b_QKV[to]).toBe(b[from]);
          for (let d = 0; d < 32; d++) expect(W_QKV[d * 96 + to]).toBe(W[from * 32 + d]);
        }
      }
    }
  });

  test('other matrices are transposed, the embedding and vectors are not', async () => {
    const W = await rawFloats('gpt_neox.layers.2.mlp.dense_4h_to_h.weight'); // [32, 128]
    const W_out = values.get('blocks.2.mlp.W_out')!;
    for (let o = 0; o < 32; o++) for (let i = 0; i < 128; i++) expect(W_out[i * 32 + o]).toBe(W[o * 128 + i]);
    expect(values.get('embed.W_E')).toEqual(await rawFloats('gpt_neox.embed_in.weight'));
    expect(values.get('ln_final.b')).toEqual(await rawFloats('gpt_neox.final_layer_norm.bias'));
  });

  test('a tied model unembeds with its embedding', async () => {
    const tied = await readAll(await openFixture('tiny-neox-tied', 'model.safetensors'));
    const W_E = tied.get('embed.W_E')!;
    const W_U = tied.get('unembed.W_U')!;
    for (let v = 0; v < 300; v++) for (let d = 0; d < 32; d++) expect(W_U[d * 300 + v]).toBe(W_E[v * 32 + d]);
  });

  test('a model without attention biases gets zeros', async () => {
    const found = await readAll(await openFixture('tiny-neox-nobias-gelunew', 'model.safetensors'));
    expect(found.get('blocks.0.attn.b_QKV')).toEqual(new Float32Array(96));
    expect(found.get('blocks.1.attn.b_O')).toEqual(new Float32Array(32));
    expect(found.get('blocks.1.mlp.b_out')!.every((v) => v !== 0)).toBe(true);
  });

  test('a matrix of several slices and a row longer than a slice come out whole, turned or not', async () => {
    const wide = { ...config, d_vocab: 1_100_000, d_model: 2, n_heads: 1, d_head: 2, n_layers: 0 };
    const numbers = Float32Array.from({ length: 2_200_000 }, (_, i) => i);
    const { blob, sizes } = createRecorder(new Blob([numbers]));
    const tensor = (shape: number[], transposed = false): StoredTensor => ({
      dtype: 'F32',
      shape,
      transposed,
      file: blob,
      offset: 0,
      length: shape.reduce((n, s) => n * s, 4),
    });
    for (const transposed of [false, true]) {
      const head = transposed ? tensor([2, 1_100_000], true) : tensor([1_100_000, 2]);
      const tensors = new Map([
        ['embed_in.weight', tensor([1_100_000, 2])],
        ['embed_out.weight', head],
        ['final_layer_norm.weight', tensor([2])],
        ['final_layer_norm.bias', tensor([2])],
      ]);
      const parameters = createParameters(wide, { format: 'test', tensors });
      expect((await parameters.read('embed.W_E')).every((v, i) => v === i)).toBe(true);
      const W_U = await parameters.read('unembed.W_U');
      const right = W_U.every((v, i) => v === (transposed ? i : (i % 1_100_000) * 2 + Math.floor(i / 1_100_000)));
      expect(right).toBe(true);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 2 ** 20);
  });
});

describe('files of the same model', () => {
  test('unaligned offsets and shuffled order change nothing', async () => {
    expect(findDifference(await readAll(await openFixture('tiny-neox', 'model_unaligned.safetensors')), values)).toBeUndefined();
  });

  test('shards change nothing', async () => {
    const index = { path: 'model.safetensors.index.json', data: fixtureBlob('tiny-neox/sharded/model.safetensors.index.json') };
    const shards = await readShards(index, (name) => fixtureBlob(`tiny-neox/sharded/${name}`), readSafetensors);
    expect(findDifference(await readAll(createParameters(config, shards)), values)).toBeUndefined();
  });

  test.each(['pytorch_model.bin', 'pytorch_model_prezip.bin'])('%s holds the numbers of model_fp16.safetensors', async (name) => {
    const torch = createParameters(config, await readTorchCheckpoint(fixtureBlob(`tiny-neox/${name}`), name));
    expect(findDifference(await readAll(torch), await readAll(await openFixture('tiny-neox', 'model_fp16.safetensors')))).toBeUndefined();
  });

  test.each([
    ['model_fp16.safetensors', 2 ** -11, 2 ** -24],
    ['model_bf16.safetensors', 2 ** -8, 0],
  ])('%s is the fp32 file rounded, and exact after widening', async (file, relative, absolute) => {
    const rounded = await readAll(await openFixture('tiny-neox', file));
    let changedValues = 0;
    for (const [name, a] of rounded) {
      const b = values.get(name)!;
      const far = a.findIndex((v, i) => Math.abs(v - b[i]) > Math.abs(b[i]) * relative + absolute);
      expect([name, far]).toEqual([name, -1]);
      changedValues += a.filter((v, i) => v !== b[i]).length;
    }
    expect(changedValues).toBeGreaterThan(50_000);
  });

  test('fp16 widens every bit pattern as the format defines it', async () => {
    const finite = Uint16Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    const tensor: StoredTensor = {
      dtype: 'F16',
      shape: [finite.length],
      transposed: false,
      file: new Blob([finite]),
      offset: 0,
      length: finite.length * 2,
    };
    const one = { ...config, n_layers: 0, d_model: 1, d_vocab: finite.length };
    const side: StoredTensor = { ...tensor, shape: [1], length: 2 };
    const table: StoredTensor = { ...tensor, shape: [finite.length, 1] };
    const tensors = new Map([
      ['embed_in.weight', table],
      ['embed_out.weight', table],
      ['final_layer_norm.weight', side],
      ['final_layer_norm.bias', side],
    ]);
    const found = await createParameters(one, { format: 'test', tensors }).read('embed.W_E');
    const at = (bits: number) => found[finite.indexOf(bits)];
    expect(at(0x0001)).toBe(2 ** -24);
    expect(at(0x83ff)).toBe(-1023 * 2 ** -24);
    expect(at(0x0400)).toBe(2 ** -14);
    expect(at(0x3c00)).toBe(1);
    expect(at(0x3555)).toBe(0.333251953125);
    expect(at(0xfbff)).toBe(-65_504);
    expect(Object.is(at(0x8000), -0)).toBe(true);
  });

  test.each([
    ['no prefix', (name: string) => name.replace('gpt_neox.', '')],
    ['the prefix model.', (name: string) => `model.${name}`],
    ['lm_head for embed_out', (name: string) => name.replace('embed_out', 'lm_head')],
  ])('names with %s are understood', async (_, rename) => {
    expect(findDifference(await readAll(createParameters(config, renamed(rename))), values)).toBeUndefined();
  });
});

describe('refusals', () => {
  const refuse = (found: CheckpointWithUnusable, changes: Record<string, unknown> = {}) =>
    refusal(() => createParameters(fixtureConfig('tiny-neox', changes), found));

  test('a missing tensor is named with its shape', async () => {
    expect(await refuse(changed({ 'gpt_neox.layers.1.mlp.dense_h_to_4h.weight': undefined }))).toBe(
      'The weights (safetensors) hold no gpt_neox.layers.1.mlp.dense_h_to_4h.weight of shape [128, 32]. A part of the model is missing.',
    );
    expect(await refuse(changed({ 'embed_out.weight': undefined }))).toMatch(/hold no embed_out\.weight .* tie_word_embeddings/);
    expect(await refuse(changed({ 'gpt_neox.embed_in.weight': undefined }))).toMatch(/hold no token embedding/);
  });

  test('a misshapen tensor is named with both shapes', async () => {
    expect(await refuse(checkpoint, { vocab_size: 304 })).toBe(
      'gpt_neox.embed_in.weight has shape [300, 32], but config.json asks for [304, 32]. Check that both files belong to one model.',
    );
    expect(await refuse(checkpoint, { intermediate_size: 64 })).toMatch(
      /dense_h_to_4h\.weight has shape \[128, 32\], but config\.json asks for \[64, 32\]/,
    );
  });

  test('layers the config does not count are refused, and layers it counts in vain', async () => {
    expect(await refuse(checkpoint, { num_hidden_layers: 2 })).toMatch(/hold gpt_neox\.layers\.2\.\S+, but config\.json gives 2 layers/);
    expect(await refuse(checkpoint, { num_hidden_layers: 4 })).toMatch(/hold no gpt_neox\.layers\.3\.input_layernorm\.weight/);
  });

  test('attention biases and attention_bias must agree', async () => {
    expect(await refuse(checkpoint, { attention_bias: false })).toMatch(
      /attention\.\S+\.bias, but config\.json says attention_bias is false/,
    );
    expect(await refuse(changed({ 'gpt_neox.layers.0.attention.dense.bias': undefined }))).toMatch(
      /hold no gpt_neox\.layers\.0\.attention\.dense\.bias, but config\.json does not say attention_bias is false/,
    );
  });

  test('a weight in a number format that cannot be read is named', async () => {
    const found = changed({ 'embed_out.weight': undefined });
    expect(await refuse({ ...found, unusable: new Map([['embed_out.weight', 'F8_E4M3']]) })).toBe(
      'embed_out.weight is stored as F8_E4M3; only F32, F16 and BF16 weights can be read. Open a file that is not quantised.',
    );
  });

  test('two embeddings are refused', async () => {
    expect(await refuse(changed({ 'embed_in.weight': {} }))).toMatch(/two token embeddings/);
  });

  test('legacy buffers are never read, though the mask is infinite', async () => {
    const found = await readSafetensors(fixtureBlob('tiny-neox/model_fp16.safetensors'));
    expect(found.tensors.has('gpt_neox.layers.0.attention.masked_bias')).toBe(true);
    await readAll(createParameters(config, found));
  });

  test.each([
    ['NaN', NaN, 'not a number (NaN)'],
    ['an infinity', -Infinity, 'infinite'],
  ])('%s among the weights is refused when that tensor is read', async (_, value, words) => {
    const bytes = readFixture('tiny-neox/model.safetensors');
    const { offset } = checkpoint.tensors.get('gpt_neox.layers.2.attention.dense.weight')!;
    new DataView(bytes.buffer).setFloat32(offset + 4 * 777, value, true);
    const parameters = createParameters(config, await readSafetensors(new Blob([bytes])));
    await parameters.read('blocks.2.attn.W_QKV');
    expect(await refusal(() => parameters.read('blocks.2.attn.W_O'))).toBe(
      `gpt_neox.layers.2.attention.dense.weight holds a value that is ${words}, at position 777. The file is damaged, or overflowed when it was converted; get another copy.`,
    );
  });
});
