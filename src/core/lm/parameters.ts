/**
 * A checkpoint's weights as the model computes with them: TransformerLens names, every matrix
 * [in, out] row-major in fp32, query_key_value with all queries first, then keys, then values
 * (Hugging Face interleaves them per head: [n_heads, 3, d_head] on the output axis).
 */
import { BYTES_PER_VALUE, FormatError, readBytes, type StoredTensor } from '../formats/bytes.ts';
import type { CheckpointWithUnusable } from '../formats/safetensors.ts';
import { quote } from '../formats/words.ts';
import type { ModelConfig } from './config.ts';
import { assertFinite, placeBlock, widen, type Block } from './weightLayout.ts';

/** Bytes of a stored tensor read at a time. */
const SLICE_BYTES = 4 * 2 ** 20;

export interface Parameters {
  names: string[];
  /** Shape as delivered. Throws FormatError for an unknown name. */
  shape(name: string): number[];
  /** Numbers in all parameters together. */
  totalValues: number;
  /**
   * Reads one parameter: row-major, owned by the caller. Peak memory is the result and one slice.
   * Throws FormatError when the file ends early or a number is NaN or infinite.
   */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
}

/** How one parameter comes out of a checkpoint. */
interface Source {
  shape: number[];
  /** Hugging Face name without prefix. */
  key: string;
  /** Shape as a checkpoint has it ([out, in] for matrices of Linear layers). */
  stored: number[];
  /** 'plain' as stored; 'linear' delivered [in, out]; 'tied' an embedding delivered as a Linear. */
  kind: 'plain' | 'linear' | 'tied';
  /** Reorder outputs from per-head q, k, v to three blocks. */
  isQKV: boolean;
  /** Left out of the checkpoint, and zero. */
  isZero: boolean;
}

/** A source's tensor, with its name in the file. */
interface Found {
  name: string;
  tensor: StoredTensor;
}

const PREFIXES = ['gpt_neox.', 'model.gpt_neox.', ''];
const HEADS = ['embed_out.weight', 'model.embed_out.weight', 'lm_head.weight', 'model.lm_head.weight'];

/**
 * Checks that every weight is there in the right shape; nothing is read yet.
 * @throws FormatError naming the first tensor that is missing, misshapen or too many
 */
export function createParameters(config: ModelConfig, checkpoint: CheckpointWithUnusable): Parameters {
  const prefix = findPrefix(checkpoint);
  refuseSurplus(config, checkpoint, prefix);
  const entries = new Map<string, { source: Source; found: Found | undefined }>();
  for (const [name, source] of listSources(config)) {
    entries.set(name, { source, found: source.isZero ? undefined : findTensor(source, checkpoint, prefix) });
  }
  const entry = (name: string) => {
    const found = entries.get(name);
    if (!found) throw new FormatError(`The model has no parameter called "${quote(name)}".`);
    return found;
  };
  return {
    names: [...entries.keys()],
    shape: (name) => [...entry(name).source.shape],
    totalValues: [...entries.values()].reduce((n, { source }) => n + countValues(source.shape), 0),
    read: async (name) => {
      const { source, found } = entry(name);
      return found ? readParameter(source, found, config) : new Float32Array(countValues(source.shape));
    },
  };
}

function listSources(config: ModelConfig): [string, Source][] {
  const { d_model: d, d_mlp, d_vocab, n_layers, attention_bias, tied } = config;
  const base = { isQKV: false, isZero: false };
  const vector = (key: string, size: number, more: Partial<Source> = {}): Source => ({
    ...base,
    key,
    kind: 'plain',
    shape: [size],
    stored: [size],
    ...more,
  });
  const linear = (key: string, from: number, to: number, more: Partial<Source> = {}): Source => ({
    ...base,
    key,
    kind: 'linear',
    shape: [from, to],
    stored: [to, from],
    ...more,
  });
  const list: [string, Source][] = [
    ['embed.W_E', { ...base, key: 'embed_in.weight', kind: 'plain', shape: [d_vocab, d], stored: [d_vocab, d] }],
  ];
  for (let i = 0; i < n_layers; i++) {
    const hf = `layers.${i}`;
    const zero = { isZero: !attention_bias };
    list.push(
      [`blocks.${i}.ln1.w`, vector(`${hf}.input_layernorm.weight`, d)],
      [`blocks.${i}.ln1.b`, vector(`${hf}.input_layernorm.bias`, d)],
      [`blocks.${i}.ln2.w`, vector(`${hf}.post_attention_layernorm.weight`, d)],
      [`blocks.${i}.ln2.b`, vector(`${hf}.post_attention_layernorm.bias`, d)],
      [`blocks.${i}.attn.W_QKV`, linear(`${hf}.attention.query_key_value.weight`, d, 3 * d, { isQKV: true })],
      [`blocks.${i}.attn.b_QKV`, vector(`${hf}.attention.query_key_value.bias`, 3 * d, { isQKV: true, ...zero })],
      [`blocks.${i}.attn.W_O`, linear(`${hf}.attention.dense.weight`, d, d)],
      [`blocks.${i}.attn.b_O`, vector(`${hf}.attention.dense.bias`, d, zero)],
      [`blocks.${i}.mlp.W_in`, linear(`${hf}.mlp.dense_h_to_4h.weight`, d, d_mlp)],
      [`blocks.${i}.mlp.b_in`, vector(`${hf}.mlp.dense_h_to_4h.bias`, d_mlp)],
      [`blocks.${i}.mlp.W_out`, linear(`${hf}.mlp.dense_4h_to_h.weight`, d_mlp, d)],
      [`blocks.${i}.mlp.b_out`, vector(`${hf}.mlp.dense_4h_to_h.bias`, d)],
    );
  }
  // As in transformers, a tied model's own embed_out, if a file still has one, counts for nothing.
  list.push(
    ['ln_final.w', vector('final_layer_norm.weight', d)],
    ['ln_final.b', vector('final_layer_norm.bias', d)],
    ['unembed.W_U', linear(tied ? 'embed_in.weight' : 'embed_out.weight', d, d_vocab, { kind: tied ? 'tied' : 'linear' })],
  );
  return list;
}

/** Which spelling the checkpoint uses, told by its embedding. */
function findPrefix({ tensors, unusable }: CheckpointWithUnusable): string {
  const found = PREFIXES.filter((prefix) => tensors.has(`${prefix}embed_in.weight`) || unusable?.has(`${prefix}embed_in.weight`));
  if (found.length > 1)
    throw new FormatError(
      `The weights hold two token embeddings, ${found[0]}embed_in.weight and ${found[1]}embed_in.weight. Give the file of one model.`,
    );
  if (found.length === 0) {
    throw new FormatError(
      'The weights hold no token embedding (gpt_neox.embed_in.weight). This is not a GPT-NeoX checkpoint, or a part of it is missing.',
    );
  }
  return found[0];
}

/** @throws FormatError for layers the config does not count and biases it says are absent */
function refuseSurplus(config: ModelConfig, { tensors }: CheckpointWithUnusable, prefix: string): void {
  for (const name of tensors.keys()) {
    const match = name.startsWith(prefix) ? /^layers\.(\d+)\.(.+)$/.exec(name.slice(prefix.length)) : null;
    if (!match) continue;
    if (Number(match[1]) >= config.n_layers) {
      throw new FormatError(
        `The weights hold ${quote(name)}, but config.json gives ${config.n_layers} layers. Check that both files belong to one model.`,
      );
    }
    if (!config.attention_bias && /^attention\.(query_key_value|dense)\.bias$/.test(match[2])) {
      throw new FormatError(
        `The weights hold ${name}, but config.json says attention_bias is false. Check that both files belong to one model.`,
      );
    }
  }
}

/** @throws FormatError when the tensor is missing, of no readable number format, or misshapen */
function findTensor(source: Source, checkpoint: CheckpointWithUnusable, prefix: string): Found {
  const candidates = source.key === 'embed_out.weight' ? HEADS : [prefix + source.key];
  const name = candidates.find((candidate) => checkpoint.tensors.has(candidate));
  if (name === undefined) throw missing(source, candidates, checkpoint);
  const tensor = checkpoint.tensors.get(name)!;
  const expected = source.kind === 'linear' && tensor.transposed ? [...source.stored].reverse() : source.stored;
  if (tensor.shape.length !== expected.length || tensor.shape.some((size, i) => size !== expected[i])) {
    throw new FormatError(
      `${name} has shape [${tensor.shape.join(', ')}], but config.json asks for [${expected.join(', ')}]. Check that both files belong to one model.`,
    );
  }
  if (tensor.length !== countValues(expected) * BYTES_PER_VALUE[tensor.dtype]) {
    throw new FormatError(`${name} has ${tensor.length} bytes, which does not fit its shape [${expected.join(', ')}] in ${tensor.dtype}.`);
  }
  return { name, tensor };
}

function missing(source: Source, candidates: string[], { unusable, format }: CheckpointWithUnusable): FormatError {
  for (const candidate of candidates) {
    const dtype = unusable?.get(candidate);
    if (dtype)
      return new FormatError(
        `${candidate} is stored as ${dtype}; only F32, F16 and BF16 weights can be read. Open a file that is not quantised.`,
      );
  }
  if (/attention\.(query_key_value|dense)\.bias$/.test(source.key)) {
    return new FormatError(
      `The weights (${format}) hold no ${candidates[0]}, but config.json does not say attention_bias is false. Check that both files belong to one model.`,
    );
  }
  const hint = source.key === 'embed_out.weight' ? ' It is only optional when config.json says tie_word_embeddings.' : '';
  return new FormatError(
    `The weights (${format}) hold no ${candidates[0]} of shape [${source.stored.join(', ')}].${hint} A part of the model is missing.`,
  );
}

async function readParameter(source: Source, { name, tensor }: Found, config: ModelConfig): Promise<Float32Array<ArrayBuffer>> {
  const columns = tensor.shape.at(-1)!;
  const rows = countValues(tensor.shape) / columns;
  const turned = source.kind === 'tied' || (source.kind === 'linear' && !tensor.transposed);
  const order = source.isQKV ? orderQKV(config) : undefined;
  const target = new Float32Array(rows * columns);
  // A plain copy can be widened in place; anything rearranged goes through one slice.
  const direct = !turned && !order;
  const scratch = direct ? undefined : new Float32Array(Math.min(target.length, SLICE_BYTES / BYTES_PER_VALUE[tensor.dtype]));
  for (const block of listBlocks(rows, columns, BYTES_PER_VALUE[tensor.dtype])) {
    const first = block.row * columns + block.column;
    const count = block.rows * block.columns;
    const size = BYTES_PER_VALUE[tensor.dtype];
    const bytes = await readBytes(tensor.file, tensor.offset + first * size, count * size);
    const values = (scratch ?? target).subarray(direct ? first : 0, direct ? first + count : count);
    widen(bytes, tensor.dtype, values);
    assertFinite(values, name, first);
    if (!direct) placeBlock(values, block, target, turned ? rows : columns, turned, order);
  }
  return target;
}

/** Whole rows, as many as fit a slice; a row larger than a slice is cut. */
function* listBlocks(rows: number, columns: number, bytesPerValue: number): Generator<Block> {
  const perSlice = SLICE_BYTES / bytesPerValue;
  const rowStep = Math.max(1, Math.floor(perSlice / columns));
  const columnStep = Math.min(columns, perSlice);
  for (let row = 0; row < rows; row += rowStep) {
    for (let column = 0; column < columns; column += columnStep) {
      yield { row, rows: Math.min(rowStep, rows - row), column, columns: Math.min(columnStep, columns - column) };
    }
  }
}

/** Stored output index (head, q|k|v, within head) → delivered index (q|k|v, head, within head). */
function orderQKV({ n_heads, d_head, d_model }: ModelConfig): Uint32Array {
  const order = new Uint32Array(3 * d_model);
  for (let head = 0, o = 0; head < n_heads; head++) {
    for (let part = 0; part < 3; part++) {
      for (let i = 0; i < d_head; i++) order[o++] = part * d_model + head * d_head + i;
    }
  }
  return order;
}

function countValues(shape: number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}
