/** Numbers that came from a caller, checked: each refusal is a sentence that names the argument. */
import { UsageError } from '../errors.ts';
import type { Array2 } from './types.ts';

/**
 * A list of whole numbers below a limit, each once.
 * @param what how the sentence says the limit: 'the text has 3 tokens'
 * @throws UsageError
 */
export function indices(values: unknown, name: string, limit: number, what: string): number[] {
  if (!Array.isArray(values)) throw new UsageError(`\`${name}\` must be a list of whole numbers.`);
  for (const v of values as unknown[]) {
    if (typeof v !== 'number' || !Number.isInteger(v) || v < 0 || v >= limit) {
      throw new UsageError(`\`${name}\` holds ${String(v).slice(0, 40)}, but ${what} (counted from 0).`);
    }
  }
  const list = values as number[];
  if (new Set(list).size !== list.length) throw new UsageError(`\`${name}\` holds a number twice.`);
  return list;
}

/** @throws UsageError unless it is a finite number in fp32 */
export function finite(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
    throw new UsageError(`\`${name}\` must be a finite number that fits in fp32.`);
  }
  return value;
}

/** @throws UsageError when any number is NaN or infinite */
export function allFinite(value: Float32Array, name: string): Float32Array {
  for (let i = 0; i < value.length; i++) {
    if (!Number.isFinite(value[i])) throw new UsageError(`\`${name}\` holds ${value[i]} at ${i}; every number must be finite.`);
  }
  return value;
}

/** @throws UsageError unless data and shape agree */
export function assertArray2(value: unknown, name: string): asserts value is Array2 {
  const v = value as Partial<Array2> | null;
  if (typeof v !== 'object' || v === null || !(v.data instanceof Float32Array) || !Array.isArray(v.shape)) {
    throw new UsageError(`\`${name}\` must be { data: Float32Array, shape: number[] }.`);
  }
  const size = v.shape.reduce((a, b) => a * b, 1);
  if (!v.shape.every((d) => Number.isInteger(d) && d >= 0) || size !== v.data.length) {
    throw new UsageError(`\`${name}\` says shape [${v.shape.join(', ')}] but holds ${v.data.length} numbers.`);
  }
}

export function sameShape(a: number[], b: number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
