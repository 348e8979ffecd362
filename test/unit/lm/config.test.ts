import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/core/formats/bytes.ts';
import { parseConfig } from '../../../src/core/lm/config.ts';

/** The least a config.json must say. */
const LEAST = { model_type: 'gpt_neox', hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 3, vocab_size: 300 };
const parse = (changes: Record<string, unknown> = {}) => parseConfig({ ...LEAST, ...changes });

function refused(changes: Record<string, unknown>): string {
  try {
    parse(changes);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as Error).message;
  }
  throw new Error(`accepted: ${JSON.stringify(changes)}`);
}

describe('what a config says', () => {
  test('what it leaves out is as transformers’ GPTNeoXConfig has it', () => {
    expect(parse()).toEqual({
      n_layers: 3,
      d_model: 64,
      n_heads: 4,
      d_head: 16,
      d_mlp: 256,
      d_vocab: 300,
      n_ctx: 2048,
      rotary_dim: 4,
      rotary_base: 10_000,
      layer_norm_eps: 1e-5,
      activation: 'gelu',
      attention_bias: true,
      tied: false,
      bos_token_id: 0,
      eos_token_id: null,
      stop_token_ids: [],
    });
  });

  test('the rotary share and base are read under old names, new names and rope_parameters alike', () => {
    const wanted = { rotary_dim: 8, rotary_base: 5000 };
    expect(parse({ rotary_pct: 0.5, rotary_emb_base: 5000 })).toMatchObject(wanted);
    expect(parse({ partial_rotary_factor: 0.5, rope_theta: 5000 })).toMatchObject(wanted);
    const rope_parameters = { rope_type: 'default', partial_rotary_factor: 0.5, rope_theta: 5000 };
    expect(parse({ rope_parameters })).toMatchObject(wanted);
    expect(parse({ rope_parameters, rotary_pct: 0.25, rotary_emb_base: 10_000 })).toMatchObject(wanted);
  });

  test('the rotary width is cut to a whole number as Python’s int does', () => {
    expect(parse({ hidden_size: 80, num_attention_heads: 1, rotary_pct: 0.251 }).rotary_dim).toBe(20);
    expect(parse({ rotary_pct: 1 }).rotary_dim).toBe(16);
  });

  test.each([
    ['gelu', 'gelu'],
    ['gelu_python', 'gelu'],
    ['gelu_new', 'gelu_tanh'],
    ['gelu_fast', 'gelu_tanh'],
    ['gelu_pytorch_tanh', 'gelu_tanh'],
    ['gelu_accurate', 'gelu_tanh'],
    ['relu', 'relu'],
  ])('hidden_act %s is computed as %s', (hidden_act, activation) => {
    expect(parse({ hidden_act }).activation).toBe(activation);
  });

  test('the context is the trained one where it is shorter than the positions', () => {
    expect(parse({ max_position_embeddings: 512 }).n_ctx).toBe(512);
    expect(parse({ max_position_embeddings: 2048, n_ctx_trained: 256 }).n_ctx).toBe(256);
    expect(parse({ max_position_embeddings: 128, n_ctx_trained: 256 }).n_ctx).toBe(128);
  });

  test('explicit values win over every default', () => {
    const changes = { intermediate_size: 100, layer_norm_eps: 1e-3, attention_bias: false, tie_word_embeddings: true };
    expect(parse({ ...changes, bos_token_id: 5, eos_token_id: 0 })).toMatchObject({
      d_mlp: 100,
      layer_norm_eps: 1e-3,
      attention_bias: false,
      tied: true,
      bos_token_id: 5,
      eos_token_id: 0,
    });
  });

  test('rotary scaling that scales nothing is no scaling', () => {
    const plain = parse();
    expect(parse({ rope_scaling: null })).toEqual(plain);
    expect(parse({ rope_scaling: { type: 'default' } })).toEqual(plain);
    expect(parse({ rope_parameters: {} })).toEqual(plain);
    expect(parse({ quantization_config: null, use_parallel_residual: true })).toEqual(plain);
  });
});

describe('refusals', () => {
  test.each([[null], [[]], ['gpt_neox'], [3]])('%j is no JSON object', (json) => {
    expect(() => parseConfig(json)).toThrow('config.json does not hold a JSON object.');
  });

  test('another architecture is named', () => {
    expect(refused({ model_type: 'llama' })).toMatch(/not a GPT-NeoX model.*"llama"/);
    expect(refused({ model_type: undefined })).toMatch(/not a GPT-NeoX model.*no model_type/);
    expect(refused({ model_type: 'x'.repeat(5000) }).length).toBeLessThan(300);
  });

  test.each([[false], [null], [0], ['true']])('use_parallel_residual %j means a sequential residual', (use_parallel_residual) => {
    expect(refused({ use_parallel_residual })).toMatch(/sequential residual/);
  });

  test('a quantised model is sent back for the unquantised one', () => {
    expect(refused({ quantization_config: { bits: 4 } })).toMatch(/quantised.*fp32, fp16 or bf16/);
  });

  test.each([
    ['hidden_size', undefined],
    ['hidden_size', 0],
    ['hidden_size', 1e9],
    ['hidden_size', '64'],
    ['num_attention_heads', -4],
    ['num_attention_heads', 2.5],
    ['num_hidden_layers', undefined],
    ['num_hidden_layers', 257],
    ['vocab_size', NaN],
    ['vocab_size', 5e6],
    ['intermediate_size', [256]],
    ['max_position_embeddings', 0],
    ['n_ctx_trained', -1],
  ])('%s of %j is refused by name', (key, value) => {
    expect(refused({ [key]: value })).toMatch(new RegExp(`must give ${key} as a whole number from 1 to`));
  });

  test('heads that do not divide the width are refused with both numbers', () => {
    expect(refused({ hidden_size: 64, num_attention_heads: 5 })).toMatch(/hidden_size 64 with 5 heads/);
  });

  test('a rotary width of 0 or an odd one is refused', () => {
    expect(refused({ rotary_pct: 0.01 })).toMatch(/0 rotary dimensions for a head of 16/);
    expect(refused({ hidden_size: 48, rotary_pct: 0.25 })).toMatch(/3 rotary dimensions for a head of 12/);
  });

  test.each([
    ['rotary_pct', { rotary_pct: 0 }],
    ['rotary_pct', { rotary_pct: 1.5 }],
    ['rotary_pct', { rope_parameters: { partial_rotary_factor: 'half' } }],
    ['rotary_emb_base', { rotary_emb_base: 1 }],
    ['rotary_emb_base', { rope_theta: -10 }],
    ['layer_norm_eps', { layer_norm_eps: 0 }],
    ['layer_norm_eps', { layer_norm_eps: '1e-5' }],
  ])('a senseless %s is refused: %j', (key, changes) => {
    expect(refused(changes)).toMatch(new RegExp(`gives ${key} as .*makes no sense`));
  });

  test.each([
    ['linear', { rope_scaling: { type: 'linear', factor: 2 } }],
    ['yarn', { rope_scaling: { rope_type: 'yarn' } }],
    ['llama3', { rope_parameters: { rope_type: 'llama3', rope_theta: 10_000 } }],
  ])('rotary scaling is refused by its name, %s', (name, changes) => {
    expect(refused(changes)).toMatch(new RegExp(`scales its rotary positions .*${name}`));
  });

  test.each([['silu'], ['toString'], ['__proto__'], [3]])('the activation function %j is unknown', (hidden_act) => {
    expect(refused({ hidden_act })).toMatch(/activation function is .*known are gelu,/);
  });

  test.each([
    ['attention_bias', 1],
    ['tie_word_embeddings', 'no'],
  ])('%s of %j is neither true nor false', (key, value) => {
    expect(refused({ [key]: value })).toBe(`config.json must give ${key} as true or false.`);
  });
});
