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
    const [number, wire] = reader.tag();
    if (wire === 0) fields.push({ number, wire, value: Number(reader.int64()), bytes: new Uint8Array(0) });
    else fields.push({ number, wire, value: 0, bytes: wire === 2 ? reader.bytes() : reader.skip(wire, number) });
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
