/** The training fixtures: start weights, batches, losses, gradients, weights after 1, 5 and 25 steps. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Numbers, ParameterName, Parameters } from '../../../src/core/train/types.ts';

const ROOT = join(import.meta.dirname, '../../fixtures/training');

export type Precision = 'float32' | 'float64';

export interface Drift {
  float32: number;
  float32_other_order: number;
  'inputs_shaken_by_2e-7': number;
}

export interface LogLine {
  step: number;
  loss: number;
  reconstruction: number;
  l1?: number;
  auxiliary_unweighted?: number;
  l0: number;
  gradient_norm: number;
  threshold?: number;
  dead?: number;
}

export interface TrainingGolden {
  d: number;
  n: number;
  batch: number;
  steps: number;
  hyperparameters: Record<string, number>;
  tolerance: { drift_from_float64: Record<string, Drift> };
  log_float32: LogLine[];
  log_float64: LogLine[];
}

/** Ours ↔ the fixture's, and whether the fixture has a latent in a column. */
export const NAMES: Record<string, Partial<Record<ParameterName, { name: string; byColumn: boolean }>>> = {
  'tied-relu-l1': { W_dec: { name: 'encoder', byColumn: false }, b_enc: { name: 'encoder_bias', byColumn: false } },
  'untied-standard': {
    W_enc: { name: 'W_enc', byColumn: true },
    b_enc: { name: 'b_enc', byColumn: false },
    W_dec: { name: 'W_dec', byColumn: false },
    b_dec: { name: 'b_dec', byColumn: false },
  },
  topk: {
    W_enc: { name: 'encoder.weight', byColumn: false },
    b_enc: { name: 'encoder.bias', byColumn: false },
    W_dec: { name: 'decoder.weight', byColumn: true },
    b_dec: { name: 'b_dec', byColumn: false },
  },
};

export function readGolden(folder: string): TrainingGolden {
  return JSON.parse(readFileSync(join(ROOT, folder, 'golden.json'), 'utf8')) as TrainingGolden;
}

/** Tensors of a safetensors file. Read by hand, so that the test leans on nothing it tests. */
export function readTensors(path: string): Map<string, { data: Numbers; shape: number[] }> {
  const file = readFileSync(join(ROOT, path));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    tensors.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const bytes = Uint8Array.from(file.subarray(8 + length + from, 8 + length + to)).buffer;
        return [name, { data: dtype === 'F64' ? new Float64Array(bytes) : new Float32Array(bytes), shape }];
      },
    ),
  );
}

/** Parameters of a fixture file, in our names and layout. @param prefix "after5." and the like */
export function readParameters(folder: string, file: string, prefix = '', precision: Precision = 'float32'): Parameters {
  const tensors = readTensors(`${folder}/${file}`);
  const entries = Object.entries(NAMES[folder]).map(([ours, { name, byColumn }]) => {
    const { data, shape } = tensors.get(prefix + name)!;
    const laid = byColumn ? transpose(data, shape[0], shape[1]) : data;
    return [ours, precision === 'float64' ? Float64Array.from(laid) : Float32Array.from(laid)];
  });
  return Object.fromEntries(entries) as Parameters;
}

/** @returns the batches of the fixtures. 25 × [64 · 32] */
export function readBatches(precision: Precision): Numbers[] {
  const { data, shape } = readTensors('batches.safetensors').get('x')!;
  const size = shape[1] * shape[2];
  return Array.from({ length: shape[0] }, (_, i) => {
    const part = data.slice(i * size, (i + 1) * size);
    return precision === 'float64' ? Float64Array.from(part) : part;
  });
}

function transpose(data: Numbers, rows: number, columns: number): Float64Array {
  return Float64Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}
