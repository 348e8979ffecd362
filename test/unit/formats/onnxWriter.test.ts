import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test } from 'vitest';
import { readOnnxGraph } from '../../../src/core/formats/onnx/proto.ts';
import { writeModel, type Graph } from '../../../src/core/formats/onnxWriter.ts';

const EMPTY = { external: [], ints: [], floats: [] };

/** y = scale · (x·W + b), reshaped; touches every kind of field the writer has. */
const GRAPH: Graph = {
  name: 'little',
  nodes: [
    { op: 'MatMul', inputs: ['x', 'W'], outputs: ['product'] },
    { op: 'Add', inputs: ['product', 'b'], outputs: ['sum'] },
    { op: 'Mul', inputs: ['sum', 'scale'], outputs: ['scaled'] },
    { op: 'Reshape', inputs: ['scaled', 'shape'], outputs: ['y'] },
    { op: 'Transpose', inputs: ['y'], outputs: ['y_t'], attributes: { perm: { ints: [1, 0] } } },
    { op: 'Gelu', inputs: ['y'], outputs: ['g'], attributes: { approximate: { string: 'tanh' } } },
    { op: 'LeakyRelu', inputs: ['y'], outputs: ['leaky'], attributes: { alpha: { float: 0.125 } } },
    { op: 'Softmax', inputs: ['y'], outputs: ['soft'], attributes: { axis: { int: -1 } } },
  ],
  inputs: [{ name: 'x', dims: ['N', 2] }],
  outputs: ['y', 'y_t', 'g', 'leaky', 'soft'],
  external: [
    { name: 'W', dims: [2, 3], location: 'weights', offset: 0 },
    { name: 'b', dims: [3], location: 'weights', offset: 24 },
  ],
  ints: [{ name: 'shape', values: [-1, 3] }],
  floats: [{ name: 'scale', dims: [1], values: [0.5] }],
};

/** W row-major, then b. */
const WEIGHTS = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30);

describe('a written graph, read back', () => {
  test('has the nodes, names and attributes it was given', async () => {
    const graph = await readOnnxGraph(new Blob([writeModel(GRAPH) as Uint8Array<ArrayBuffer>]), 'little.onnx');
    expect(graph.nodes.map((n) => [n.op, n.inputs, n.outputs])).toEqual(GRAPH.nodes.map((n) => [n.op, n.inputs, n.outputs]));
    expect(graph.nodes[4].attributes.get('perm')?.ints).toEqual([1, 0]);
    expect(graph.nodes[6].attributes.get('alpha')?.f).toBe(0.125);
    expect(graph.nodes[7].attributes.get('axis')?.i).toBe(-1);
    expect(graph.inputs).toEqual(['x']);
    expect(graph.outputs).toEqual(GRAPH.outputs);
  });

  test('names its weights as external bytes with offset and length, and holds none of them', async () => {
    const bytes = writeModel(GRAPH);
    const { initializers } = await readOnnxGraph(new Blob([bytes as Uint8Array<ArrayBuffer>]), 'little.onnx');
    const [W, b] = initializers;
    expect(W).toMatchObject({ name: 'W', dtype: 1, shape: [2, 3] });
    const entries = (t: typeof W) => (t.data.kind === 'external' ? Object.fromEntries(t.data.entries) : t.data.kind);
    expect(entries(W)).toEqual({ location: 'weights', offset: '0', length: '24' });
    expect(entries(b)).toEqual({ location: 'weights', offset: '24', length: '12' });
    expect(initializers.slice(2).map((t) => [t.name, t.dtype, t.shape, t.data.kind])).toEqual([
      ['shape', 7, [2], 'raw'],
      ['scale', 1, [1], 'raw'],
    ]);
    const big: Graph = { ...GRAPH, external: [{ name: 'W', dims: [2000, 3000], location: 'weights', offset: 2 ** 33 }] };
    // Dimensions of 2000 take a byte more each than 2, an offset beyond 32 bits some more; the 24 MB stay outside.
    expect(writeModel(big).length).toBeLessThan(bytes.length + 64);
  });

  test('asks for the standard operator set, and for another only where a node uses it', () => {
    const text = (graph: Graph) => new TextDecoder('latin1').decode(writeModel(graph));
    expect(text(GRAPH)).not.toContain('com.microsoft');
    const node = { op: 'FastGelu', inputs: ['x'], outputs: ['y'], domain: 'com.microsoft' };
    const graph: Graph = { ...EMPTY, name: 'other', nodes: [node], inputs: GRAPH.inputs, outputs: ['y'] };
    // Once on the node, once in the list of operator sets.
    expect(text(graph).split('com.microsoft')).toHaveLength(3);
  });
});

describe('a written graph, run by ONNX Runtime', () => {
  let outputs: Record<string, ort.Tensor>;

  beforeAll(async () => {
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = 'error';
    const data = new Uint8Array(WEIGHTS.buffer);
    const session = await ort.InferenceSession.create(writeModel(GRAPH), { externalData: [{ path: 'weights', data }] });
    outputs = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 0, 2, -20), [2, 2]) });
    await session.release();
  });

  test('computes with the external weights and the inline constants', () => {
    // x·W + b = [11, 22, 33] and [−68, −76, −84]; halved.
    expect(outputs.y.dims).toEqual([2, 3]);
    expect(outputs.y.data).toEqual(Float32Array.of(5.5, 11, 16.5, -34, -38, -42));
  });

  test('heeds attributes of every kind', () => {
    expect(outputs.y_t.data).toEqual(Float32Array.of(5.5, -34, 11, -38, 16.5, -42));
    expect(outputs.leaky.data).toEqual(Float32Array.of(5.5, 11, 16.5, -4.25, -4.75, -5.25));
    const soft = outputs.soft.data as Float32Array;
    // Over the last axis: e^−5.5 between neighbours of row 0, e^−4 in row 1.
    expect(soft[1] / soft[2]).toBeCloseTo(Math.exp(-5.5), 6);
    expect(soft[3] + soft[4] + soft[5]).toBeCloseTo(1, 6);
    expect((outputs.g.data as Float32Array)[0]).toBeCloseTo(5.5, 6);
  });
});
