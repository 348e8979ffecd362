/** Which sets of nodes a circuit is tried with, and how much of a prediction they keep. */
import { createRandom } from '../../array/random.ts';

/** Sizes tried besides 0; of longer lists so many, evenly. */
const SIZES = 48;

/** 0 to `nodes`, rising. */
export function sizesOf(nodes: number): number[] {
  const steps = Math.min(nodes, SIZES);
  return Array.from({ length: steps + 1 }, (_, i) => (steps === 0 ? 0 : Math.round((i * nodes) / steps)));
}

/** (measured − none) / (whole − none); NaN where whole and none are the same. */
export function keptShare(measured: number, whole: number, none: number): number {
  // −0 is 0.
  return whole === none ? NaN : (measured - none) / (whole - none) + 0;
}

/** All of 0 … n − 1 in an order drawn by the seed. */
export function drawOrder(n: number, seed: number): Uint32Array {
  const random = createRandom(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
