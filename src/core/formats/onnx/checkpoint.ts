/**
 * The weights of an ONNX GPT-NeoX under their Hugging Face names, whatever the exporter called
 * them. What a Linear is follows from where it stands: query_key_value, dense_h_to_4h and the
 * head read a LayerNorm; dense and dense_4h_to_h do not; sizes tell them apart; the n-th of a
 * kind belongs to layer n, since a graph lists its nodes in order of dependence.
 */
import { FormatError, type BlobLike, type Checkpoint, type StoredTensor } from '../bytes.ts';
import type { ModelConfig } from '../../lm/config.ts';
import { listNames } from '../words.ts';
import { storeTensor, type FileLookup } from './data.ts';
import { flattenGraph, type FlatGraph } from './flatten.ts';
import { readOnnxGraph, type OnnxNode, type OnnxTensor } from './proto.ts';
import { traceGraph, type LinearSite, type NormSite, type Trace, type WeightRef } from './trace.ts';

/** Operators that only a quantised file has, and how to call what it is. */
const QUANTISED: [pattern: RegExp, what: string][] = [
  [/MatMulBnb4$/, '4-bit bitsandbytes weights'],
  [/(MatMulNBits|MatMulFpQ4|GatherBlockQuantized)$/, '4-bit block weights'],
  [
    /(DynamicQuantizeLinear|MatMulInteger|DequantizeLinear|QuantizeLinear|ConvInteger|^QLinear\w+|MatMulIntegerToFloat|DynamicQuantizeMatMul|QAttention|QGemm)$/,
    '8-bit weights',
  ],
];

/**
 * @param config sizes to tell the weights apart by
 * @param name the file's name for sentences
 * @param lookup finds files with external data
 * @throws FormatError when the file is damaged, quantised, of other sizes than the config says, or
 *   wired in a way that is not recognised
 */
export async function readOnnxCheckpoint(
  file: BlobLike,
  config: ModelConfig,
  name = 'model.onnx',
  lookup: FileLookup = () => undefined,
): Promise<Checkpoint> {
  const tensors = new Map<string, StoredTensor>();
  for (const { key, tensor, transposed } of await locateOnnxWeights(file, config, name)) {
    tensors.set(key, storeTensor(tensor, transposed, key, file, lookup));
  }
  return { format: 'ONNX', tensors };
}

/** Which stored tensor is a weight. */
interface WeightSite {
  /** Hugging Face name. */
  key: string;
  tensor: OnnxTensor;
  /** It lies [in, out], the transpose of the checkpoint's. */
  transposed: boolean;
}

/** @throws FormatError as readOnnxCheckpoint */
export async function locateOnnxWeights(file: BlobLike, config: ModelConfig, name: string): Promise<WeightSite[]> {
  const graph = flattenGraph(await readOnnxGraph(file, name), name);
  refuseQuantised(graph, name);
  const trace = traceGraph(graph);
  const roles = assignRoles(trace, config, name);
  const named = nameWeights(roles, findEmbedding(trace, config, name), config);
  // A Linear weight that meets its MatMul unturned lies [in, out].
  return named.map(([key, { ref, isLinear }]) => ({ key, tensor: ref.tensor, transposed: isLinear && !ref.flipped }));
}

interface Roles {
  qkv: LinearSite[];
  dense: LinearSite[];
  up: LinearSite[];
  down: LinearSite[];
  head: LinearSite;
  finalNorm: NormSite;
}

type Named = [name: string, weight: { ref: WeightRef; isLinear: boolean }];

function nameWeights(roles: Roles, embedding: WeightRef, config: ModelConfig): Named[] {
  const named: Named[] = [];
  const plain = (name: string, ref: WeightRef | undefined) => ref && named.push([name, { ref, isLinear: false }]);
  const linear = (name: string, site: LinearSite) => {
    named.push([`${name}.weight`, { ref: site.weight, isLinear: true }]);
    plain(`${name}.bias`, site.bias);
  };
  const norm = (name: string, site: NormSite) => {
    plain(`${name}.weight`, site.gain);
    plain(`${name}.bias`, site.shift);
  };
  plain('gpt_neox.embed_in.weight', embedding);
  for (let i = 0; i < config.n_layers; i++) {
    const layer = `gpt_neox.layers.${i}`;
    norm(`${layer}.input_layernorm`, roles.qkv[i].norm!);
    norm(`${layer}.post_attention_layernorm`, roles.up[i].norm!);
    linear(`${layer}.attention.query_key_value`, roles.qkv[i]);
    linear(`${layer}.attention.dense`, roles.dense[i]);
    linear(`${layer}.mlp.dense_h_to_4h`, roles.up[i]);
    linear(`${layer}.mlp.dense_4h_to_h`, roles.down[i]);
  }
  norm('gpt_neox.final_layer_norm', roles.finalNorm);
  if (!config.tied || roles.head.weight.tensor !== embedding.tensor) linear('embed_out', roles.head);
  return named;
}

function assignRoles(trace: Trace, config: ModelConfig, name: string): Roles {
  const { d_model, d_mlp, d_vocab } = config;
  const reading = trace.linears.filter((site) => site.norm && site.in === d_model);
  const head = reading.pop();
  if (!head?.norm || head.out !== d_vocab || head.bias) throw unrecognised(trace, config, name);
  const others = trace.linears.filter((site) => !site.norm && site.out === d_model);
  // Where two kinds have one shape, the nonlinearity between up and down tells them apart.
  const wide = 3 * d_model === d_mlp;
  const square = d_model === d_mlp;
  const roles: Roles = {
    qkv: reading.filter((site) => site.out === 3 * d_model && !(wide && site.beforePointwise)),
    up: reading.filter((site) => site.out === d_mlp && !(wide && !site.beforePointwise)),
    dense: others.filter((site) => site.in === d_model && !(square && site.afterPointwise)),
    down: others.filter((site) => site.in === d_mlp && !(square && !site.afterPointwise)),
    head,
    finalNorm: head.norm,
  };
  const kinds = [roles.qkv, roles.up, roles.dense, roles.down];
  if (kinds.some((sites) => sites.length !== config.n_layers || sites.some((site) => site.twoBiases))) {
    throw unrecognised(trace, config, name);
  }
  if (roles.qkv.some((site, i) => site.norm!.of !== roles.up[i].norm!.of)) {
    throw new FormatError(
      `${name} has a sequential residual: its MLP does not read what its attention reads. Only parallel-residual GPT-NeoX models can be opened.`,
    );
  }
  return roles;
}

function findEmbedding(trace: Trace, config: ModelConfig, name: string): WeightRef {
  const found = trace.lookups.filter(
    (ref) => !ref.flipped && ref.tensor.shape[0] === config.d_vocab && ref.tensor.shape[1] === config.d_model,
  );
  if (found.length === 0 || found.some((ref) => ref.tensor !== found[0].tensor)) {
    throw new FormatError(
      `${name} has ${found.length === 0 ? 'no' : 'more than one'} token embedding of [${config.d_vocab}, ${config.d_model}], the size config.json gives. Check that both files belong to one model.`,
    );
  }
  return found[0];
}

function unrecognised(trace: Trace, config: ModelConfig, name: string): FormatError {
  const sizes = new Map<string, number>();
  for (const site of trace.linears) {
    const key = `[${site.in}, ${site.out}]`;
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
  const found = [...sizes].map(([size, count]) => `${count} of ${size}`);
  return new FormatError(
    `${name} is not wired like a GPT-NeoX of ${config.n_layers} layers, width ${config.d_model} and vocabulary ${config.d_vocab}, as config.json says: ` +
      `it multiplies by ${found.length ? listNames(found) : 'no stored matrices'}. Check that both files belong to one model, or open model.safetensors.`,
  );
}

function refuseQuantised(graph: FlatGraph, name: string): void {
  for (const [pattern, what] of QUANTISED) {
    const node = graph.nodes.find(({ op }: OnnxNode) => pattern.test(op));
    if (node) {
      throw new FormatError(
        `${name} is quantised (${what}, operator ${node.op.replace(/^.*::/, '')}), and rounded weights are not opened. Use the fp32 or fp16 file, such as onnx/model.onnx or onnx/model_fp16.onnx.`,
      );
    }
  }
}
