/**
 * The control "same model, random weights": every matrix and bias drawn anew from a normal distribution with the mean
 * and standard deviation of the one it replaces, LayerNorm as it is. What a method finds here, it finds without training.
 */
import { createRandom, fillNormal } from '../array/random.ts';
import { UsageError } from '../errors.ts';
import type { Parameters } from './parameters.ts';

const MOST_SEED = 999_999;

/** @throws UsageError */
export function checkSeed(seed: unknown): number {
  if (Number.isInteger(seed) && (seed as number) >= 0 && (seed as number) <= MOST_SEED) return seed as number;
  throw new UsageError(`The seed of random weights is a whole number from 0 to ${MOST_SEED}; it is ${String(seed)}.`);
}

/**
 * @param parameters of the trained model; each is read for its mean and deviation
 * @param tied whether the unembedding is the embedding; then it stays so
 */
export function randomParameters(parameters: Parameters, seed: number, tied: boolean): Parameters {
  const draw = async (name: string) => {
    const values = await parameters.read(name);
    if (isLayerNorm(name)) return values;
    const { mean, deviation } = spread(values);
    fillNormal(values, mean, deviation, createRandom(seed * 2 ** 32 + hashName(name)));
    return values;
  };
  return {
    ...parameters,
    async read(name) {
      if (!tied || name !== 'unembed.W_U') return draw(name);
      const [rows, columns] = parameters.shape('embed.W_E');
      return transposed(await draw('embed.W_E'), rows, columns);
    },
  };
}

function isLayerNorm(name: string): boolean {
  return /(^|\.)ln(1|2|_final)\./.test(name);
}

/** In double precision: an embedding has 10⁷ numbers. */
function spread(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const v of values) sum += v;
  const mean = sum / values.length;
  let squares = 0;
  for (const v of values) squares += (v - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** FNV-1a: each parameter has its own sequence, whatever order they are read in. */
function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}
