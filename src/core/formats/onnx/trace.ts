/**
 * Follows a flat graph once, front to back, and notes what each value is as far as finding a
 * GPT-NeoX's weights needs it: a stored weight (through Cast, Identity, Transpose), the product
 * of a Linear, or the output of a LayerNorm, fused or written out. Names play no part: exporters
 * drop those of Linear weights, and optimisers merge equal tensors under one layer's name.
 */
import type { FlatGraph } from './flatten.ts';
import type { OnnxNode, OnnxTensor } from './proto.ts';

/** A stored tensor as a node sees it; `flipped` when an odd number of Transposes lies between. */
export interface WeightRef {
  tensor: OnnxTensor;
  flipped: boolean;
}

/** A LayerNorm: what it reads (value name), its weight and bias. */
export interface NormSite {
  of: string;
  gain: WeightRef;
  shift: WeightRef;
}

/** A product with a stored matrix, in graph order. Sizes are those of x·W: x [.., in], W [in, out]. */
export interface LinearSite {
  weight: WeightRef;
  in: number;
  out: number;
  bias?: WeightRef;
  /** Set when a second bias was found, which no Linear has. */
  twoBiases: boolean;
  /** The LayerNorm whose output it reads. */
  norm?: NormSite;
  /** Whether what it reads comes from a pointwise operator (a nonlinearity), rather than a reshape. */
  afterPointwise: boolean;
  /** Whether a pointwise operator reads what it gives. */
  beforePointwise: boolean;
}

export interface Trace {
  linears: LinearSite[];
  /** Matrices from which rows are gathered. */
  lookups: WeightRef[];
}

type Fact =
  | { kind: 'weight'; ref: WeightRef }
  | { kind: 'linear'; site: LinearSite }
  | { kind: 'mean' | 'centred' | 'normed'; of: string }
  | { kind: 'scaled'; of: string; gain: WeightRef }
  | { kind: 'norm'; norm: NormSite };

// prettier-ignore
const POINTWISE = new Set([
  'Div', 'Mul', 'Pow', 'Erf', 'Tanh', 'Relu', 'Gelu', 'Sigmoid',
  'com.microsoft::Gelu', 'com.microsoft::FastGelu', 'com.microsoft::BiasGelu', 'com.microsoft::QuickGelu',
]);

/** Same value in the same shape, perhaps in another number format. */
const ALIASES = new Set(['Identity', 'Cast']);

/** All of the values, in another shape. */
const RESHAPING = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** Some of the values; exports that keep the last positions only put one before the head. */
const PICKING = new Set(['Slice', 'Gather', 'GatherND']);

export function traceGraph(graph: FlatGraph): Trace {
  return new Tracer(graph).run();
}

class Tracer {
  readonly #graph: FlatGraph;
  readonly #facts = new Map<string, Fact>();
  /** Value → the value it is an alias of. */
  readonly #same = new Map<string, string>();
  readonly #madePointwise = new Set<string>();
  readonly #trace: Trace = { linears: [], lookups: [] };

  constructor(graph: FlatGraph) {
    this.#graph = graph;
  }

  run(): Trace {
    for (const [name, tensor] of this.#graph.stored) this.#facts.set(name, { kind: 'weight', ref: { tensor, flipped: false } });
    for (const node of this.#graph.nodes) this.#visit(node);
    return this.#trace;
  }

  #visit(node: OnnxNode): void {
    const [output] = node.outputs;
    if (output === undefined) return;
    if (POINTWISE.has(node.op)) this.#markPointwise(node, output);
    if (ALIASES.has(node.op)) this.#same.set(output, this.#origin(node.inputs[0]));
    const fact = this.#infer(node);
    if (fact) this.#facts.set(output, fact);
  }

  #infer(node: OnnxNode): Fact | undefined {
    const [a, b] = node.inputs.map((input) => this.#facts.get(input));
    switch (node.op) {
      case 'MatMul':
        return b?.kind === 'weight' && a?.kind !== 'weight' ? this.#linear(node, b.ref) : undefined;
      case 'Gemm':
      case 'com.microsoft::FusedMatMul':
        return this.#gemm(node);
      case 'Add':
        return this.#add(a, b) ?? this.#add(b, a);
      case 'com.microsoft::BiasGelu':
      case 'com.microsoft::FastGelu':
        this.#add(a, b);
        return undefined;
      case 'ReduceMean':
        return { kind: 'mean', of: this.#origin(node.inputs[0]) };
      case 'Sub':
        return b?.kind === 'mean' && b.of === this.#origin(node.inputs[0]) ? { kind: 'centred', of: b.of } : undefined;
      case 'Div':
        return a?.kind === 'centred' ? { kind: 'normed', of: a.of } : undefined;
      case 'Mul':
        return this.#scale(a, b) ?? this.#scale(b, a);
      case 'LayerNormalization':
        return this.#fusedNorm(node);
      case 'Transpose':
        return a?.kind === 'weight' ? this.#transpose(node, a.ref) : undefined;
      default:
        return this.#pass(node, a);
    }
  }

  /** Facts that outlive a change of shape. A part of a Linear's output is no longer that Linear's. */
  #pass(node: OnnxNode, fact: Fact | undefined): Fact | undefined {
    if (ALIASES.has(node.op)) return fact;
    if (node.op === 'Gather' && fact?.kind === 'weight' && fact.ref.tensor.shape.length === 2) this.#trace.lookups.push(fact.ref);
    if (fact?.kind === 'linear') return RESHAPING.has(node.op) ? fact : undefined;
    if (fact?.kind === 'norm') return RESHAPING.has(node.op) || PICKING.has(node.op) ? fact : undefined;
    return undefined;
  }

  #linear(node: OnnxNode, weight: WeightRef): Fact | undefined {
    const { shape } = weight.tensor;
    if (shape.length !== 2) return undefined;
    const input = this.#facts.get(node.inputs[0]);
    const site: LinearSite = {
      weight,
      in: shape[weight.flipped ? 1 : 0],
      out: shape[weight.flipped ? 0 : 1],
      twoBiases: false,
      norm: input?.kind === 'norm' ? input.norm : undefined,
      afterPointwise: this.#madePointwise.has(this.#origin(node.inputs[0])),
      beforePointwise: false,
    };
    this.#trace.linears.push(site);
    return { kind: 'linear', site };
  }

  /** x·W + c with the scalars at 1 (torch, for two-dimensional inputs), or onnxruntime's x·Wᵀ. */
  #gemm(node: OnnxNode): Fact | undefined {
    const b = this.#facts.get(node.inputs[1]);
    const { attributes } = node;
    const plain = (attributes.get('alpha')?.f ?? 1) === 1 && (attributes.get('beta')?.f ?? 1) === 1 && !attributes.get('transA')?.i;
    if (b?.kind !== 'weight' || !plain) return undefined;
    const flipped = b.ref.flipped !== (attributes.get('transB')?.i === 1);
    const fact = this.#linear(node, { tensor: b.ref.tensor, flipped });
    const c = this.#facts.get(node.inputs[2] ?? '');
    return c ? (this.#add(fact, c) ?? fact) : fact;
  }

  /** The bias of a Linear or of a LayerNorm. */
  #add(value: Fact | undefined, bias: Fact | undefined): Fact | undefined {
    if (bias?.kind !== 'weight' || bias.ref.tensor.shape.length !== 1) return undefined;
    if (value?.kind === 'scaled') return { kind: 'norm', norm: { of: value.of, gain: value.gain, shift: bias.ref } };
    if (value?.kind !== 'linear') return undefined;
    if (value.site.bias) value.site.twoBiases = true;
    value.site.bias = bias.ref;
    return value;
  }

  #scale(value: Fact | undefined, gain: Fact | undefined): Fact | undefined {
    if (value?.kind !== 'normed' || gain?.kind !== 'weight' || gain.ref.tensor.shape.length !== 1) return undefined;
    return { kind: 'scaled', of: value.of, gain: gain.ref };
  }

  #fusedNorm(node: OnnxNode): Fact | undefined {
    const [, gain, shift] = node.inputs.map((input) => this.#facts.get(input));
    if (gain?.kind !== 'weight' || shift?.kind !== 'weight') return undefined;
    return { kind: 'norm', norm: { of: this.#origin(node.inputs[0]), gain: gain.ref, shift: shift.ref } };
  }

  #transpose(node: OnnxNode, ref: WeightRef): Fact | undefined {
    const perm = node.attributes.get('perm')?.ints;
    const swaps = !perm || (perm.length === 2 && perm[0] === 1 && perm[1] === 0);
    return ref.tensor.shape.length === 2 && swaps ? { kind: 'weight', ref: { tensor: ref.tensor, flipped: !ref.flipped } } : undefined;
  }

  #markPointwise(node: OnnxNode, output: string): void {
    this.#madePointwise.add(output);
    for (const input of node.inputs) {
      const fact = this.#facts.get(input);
      if (fact?.kind === 'linear') fact.site.beforePointwise = true;
    }
  }

  #origin(value: string): string {
    return this.#same.get(value) ?? value;
  }
}
