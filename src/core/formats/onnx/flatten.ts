/**
 * One straight list of nodes out of a graph with sub-graphs: of every If, the larger branch is
 * taken (merged decoders hold two whole models over the same weights). The list is checked to be
 * in order of dependence, as ONNX demands, so whoever walks it meets no cycle.
 */
import { FormatError } from '../bytes.ts';
import { quote } from '../words.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from './proto.ts';

export interface FlatGraph {
  /** Every input of a node is a graph input, a stored tensor or the output of an earlier node. */
  nodes: OnnxNode[];
  /** Initialisers and the values of Constant nodes, by the name of the value. */
  stored: Map<string, OnnxTensor>;
}

/**
 * @param name the file's name for sentences
 * @throws FormatError when a node reads what nothing before it produces, or two produce one name
 */
export function flattenGraph(graph: OnnxGraph, name: string): FlatGraph {
  const flat: FlatGraph = { nodes: [], stored: new Map() };
  const known = new Set<string>(['']);
  addGraph(graph, flat, known, name);
  return flat;
}

function addGraph(graph: OnnxGraph, flat: FlatGraph, known: Set<string>, name: string): void {
  for (const input of graph.inputs) known.add(input);
  for (const tensor of graph.initializers) store(tensor.name, tensor, flat, known, name);
  for (const node of graph.nodes) {
    for (const input of node.inputs) refuseUnknown(input, node, known, name);
    const constant = node.op === 'Constant' ? node.attributes.get('value')?.tensor : undefined;
    if (constant && node.outputs.length === 1) {
      store(node.outputs[0], constant, flat, known, name);
      continue;
    }
    const branch = node.op === 'If' ? largerBranch(node) : undefined;
    if (branch) addBranch(node, branch, flat, known, name);
    else add(node, flat, known, name);
  }
}

/** The branch's nodes, then one Identity per output of the If that the branch calls differently. */
function addBranch(node: OnnxNode, branch: OnnxGraph, flat: FlatGraph, known: Set<string>, name: string): void {
  addGraph(branch, flat, known, name);
  node.outputs.forEach((output, i) => {
    if (output === branch.outputs[i] && known.has(output)) return;
    const inputs = [branch.outputs[i] ?? ''];
    const alias: OnnxNode = { op: 'Identity', name: node.name, inputs, outputs: [output], attributes: new Map() };
    refuseUnknown(inputs[0], alias, known, name);
    add(alias, flat, known, name);
  });
}

function largerBranch(node: OnnxNode): OnnxGraph | undefined {
  const [a, b] = ['then_branch', 'else_branch'].map((key) => node.attributes.get(key)?.graph);
  if (!a || !b) return a ?? b;
  return b.nodes.length > a.nodes.length ? b : a;
}

function add(node: OnnxNode, flat: FlatGraph, known: Set<string>, name: string): void {
  for (const output of node.outputs) {
    if (output !== '' && (known.has(output) || flat.stored.has(output))) throw twice(output, name);
    known.add(output);
  }
  flat.nodes.push(node);
}

/** An initialiser may also be listed as an input (IR version 3), so `known` may hold its name. */
function store(key: string, tensor: OnnxTensor, flat: FlatGraph, known: Set<string>, name: string): void {
  if (flat.stored.has(key)) throw twice(key, name);
  flat.stored.set(key, tensor);
  known.add(key);
}

function refuseUnknown(input: string, node: OnnxNode, known: Set<string>, name: string): void {
  if (known.has(input)) return;
  const which = node.name === '' ? '' : ` ${quote(node.name)}`;
  throw new FormatError(
    `${name} is damaged: its ${quote(node.op)} node${which} reads "${quote(input)}", which nothing before it produces.`,
  );
}

function twice(value: string, name: string): FormatError {
  return new FormatError(`${name} is damaged: two of its nodes or weights are called "${quote(value)}".`);
}
