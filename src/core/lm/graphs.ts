/**
 * The ONNX graphs of a GPT-NeoX model: one per block and one for the unembedding. Written by us
 * rather than cut from an export, so every inner tensor has a known name (docs/decisions/graphs.md).
 *
 * Shapes: B batch, Q new positions, P cached positions, K = P + Q, H heads, E d_head, D d_model.
 */
import type { ExternalTensor, Graph, Node } from '../formats/onnxWriter.ts';
import type { ModelConfig } from './config.ts';

/** Outputs of a block graph: hook values, then the keys and values to cache. */
const BLOCK_OUTPUTS = [
  'resid_post', // [B, Q, D]
  'ln1', // [B, Q, D]
  'ln2', // [B, Q, D]
  'pattern', // [B, H, Q, K]
  'v', // [B, Q, D], heads side by side
  'z', // [B, Q, D], heads side by side, dz added
  'attn_out', // [B, Q, D]
  'pre', // [B, Q, d_mlp]
  'post', // [B, Q, d_mlp], dpost added
  'mlp_out', // [B, Q, D]
  'present_k', // [B, H, K, E], rotated
  'present_v', // [B, H, K, E]
] as const;
export type BlockOutput = (typeof BLOCK_OUTPUTS)[number];

/** A parameter placed in the external buffer of its graph. */
export type Place = (parameter: string, dims: number[]) => ExternalTensor;

/** Collects the nodes of a graph and the parameters they name. */
class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly external: ExternalTensor[] = [];
  readonly #config: ModelConfig;
  readonly #prefix: string;
  readonly #place: Place;

  constructor(config: ModelConfig, prefix: string, place: Place) {
    this.#config = config;
    this.#prefix = prefix;
    this.#place = place;
  }

  add(op: string, inputs: string[], outputs: string[], attributes?: Node['attributes']): void {
    this.nodes.push({ op, inputs, outputs, attributes });
  }

  /** @returns the name of a parameter, placed in the external buffer */
  parameter(name: string, dims: number[]): string {
    const tensor = this.#place(`${this.#prefix}.${name}`, dims);
    this.external.push(tensor);
    return tensor.name;
  }

  norm(name: string): void {
    const { d_model: D, layer_norm_eps } = this.#config;
    const inputs = ['resid', this.parameter(`${name}.w`, [D]), this.parameter(`${name}.b`, [D])];
    this.add('LayerNormalization', inputs, [name], { axis: { int: -1 }, epsilon: { float: layer_norm_eps } });
  }

  linear(x: string, weight: string, bias: string, [from, to]: [number, number], out: string): void {
    this.add('MatMul', [x, this.parameter(weight, [from, to])], [`${out}_product`]);
    this.add('Add', [`${out}_product`, this.parameter(bias, [to])], [out]);
  }

  /** [B, Q, D] to [B, H, Q, E] */
  toHeads(x: string, out: string): void {
    this.add('Reshape', [x, 'shape_heads'], [`${out}_rows`]);
    this.add('Transpose', [`${out}_rows`], [out], { perm: { ints: [0, 2, 1, 3] } });
  }
}

/**
 * One transformer block, parallel residual: resid + attn(ln1(resid)) + mlp(ln2(resid)).
 * `dz` and `dpost` (shape [1,1,1] zero, or full) are added to z and to mlp.hook_post, which is how
 * an edit of an inner hook reaches the output without a second copy of the weights.
 * @param prefix canonical parameter prefix, `blocks.{i}`
 */
export function blockGraph(config: ModelConfig, prefix: string, place: Place): Graph {
  const { d_model: D, n_heads: H, d_head: E, rotary_dim: R } = config;
  const graph = new GraphBuilder(config, prefix, place);
  addAttention(graph, config);
  addMlp(graph, config);
  graph.add('Add', ['attn_out', 'mlp_out'], ['delta']);
  graph.add('Add', ['resid', 'delta'], ['resid_post']);
  const half = R / 2;
  return {
    name: prefix,
    nodes: graph.nodes,
    external: graph.external,
    inputs: [
      { name: 'resid', dims: ['B', 'Q', D] },
      { name: 'cos', dims: ['Q', half] },
      { name: 'sin', dims: ['Q', half] },
      { name: 'mask', dims: ['Q', 'K'] },
      { name: 'past_k', dims: ['B', H, 'P', E] },
      { name: 'past_v', dims: ['B', H, 'P', E] },
      { name: 'dz', dims: ['zb', 'zq', 'zd'] },
      { name: 'dpost', dims: ['pb', 'pq', 'pd'] },
    ],
    outputs: [...BLOCK_OUTPUTS],
    ints: [
      { name: 'shape_heads', values: [0, 0, H, E] },
      { name: 'shape_model', values: [0, 0, D] },
      { name: 'split_qkv', values: [D, D, D] },
      { name: 'split_rotary', values: R < E ? [half, half, E - R] : [half, half] },
    ],
    floats: [{ name: 'scale', dims: [1], values: [1 / Math.sqrt(E)] }],
  };
}

function addAttention(graph: GraphBuilder, { d_model: D, d_head: E, rotary_dim: R }: ModelConfig): void {
  graph.norm('ln1');
  graph.linear('ln1', 'attn.W_QKV', 'attn.b_QKV', [D, 3 * D], 'qkv');
  graph.add('Split', ['qkv', 'split_qkv'], ['q_rows', 'k_rows', 'v'], { axis: { int: -1 } });
  // Scaling q costs less than scaling the scores, and 1/sqrt(E) is the only scale the model has.
  graph.add('Mul', ['q_rows', 'scale'], ['q_scaled']);
  graph.toHeads('q_scaled', 'q_heads');
  graph.toHeads('k_rows', 'k_heads');
  graph.toHeads('v', 'v_heads');
  graph.nodes.push(...rotary('q_heads', 'q', R < E), ...rotary('k_heads', 'k', R < E));
  graph.add('Concat', ['past_k', 'k'], ['present_k'], { axis: { int: 2 } });
  graph.add('Concat', ['past_v', 'v_heads'], ['present_v'], { axis: { int: 2 } });
  graph.add('Transpose', ['present_k'], ['k_t'], { perm: { ints: [0, 1, 3, 2] } });
  graph.add('MatMul', ['q', 'k_t'], ['scores']);
  graph.add('Add', ['scores', 'mask'], ['scores_masked']);
  graph.add('Softmax', ['scores_masked'], ['pattern'], { axis: { int: -1 } });
  graph.add('MatMul', ['pattern', 'present_v'], ['z_heads']);
  graph.add('Transpose', ['z_heads'], ['z_rows'], { perm: { ints: [0, 2, 1, 3] } });
  graph.add('Reshape', ['z_rows', 'shape_model'], ['z_own']);
  graph.add('Add', ['z_own', 'dz'], ['z']);
  graph.linear('z', 'attn.W_O', 'attn.b_O', [D, D], 'attn_out');
}

function addMlp(graph: GraphBuilder, { activation, d_model: D, d_mlp: M }: ModelConfig): void {
  graph.norm('ln2');
  graph.linear('ln2', 'mlp.W_in', 'mlp.b_in', [D, M], 'pre');
  if (activation === 'relu') graph.add('Relu', ['pre'], ['post_own']);
  else graph.add('Gelu', ['pre'], ['post_own'], { approximate: { string: activation === 'gelu' ? 'none' : 'tanh' } });
  graph.add('Add', ['post_own', 'dpost'], ['post']);
  graph.linear('post', 'mlp.W_out', 'mlp.b_out', [M, D], 'mlp_out');
}

/** GPT-NeoX rotary: the first R dimensions of a head turn as pairs (j, j + R/2); the rest pass. */
function rotary(x: string, out: string, hasRest: boolean): Node[] {
  const n = (op: string, inputs: string[], outputs: string[]): Node => ({ op, inputs, outputs });
  const a = `${out}_a`;
  const b = `${out}_b`;
  const rest = hasRest ? [`${out}_rest`] : [];
  return [
    { ...n('Split', [x, 'split_rotary'], [a, b, ...rest]), attributes: { axis: { int: -1 } } },
    n('Mul', [a, 'cos'], [`${a}_cos`]),
    n('Mul', [b, 'sin'], [`${b}_sin`]),
    n('Sub', [`${a}_cos`, `${b}_sin`], [`${a}_turned`]),
    n('Mul', [b, 'cos'], [`${b}_cos`]),
    n('Mul', [a, 'sin'], [`${a}_sin`]),
    n('Add', [`${b}_cos`, `${a}_sin`], [`${b}_turned`]),
    {
      ...n('Concat', [`${a}_turned`, `${b}_turned`, ...rest], [out]),
      attributes: { axis: { int: -1 } },
    },
  ];
}

/** Final LayerNorm: x [N, D] → `ln_final` [N, D]. Apart from the unembedding, so reading it costs no logits. */
export function finalNormGraph(config: ModelConfig, place: Place): Graph {
  const w = place('ln_final.w', [config.d_model]);
  const b = place('ln_final.b', [config.d_model]);
  const attributes = { axis: { int: -1 }, epsilon: { float: config.layer_norm_eps } };
  return {
    name: 'ln_final',
    nodes: [{ op: 'LayerNormalization', inputs: ['x', w.name, b.name], outputs: ['ln_final'], attributes }],
    inputs: [{ name: 'x', dims: ['N', config.d_model] }],
    outputs: ['ln_final'],
    external: [w, b],
    ints: [],
    floats: [],
  };
}

/** Unembedding of chosen rows: x [N, D] → `logits` [N, d_vocab]. */
export function unembedGraph(config: ModelConfig, place: Place): Graph {
  const W_U = place('unembed.W_U', [config.d_model, config.d_vocab]);
  return {
    name: 'unembed',
    nodes: [{ op: 'MatMul', inputs: ['x', W_U.name], outputs: ['logits'] }],
    inputs: [{ name: 'x', dims: ['N', config.d_model] }],
    outputs: ['logits'],
    external: [W_U],
    ints: [],
    floats: [],
  };
}
