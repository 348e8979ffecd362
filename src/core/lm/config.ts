/**
 * Reads a GPT-NeoX `config.json` (Hugging Face), old and new key names, and refuses what the
 * hooked model does not compute. Defaults are those of transformers' GPTNeoXConfig.
 */
import { FormatError } from '../formats/bytes.ts';
import { describe } from '../formats/words.ts';
import { readSpecialTokens, type SpecialTokens } from './endOfText.ts';

/** How the MLP's nonlinearity is computed. */
export type Activation = 'gelu' | 'gelu_tanh' | 'relu';

export interface ModelConfig extends SpecialTokens {
  n_layers: number;
  d_model: number;
  n_heads: number;
  d_head: number;
  d_mlp: number;
  d_vocab: number;
  /** Longest input: `n_ctx_trained` when given, else `max_position_embeddings`. */
  n_ctx: number;
  /** Leading dimensions of each head that rotate (even). */
  rotary_dim: number;
  rotary_base: number;
  layer_norm_eps: number;
  activation: Activation;
  /** Whether query_key_value and dense have biases. */
  attention_bias: boolean;
  tied: boolean;
}

/** Largest sizes taken seriously; a hostile config must not make us allocate without bound. */
const MAX = { layers: 256, width: 65_536, vocab: 4_194_304, context: 1_048_576 } as const;

/** hidden_act values met in GPT-NeoX configs. The two tanh forms differ only in how they are written. */
const ACTIVATIONS: Record<string, Activation> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  relu: 'relu',
};

/**
 * @param json parsed `config.json`; which tokens end a text the other files of a model may say better
 * @throws FormatError, one sentence, when the architecture is another, the residual is sequential,
 *   a size is missing or absurd, or the weights are declared quantised
 */
export function parseConfig(json: unknown): ModelConfig {
  const c = asObject(json, 'config.json');
  const type = c.model_type;
  if (type !== 'gpt_neox') {
    const found = typeof type === 'string' ? `"${type.slice(0, 60)}"` : 'no model_type';
    throw new FormatError(
      `This is not a GPT-NeoX model: its config.json says ${found}. Only GPT-NeoX models (Pythia and its kin) can be opened.`,
    );
  }
  // transformers takes null, 0 and the like as false, so nothing but true (or absence) is parallel.
  if (c.use_parallel_residual !== undefined && c.use_parallel_residual !== true) {
    throw new FormatError(
      `This model has a sequential residual (use_parallel_residual is ${describe(c.use_parallel_residual)}). Only parallel-residual GPT-NeoX models can be opened.`,
    );
  }
  if (c.quantization_config !== undefined && c.quantization_config !== null) {
    throw new FormatError('This model is quantised (its config.json has a quantization_config). Open the fp32, fp16 or bf16 version.');
  }
  const size = (key: string, max: number, fallback?: number) => readSize(c, key, max, fallback);
  const d_model = size('hidden_size', MAX.width);
  const n_heads = size('num_attention_heads', MAX.width);
  if (d_model % n_heads !== 0) {
    throw new FormatError(`config.json says hidden_size ${d_model} with ${n_heads} heads, which does not divide evenly.`);
  }
  const d_head = d_model / n_heads;
  const rope = isObject(c.rope_parameters) ? c.rope_parameters : {};
  refuseRopeScaling(c, rope);
  const pct = readNumber(
    'rotary_pct',
    rope.partial_rotary_factor ?? c.partial_rotary_factor ?? c.rotary_pct ?? 0.25,
    (v) => v > 0 && v <= 1,
  );
  const rotary_dim = Math.trunc(d_head * pct);
  if (rotary_dim % 2 !== 0 || rotary_dim === 0) {
    throw new FormatError(`config.json gives ${rotary_dim} rotary dimensions for a head of ${d_head}; an even number above 0 is needed.`);
  }
  const d_vocab = size('vocab_size', MAX.vocab);
  const positions = size('max_position_embeddings', MAX.context, 2048);
  return {
    n_layers: size('num_hidden_layers', MAX.layers),
    d_model,
    n_heads,
    d_head,
    d_mlp: size('intermediate_size', MAX.width * 8, d_model * 4),
    d_vocab,
    n_ctx: Math.min(positions, size('n_ctx_trained', MAX.context, positions)),
    rotary_dim,
    rotary_base: readNumber('rotary_emb_base', rope.rope_theta ?? c.rope_theta ?? c.rotary_emb_base ?? 10_000, (v) => v > 1),
    layer_norm_eps: readNumber('layer_norm_eps', c.layer_norm_eps ?? 1e-5, (v) => v > 0 && v < 1),
    activation: readActivation(c.hidden_act ?? 'gelu'),
    attention_bias: readFlag('attention_bias', c.attention_bias, true),
    tied: readFlag('tie_word_embeddings', c.tie_word_embeddings, false),
    ...readSpecialTokens({ config: c }, d_vocab),
  };
}

/** Rotary scaling changes every angle; transformers spells "none" as absent, null or type default. */
function refuseRopeScaling(c: Record<string, unknown>, rope: Record<string, unknown>): void {
  const scaling = isObject(c.rope_scaling) ? c.rope_scaling : rope;
  const kind = scaling.rope_type ?? scaling.type;
  if (kind !== undefined && kind !== 'default') {
    throw new FormatError(`This model scales its rotary positions (${describe(kind)}), which is not computed here.`);
  }
}

function readActivation(value: unknown): Activation {
  const found = typeof value === 'string' && Object.hasOwn(ACTIVATIONS, value) ? ACTIVATIONS[value] : undefined;
  if (!found) {
    throw new FormatError(`This model's activation function is ${describe(value)}; known are ${Object.keys(ACTIVATIONS).join(', ')}.`);
  }
  return found;
}

function readSize(c: Record<string, unknown>, key: string, max: number, fallback?: number): number {
  const value = c[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw new FormatError(`config.json must give ${key} as a whole number from 1 to ${max}; it gives ${describe(value)}.`);
  }
  return value;
}

function readNumber(key: string, value: unknown, ok: (v: number) => boolean): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || !ok(value)) {
    throw new FormatError(`config.json gives ${key} as ${describe(value)}, which makes no sense.`);
  }
  return value;
}

function readFlag(key: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') throw new FormatError(`config.json must give ${key} as true or false.`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws FormatError unless `value` is a JSON object */
function asObject(value: unknown, name: string): Record<string, unknown> {
  if (!isObject(value)) throw new FormatError(`${name} does not hold a JSON object.`);
  return value;
}
