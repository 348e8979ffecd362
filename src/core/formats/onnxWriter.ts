/**
 * Writes small ONNX graphs (ModelProto) in memory. Field numbers are those of onnx.proto (IR 10).
 * Weights are not written: they are named as external data and handed to the runtime beside the graph.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType */
const ATTR = { float: 1, int: 2, string: 3, ints: 7 } as const;

const IR_VERSION = 10;
/** Opset 20 is the first with Gelu; every node we write exists there. */
const OPSET = 20;

type Attribute = { float: number } | { int: number } | { string: string } | { ints: number[] };

export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, Attribute>;
  /** '' (default) is ONNX itself. */
  domain?: string;
}

/** A weight that lies in an external buffer of fp32 values. */
export interface ExternalTensor {
  name: string;
  dims: number[];
  /** Name under which the buffer is mounted. */
  location: string;
  /** Bytes from the start of that buffer. */
  offset: number;
}

export interface Graph {
  name: string;
  nodes: Node[];
  /** fp32 inputs; a string is a symbolic dimension. */
  inputs: { name: string; dims: (number | string)[] }[];
  /** fp32 outputs, shapes left to the runtime. */
  outputs: string[];
  external: ExternalTensor[];
  /** Small int64 vectors (shapes, split sizes). */
  ints: { name: string; values: number[] }[];
  /** Small fp32 constants. */
  floats: { name: string; dims: number[]; values: number[] }[];
}

/** @returns the bytes of a ModelProto */
export function writeModel(graph: Graph): Uint8Array {
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).int64(IR_VERSION);
  w.tag(2, WireType.LengthDelimited).string('featurescope');
  message(w, 7, (g) => writeGraph(g, graph));
  const domains = new Set(['', ...graph.nodes.map((n) => n.domain ?? '')]);
  for (const domain of domains) {
    message(w, 8, (o) => {
      o.tag(1, WireType.LengthDelimited).string(domain);
      o.tag(2, WireType.Varint).int64(domain === '' ? OPSET : 1);
    });
  }
  return w.finish();
}

function writeGraph(w: BinaryWriter, graph: Graph): void {
  for (const node of graph.nodes) message(w, 1, (n) => writeNode(n, node));
  w.tag(2, WireType.LengthDelimited).string(graph.name);
  for (const t of graph.external) message(w, 5, (m) => writeExternal(m, t));
  for (const t of graph.ints) {
    message(w, 5, (m) => writeInline(m, t.name, INT64, [t.values.length], new BigInt64Array(t.values.map(BigInt))));
  }
  for (const t of graph.floats) {
    message(w, 5, (m) => writeInline(m, t.name, FLOAT, t.dims, new Float32Array(t.values)));
  }
  for (const input of graph.inputs) message(w, 11, (m) => writeValueInfo(m, input.name, input.dims));
  for (const output of graph.outputs) message(w, 12, (m) => writeValueInfo(m, output));
}

function writeNode(w: BinaryWriter, node: Node): void {
  for (const name of node.inputs) w.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) w.tag(2, WireType.LengthDelimited).string(name);
  w.tag(3, WireType.LengthDelimited).string(`${node.op}:${node.outputs[0] ?? ''}`);
  w.tag(4, WireType.LengthDelimited).string(node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message(w, 5, (a) => writeAttribute(a, name, value));
  }
  if (node.domain) w.tag(7, WireType.LengthDelimited).string(node.domain);
}

function writeAttribute(w: BinaryWriter, name: string, value: Attribute): void {
  w.tag(1, WireType.LengthDelimited).string(name);
  if ('float' in value) {
    w.tag(2, WireType.Bit32).float(value.float);
    w.tag(20, WireType.Varint).int32(ATTR.float);
  } else if ('int' in value) {
    w.tag(3, WireType.Varint).int64(value.int);
    w.tag(20, WireType.Varint).int32(ATTR.int);
  } else if ('string' in value) {
    w.tag(4, WireType.LengthDelimited).string(value.string);
    w.tag(20, WireType.Varint).int32(ATTR.string);
  } else {
    for (const i of value.ints) w.tag(8, WireType.Varint).int64(i);
    w.tag(20, WireType.Varint).int32(ATTR.ints);
  }
}

function writeExternal(w: BinaryWriter, t: ExternalTensor): void {
  const length = 4 * t.dims.reduce((a, b) => a * b, 1);
  writeTensorHead(w, t.name, FLOAT, t.dims);
  const entries = { location: t.location, offset: String(t.offset), length: String(length) };
  for (const [key, value] of Object.entries(entries)) {
    message(w, 13, (e) => {
      e.tag(1, WireType.LengthDelimited).string(key);
      e.tag(2, WireType.LengthDelimited).string(value);
    });
  }
  w.tag(14, WireType.Varint).int32(1);
}

function writeInline(w: BinaryWriter, name: string, type: number, dims: number[], values: ArrayBufferView): void {
  writeTensorHead(w, name, type, dims);
  w.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function writeTensorHead(w: BinaryWriter, name: string, type: number, dims: number[]): void {
  for (const d of dims) w.tag(1, WireType.Varint).int64(d);
  w.tag(2, WireType.Varint).int32(type);
  w.tag(8, WireType.LengthDelimited).string(name);
}

function writeValueInfo(w: BinaryWriter, name: string, dims?: (number | string)[]): void {
  w.tag(1, WireType.LengthDelimited).string(name);
  message(w, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(FLOAT);
      if (!dims) return;
      message(tensor, 2, (shape) => {
        for (const dim of dims) {
          message(shape, 1, (d) => {
            if (typeof dim === 'number') d.tag(1, WireType.Varint).int64(dim);
            else d.tag(2, WireType.LengthDelimited).string(dim);
          });
        }
      });
    }),
  );
}

function message(w: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write(w);
  w.join();
}
