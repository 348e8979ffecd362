/** Rewrites the tensors of a real ONNX file, to make layouts and faults no exporter here produces. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

export interface RawField {
  number: number;
  wire: number;
  /** Payload bytes; varints are in `value`. */
  bytes: Uint8Array;
  value: number;
}

export function readFields(bytes: Uint8Array): RawField[] {
  const reader = new BinaryReader(bytes);
  const fields: RawField[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const wire = Number(wireType);
    if (wire === 0) fields.push({ number, wire, value: Number(reader.int64()), bytes: new Uint8Array(0) });
    else fields.push({ number, wire, value: 0, bytes: wire === 2 ? reader.bytes() : reader.skip(wireType, number) });
  }
  return fields;
}

export function writeFields(fields: RawField[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { number, wire, bytes, value } of fields) {
    writer.tag(number, wire);
    if (wire === 0) writer.int64(value);
    else if (wire === 2) writer.bytes(bytes);
    else writer.raw(bytes);
  }
  return writer.finish();
}

export const bytesField = (number: number, bytes: Uint8Array): RawField => ({ number, wire: 2, bytes, value: 0 });
export const textField = (number: number, text: string): RawField => bytesField(number, new TextEncoder().encode(text));
export const intField = (number: number, value: number): RawField => ({ number, wire: 0, bytes: new Uint8Array(0), value });

/** Model with its graph's fields changed. */
export function mapGraph(model: Uint8Array, change: (fields: RawField[]) => RawField[]): Blob {
  const out = readFields(model).map((f) => (f.number === 7 ? bytesField(7, writeFields(change(readFields(f.bytes)))) : f));
  return new Blob([writeFields(out) as Uint8Array<ArrayBuffer>]);
}

/** Model with every initialiser's fields changed. */
export function mapTensors(model: Uint8Array, change: (fields: RawField[], name: string) => RawField[]): Blob {
  return mapGraph(model, (graph) =>
    graph.map((f) => {
      if (f.number !== 5) return f;
      const fields = readFields(f.bytes);
      const name = new TextDecoder().decode(fields.find(({ number }) => number === 8)!.bytes);
      return bytesField(5, writeFields(change(fields, name)));
    }),
  );
}

/** A node of the standard operators without attributes. */
export function nodeField(op: string, inputs: string[], outputs: string[]): RawField {
  return bytesField(
    1,
    writeFields([...inputs.map((name) => textField(1, name)), ...outputs.map((name) => textField(2, name)), textField(4, op)]),
  );
}

/**
 * A skeleton of a parallel GPT-NeoX: its weights where they belong, and of attention only the
 * shape operators around it. Every tensor is filled with a number of its own, its first value.
 */
export function buildNeox(
  d_model: number,
  d_mlp: number,
  d_vocab: number,
  layers: number,
): { blob: Blob; firstValues: Map<string, number> } {
  const fields: RawField[] = [bytesField(11, writeFields([textField(1, 'ids')]))];
  const firstValues = new Map<string, number>();
  const weight = (name: string, ...shape: number[]) => {
    firstValues.set(name, firstValues.size + 1);
    const data = new Float32Array(shape.reduce((n, s) => n * s, 1)).fill(firstValues.size);
    fields.push(
      bytesField(
        5,
        writeFields([...shape.map((s) => intField(1, s)), intField(2, 1), textField(8, name), bytesField(9, new Uint8Array(data.buffer))]),
      ),
    );
    return name;
  };
  let count = 0;
  const node = (op: string, ...inputs: string[]) => {
    fields.push(nodeField(op, inputs, [`v${++count}`]));
    return `v${count}`;
  };
  const norm = (x: string, name: string) => node('LayerNormalization', x, weight(`${name}.w`, d_model), weight(`${name}.b`, d_model));
  let x = node('Gather', weight('embed.W_E', d_vocab, d_model), 'ids');
  for (let i = 0; i < layers; i++) {
    const at = `blocks.${i}`;
    const qkv = node(
      'Add',
      weight(`${at}.attn.b_QKV`, 3 * d_model),
      node('MatMul', norm(x, `${at}.ln1`), weight(`${at}.attn.W_QKV`, d_model, 3 * d_model)),
    );
    const q = node('Slice', node('Reshape', qkv, 'ids'), 'ids');
    const z = node('Reshape', node('MatMul', node('Softmax', node('Mul', q, q)), q), 'ids');
    const attn = node('Add', node('MatMul', z, weight(`${at}.attn.W_O`, d_model, d_model)), weight(`${at}.attn.b_O`, d_model));
    const pre = node(
      'Add',
      node('MatMul', norm(x, `${at}.ln2`), weight(`${at}.mlp.W_in`, d_model, d_mlp)),
      weight(`${at}.mlp.b_in`, d_mlp),
    );
    const mlp = node(
      'Add',
      node('MatMul', node('Relu', pre), weight(`${at}.mlp.W_out`, d_mlp, d_model)),
      weight(`${at}.mlp.b_out`, d_model),
    );
    x = node('Add', x, node('Add', mlp, attn));
  }
  node('MatMul', norm(x, 'ln_final'), weight('unembed.W_U', d_model, d_vocab));
  const model = writeFields([bytesField(7, writeFields(fields))]);
  return { blob: new Blob([model as Uint8Array<ArrayBuffer>]), firstValues };
}
