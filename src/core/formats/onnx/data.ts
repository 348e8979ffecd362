/**
 * Turns a tensor located in an ONNX file into a StoredTensor. Numbers that do not lie as plain
 * bytes (float_data with tags between, 16-bit values as varints) are given a face that decodes
 * the slice asked for, so a large file is still read piece by piece.
 */
import { FormatError, readBytes, type BlobLike, type FloatDtype, type StoredTensor } from '../bytes.ts';
import { quote } from '../words.ts';
import type { FloatRun, OnnxTensor, TensorData } from './proto.ts';

/** Finds the file a tensor's `location` names; undefined when it was not given. */
export type FileLookup = (location: string) => BlobLike | undefined;

/** TensorProto.DataType. */
const DTYPES: Record<number, FloatDtype> = { 1: 'F32', 10: 'F16', 16: 'BF16' };
const DTYPE_NAMES: Record<number, string> = {
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  11: 'float64',
  17: 'float8',
  21: 'uint4',
  22: 'int4',
};
const SIZES: Record<FloatDtype, number> = { F32: 4, F16: 2, BF16: 2 };

/** Bytes decoded at a time, and the distance of the positions remembered, in values. */
const STEP_BYTES = 1 << 20;
const MARK_VALUES = 1 << 16;

/**
 * @param label the parameter's name for sentences
 * @param transposed see StoredTensor
 * @throws FormatError when its numbers are no floats, missing, or of another length than its shape asks
 */
export function storeTensor(tensor: OnnxTensor, transposed: boolean, label: string, file: BlobLike, lookup: FileLookup): StoredTensor {
  const dtype = DTYPES[tensor.dtype];
  if (!dtype) {
    const found = DTYPE_NAMES[tensor.dtype] ?? `data type ${tensor.dtype}`;
    throw new FormatError(
      `${label} is stored as ${found} in this ONNX file; only fp32, fp16 and bf16 weights can be read. Open the fp32 or fp16 file.`,
    );
  }
  const { shape } = tensor;
  const length = shape.reduce((n, size) => n * size, SIZES[dtype]);
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0) || !Number.isSafeInteger(length)) {
    throw new FormatError(`${label} has the impossible shape [${shape.join(', ')}] in this ONNX file.`);
  }
  const found = locate(tensor.data, dtype, length, label, file, lookup);
  if (found.length !== length) {
    throw new FormatError(`${label} has shape [${shape.join(', ')}], which needs ${length} bytes, but the file stores ${found.length}.`);
  }
  return { dtype, shape, transposed, ...found };
}

type Place = Pick<StoredTensor, 'file' | 'offset' | 'length'>;

function locate(data: TensorData, dtype: FloatDtype, length: number, label: string, file: BlobLike, lookup: FileLookup): Place {
  switch (data.kind) {
    case 'raw':
      return { file, offset: data.offset, length: data.length };
    case 'floats': {
      if (dtype !== 'F32') break;
      const [first, ...rest] = data.runs;
      if (rest.length === 0 && first.stride === 4) return { file, offset: first.offset, length: first.count * 4 };
      const runs = createRunsBlob(file, data.runs);
      return { file: runs, offset: 0, length: runs.size };
    }
    case 'int32': {
      if (dtype === 'F32') break;
      if (length / 2 > data.length) throw new FormatError(`${label} has fewer numbers in the file than its shape needs.`);
      return { file: createVarintBlob(file, data.offset, data.length, length / 2, label), offset: 0, length };
    }
    case 'external':
      return locateExternal(data.entries, length, label, lookup);
    case 'none':
      break;
  }
  throw new FormatError(`${label} has no numbers that can be read in this ONNX file.`);
}

function locateExternal(entries: Map<string, string>, length: number, label: string, lookup: FileLookup): Place {
  const location = entries.get('location') ?? '';
  const file = lookup(location);
  if (!file) {
    throw new FormatError(
      `The weights of this ONNX file are in a second file, "${quote(location)}", which was not given. Drop it together with the .onnx file.`,
    );
  }
  const offset = readCount(entries.get('offset') ?? '0');
  const stated = readCount(entries.get('length') ?? String(length));
  if (offset + stated > file.size || Number.isNaN(offset + stated)) {
    throw new FormatError(
      `${label} should lie at byte ${offset} of "${quote(location)}" (${stated} bytes), but that file has ${file.size}. It may be cut off or belong to another model.`,
    );
  }
  return { file, offset, length: stated };
}

function readCount(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : NaN;
}

/** A file whose bytes come from `read`; slices of slices keep their place. */
function createVirtualBlob(size: number, read: (start: number, end: number) => Promise<ArrayBuffer>, base = 0): BlobLike {
  return {
    size,
    slice: (start = 0, end = size) => {
      const from = Math.min(Math.max(start, 0), size);
      return createVirtualBlob(Math.max(0, Math.min(end, size) - from), read, base + from);
    },
    arrayBuffer: () => read(base, base + size),
  };
}

function createRunsBlob(file: BlobLike, runs: FloatRun[]): BlobLike {
  const size = runs.reduce((n, run) => n + run.count * 4, 0);
  return createVirtualBlob(size, async (start, end) => {
    const firstValue = Math.floor(start / 4);
    const values = new Uint8Array((Math.ceil(end / 4) - firstValue) * 4);
    let runStart = 0;
    for (const run of runs) {
      const from = Math.max(firstValue, runStart);
      const to = Math.min(firstValue + values.length / 4, runStart + run.count);
      if (from < to) await copyRun(file, run, from - runStart, to - runStart, values.subarray((from - firstValue) * 4));
      runStart += run.count;
    }
    return values.buffer.slice(start - firstValue * 4, end - firstValue * 4);
  });
}

/** Copies floats [from, to) of a run into `target`. */
async function copyRun(file: BlobLike, run: FloatRun, from: number, to: number, target: Uint8Array): Promise<void> {
  const perStep = Math.floor(STEP_BYTES / run.stride);
  for (let at = from; at < to; at += perStep) {
    const count = Math.min(perStep, to - at);
    const bytes = await readBytes(file, run.offset + at * run.stride, (count - 1) * run.stride + 4);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < 4; k++) target[(at - from + i) * 4 + k] = bytes[i * run.stride + k];
    }
  }
}

/** 16-bit values written as varints of one to three bytes; `count` of them fill [offset, offset + length). */
function createVarintBlob(file: BlobLike, offset: number, length: number, count: number, label: string): BlobLike {
  /** Where value i·MARK_VALUES begins, as far as the file has been walked. */
  const marks = [offset];
  const broken = () => new FormatError(`${label} is damaged: its 16-bit numbers are not stored as such.`);
  return createVirtualBlob(count * 2, async (start, end) => {
    const firstValue = Math.floor(start / 2);
    const endValue = Math.ceil(end / 2);
    const values = new Uint16Array(endValue - firstValue);
    const mark = Math.min(Math.floor(firstValue / MARK_VALUES), marks.length - 1);
    let index = mark * MARK_VALUES;
    let at = marks[mark];
    let value = 0;
    let shift = 0;
    while (index < endValue) {
      const bytes = await readBytes(file, at, Math.min(STEP_BYTES, offset + length - at));
      if (bytes.length === 0) throw broken();
      for (let i = 0; i < bytes.length && index < endValue; i++) {
        value |= (bytes[i] & 127) << shift;
        shift += 7;
        if (bytes[i] < 128) {
          if (value > 0xffff) throw broken();
          if (index >= firstValue) values[index - firstValue] = value;
          index++;
          value = shift = 0;
          if (index % MARK_VALUES === 0 && index / MARK_VALUES === marks.length) marks.push(at + i + 1);
        } else if (shift >= 21) throw broken();
      }
      at += bytes.length;
    }
    return values.buffer.slice(start - firstValue * 2, end - firstValue * 2);
  });
}
