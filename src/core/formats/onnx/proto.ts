/**
 * The structure of an ONNX ModelProto: nodes, initialisers and sub-graphs, with tensors located
 * instead of read. Field numbers are those of onnx.proto (IR 3 to 12). Everything kept in memory
 * counts against a budget, so a hostile file cannot make us hold more than MAX_STRUCTURE_BYTES.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { FormatError, type BlobLike } from '../bytes.ts';
import { decodeText, refuseImpostor } from '../text.ts';
import { Cursor, WIRE, type Field } from './cursor.ts';

const MAX_STRUCTURE_BYTES = 128 * 2 ** 20;
const MAX_NAME_BYTES = 65_536;
const MAX_DEPTH = 8;
const MAX_RANK = 16;
/** Longer integer lists are shape tables of no interest here. */
const MAX_INTS = 64;
/** float_data may come in several runs; real files have one. */
const MAX_RUNS = 1024;

/** `count` floats, `stride` bytes apart (4 packed, 5 with a tag before each), the first at `offset`. */
export interface FloatRun {
  offset: number;
  count: number;
  stride: 4 | 5;
}

/** Where a tensor's numbers are. */
export type TensorData =
  | { kind: 'none' }
  | { kind: 'raw'; offset: number; length: number }
  | { kind: 'floats'; runs: FloatRun[] }
  | { kind: 'int32'; offset: number; length: number }
  | { kind: 'external'; entries: Map<string, string> };

export interface OnnxTensor {
  name: string;
  /** TensorProto.DataType: 1 float, 10 float16, 16 bfloat16, ... */
  dtype: number;
  shape: number[];
  data: TensorData;
}

interface OnnxAttribute {
  i: number;
  f: number;
  ints: number[];
  tensor?: OnnxTensor;
  graph?: OnnxGraph;
}

export interface OnnxNode {
  /** Operator, with its domain in front unless it is the standard one: "com.microsoft::BiasGelu". */
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: string[];
  outputs: string[];
}

/**
 * @param name the file's name for sentences
 * @throws FormatError when the file is not an ONNX model or its structure is absurd
 */
export async function readOnnxGraph(file: BlobLike, name: string): Promise<OnnxGraph> {
  await refuseImpostor(file, name, 'ONNX model');
  return new ProtoReader(file, name).readModel();
}

class ProtoReader {
  readonly #cursor: Cursor;
  #budget = MAX_STRUCTURE_BYTES;

  constructor(file: BlobLike, name: string) {
    this.#cursor = new Cursor(file, name);
  }

  async readModel(): Promise<OnnxGraph> {
    let graph: OnnxGraph | undefined;
    await this.#cursor.walk(0, this.#cursor.size, async (field) => {
      if (field.number !== 7) return;
      if (graph) throw this.#cursor.damaged('it holds two graphs');
      graph = await this.#readGraph(field, 0);
    });
    if (!graph) throw this.#cursor.damaged('it holds no graph');
    return graph;
  }

  async #readGraph(field: Field, depth: number): Promise<OnnxGraph> {
    this.#expectBytes(field);
    if (depth > MAX_DEPTH) throw this.#cursor.damaged(`its graphs are nested more than ${MAX_DEPTH} deep`);
    const graph: OnnxGraph = { nodes: [], initializers: [], inputs: [], outputs: [] };
    await this.#cursor.walk(field.start, field.end, async (f) => {
      if (f.number === 1) graph.nodes.push(await this.#readNode(f, depth));
      else if (f.number === 5) graph.initializers.push(await this.#readTensor(f));
      else if (f.number === 11) graph.inputs.push(await this.#readValueName(f));
      else if (f.number === 12) graph.outputs.push(await this.#readValueName(f));
    });
    return graph;
  }

  async #readNode(field: Field, depth: number): Promise<OnnxNode> {
    this.#expectBytes(field);
    this.#spend(256);
    const node: OnnxNode = { op: '', name: '', inputs: [], outputs: [], attributes: new Map() };
    let domain = '';
    await this.#cursor.walk(field.start, field.end, async (f) => {
      if (f.number === 1) node.inputs.push(await this.#readText(f));
      else if (f.number === 2) node.outputs.push(await this.#readText(f));
      else if (f.number === 3) node.name = await this.#readText(f);
      else if (f.number === 4) node.op = await this.#readText(f);
      else if (f.number === 5) await this.#readAttribute(f, node.attributes, depth);
      else if (f.number === 7) domain = await this.#readText(f);
    });
    if (domain !== '' && domain !== 'ai.onnx') node.op = `${domain}::${node.op}`;
    return node;
  }

  async #readAttribute(field: Field, into: Map<string, OnnxAttribute>, depth: number): Promise<void> {
    this.#expectBytes(field);
    this.#spend(64);
    const attribute: OnnxAttribute = { i: 0, f: 0, ints: [] };
    let name = '';
    await this.#cursor.walk(field.start, field.end, async (f) => {
      if (f.number === 1) name = await this.#readText(f);
      else if (f.number === 2 && f.wire === WIRE.fixed32) attribute.f = new BinaryReader(await this.#cursor.bytes(f, 4)).float();
      else if (f.number === 3) attribute.i = f.value;
      else if (f.number === 5) attribute.tensor = await this.#readTensor(f);
      else if (f.number === 6) attribute.graph = await this.#readGraph(f, depth + 1);
      else if (f.number === 8) await this.#readInts(f, attribute.ints, MAX_INTS);
    });
    this.#spend(8 * attribute.ints.length);
    into.set(name, attribute);
  }

  async #readTensor(field: Field): Promise<OnnxTensor> {
    this.#expectBytes(field);
    this.#spend(128);
    const tensor: OnnxTensor = { name: '', dtype: 0, shape: [], data: { kind: 'none' } };
    const external = new Map<string, string>();
    let isExternal = false;
    await this.#cursor.walk(field.start, field.end, (f) => {
      if (f.number === 4) return this.#addFloats(f, tensor);
      if (f.number === 1) return this.#readInts(f, tensor.shape, MAX_RANK + 1);
      if (f.number === 2) tensor.dtype = f.value;
      else if (f.number === 5) return this.#setInt32(f, tensor);
      else if (f.number === 8) return this.#readText(f).then((text) => void (tensor.name = text));
      else if (f.number === 9) tensor.data = { kind: 'raw', offset: f.start, length: f.end - f.start };
      else if (f.number === 13) return this.#readEntry(f, external);
      else if (f.number === 14) isExternal = f.value === 1;
    });
    if (isExternal) tensor.data = { kind: 'external', entries: external };
    if (tensor.shape.length > MAX_RANK) throw this.#cursor.damaged(`a tensor has more than ${MAX_RANK} dimensions`);
    return tensor;
  }

  #addFloats(f: Field, tensor: OnnxTensor): void {
    const runs = tensor.data.kind === 'floats' ? tensor.data.runs : [];
    tensor.data = { kind: 'floats', runs };
    const last = runs.at(-1);
    const before = runs.length;
    if (f.wire === WIRE.fixed32) {
      if (last?.stride === 5 && last.offset + last.count * 5 === f.start) last.count++;
      else runs.push({ offset: f.start, count: 1, stride: 5 });
    } else {
      this.#expectBytes(f);
      if ((f.end - f.start) % 4 !== 0) throw this.#cursor.damaged('a list of floats has a length that is no multiple of 4');
      runs.push({ offset: f.start, count: (f.end - f.start) / 4, stride: 4 });
    }
    this.#spend((runs.length - before) * 64);
    if (runs.length > MAX_RUNS) throw this.#cursor.damaged('a tensor is scattered over too many pieces');
  }

  /** Only one packed run is understood; anything else leaves the tensor without data. */
  #setInt32(f: Field, tensor: OnnxTensor): void {
    const usable = f.wire === WIRE.bytes && tensor.data.kind === 'none';
    tensor.data = usable ? { kind: 'int32', offset: f.start, length: f.end - f.start } : { kind: 'none' };
  }

  async #readInts(f: Field, into: number[], most: number): Promise<void> {
    if (f.wire === WIRE.varint) {
      if (into.length < most) into.push(f.value);
      return;
    }
    this.#expectBytes(f);
    if (f.end - f.start > MAX_NAME_BYTES) return;
    const reader = new BinaryReader(await this.#cursor.bytes(f, MAX_NAME_BYTES));
    while (reader.pos < reader.len && into.length < most) into.push(this.#guard(() => Number(reader.int64())));
  }

  async #readEntry(f: Field, into: Map<string, string>): Promise<void> {
    this.#expectBytes(f);
    this.#spend(f.end - f.start);
    const reader = new BinaryReader(await this.#cursor.bytes(f, MAX_NAME_BYTES));
    let key = '';
    let value = '';
    this.#guard(() => {
      while (reader.pos < reader.len) {
        const [number, wire] = reader.tag();
        if (number === 1 && Number(wire) === WIRE.bytes) key = reader.string();
        else if (number === 2 && Number(wire) === WIRE.bytes) value = reader.string();
        else reader.skip(wire, number);
      }
    });
    into.set(key, value);
  }

  async #readValueName(field: Field): Promise<string> {
    this.#expectBytes(field);
    let name = '';
    await this.#cursor.walk(field.start, field.end, async (f) => {
      if (f.number === 1) name = await this.#readText(f);
    });
    return name;
  }

  async #readText(f: Field): Promise<string> {
    this.#expectBytes(f);
    this.#spend(32 + 2 * (f.end - f.start));
    return decodeText(await this.#cursor.bytes(f, MAX_NAME_BYTES));
  }

  #expectBytes(f: Field): void {
    if (f.wire !== WIRE.bytes) throw this.#cursor.damaged(`field ${f.number} at byte ${f.start} has the wrong kind`);
  }

  #spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) {
      throw new FormatError(
        `${this.#cursor.name} has a graph too large to be a language model (over ${MAX_STRUCTURE_BYTES / 2 ** 20} MB of structure without its weights).`,
      );
    }
  }

  /** BinaryReader throws RangeError and Error on malformed input. */
  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch {
      throw this.#cursor.damaged('a field ends in the middle of a value');
    }
  }
}
