/** The big products in tfjs, in fp32, on whichever of its backends is set. What it allocates is disposed before a call ends. */
import { matMul, square, sum, tanh, tensor2d, tidy, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Products } from '../../core/baselines/products.ts';

interface TfjsNeeds {
  name: string;
  callSize: number;
  decomposed: number;
  /** Runs work while nothing else uses the device. */
  turn: <T>(work: () => Promise<T>) => Promise<T>;
  release: () => void;
}

export function createTfjsProducts({ name, callSize, decomposed, turn, release }: TfjsNeeds): Products {
  /** @param make of tensors given, what is read; both are disposed */
  const read = (given: Tensor2D[], make: () => Tensor[]) =>
    turn(async () => {
      const made = tidy(make);
      try {
        const values: Float32Array[] = [];
        for (const tensor of made) values.push(await tensor.data<'float32'>());
        return values;
      } finally {
        for (const tensor of [...made, ...given]) tensor.dispose();
      }
    });
  return {
    name,
    callSize,
    decomposed,
    async gram(x, d) {
      const rows = matrix(x, d);
      const [product] = await read([rows], () => [matMul(rows, rows, true, false)]);
      return Float64Array.from(product);
    },
    async project(x, w, d) {
      const [rows, directions] = [matrix(x, d), matrix(w, d)];
      const [scores] = await read([rows, directions], () => [matMul(rows, directions, false, true)]);
      return scores;
    },
    hold(z, c) {
      const rows = matrix(z, c);
      const n = z.length / c;
      return {
        async contrast(w) {
          const directions = matrix(w, c);
          const [product, squares] = await read([directions], () => {
            const g = tanh(matMul(rows, directions, false, true));
            return [matMul(g, rows, true, false), sum(square(g), 0)];
          });
          return { product: Float64Array.from(product), slope: Float64Array.from(squares, (square) => n - square) };
        },
        release: () => rows.dispose(),
      };
    },
    release,
  };
}

function matrix(values: Float64Array, width: number): Tensor2D {
  return tensor2d(Float32Array.from(values), [values.length / width, width]);
}
