/** Timing and printing of `npm run bench:gpu`. */

export interface Times {
  /** Of each measurement. */
  milliseconds: number[];
}

const MOST_TIMES = 30;

/** Once unmeasured, then as often as fits, at least once. */
export async function repeat(mostMs: number, work: () => Promise<void>): Promise<Times> {
  await work();
  const milliseconds: number[] = [];
  const began = performance.now();
  do {
    const start = performance.now();
    await work();
    milliseconds.push(performance.now() - start);
  } while (milliseconds.length < MOST_TIMES && performance.now() - began < mostMs);
  return { milliseconds };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** @param tokens of one measurement */
export function print(name: string, { milliseconds }: Times, tokens: number, rest = ''): void {
  const ms = median(milliseconds);
  const rate = Math.round((1000 * tokens) / ms).toLocaleString('en');
  const least = Math.min(...milliseconds).toFixed(2);
  console.log(
    `  ${name.padEnd(26)} ${ms.toFixed(2).padStart(9)} ms (least ${least}, ${milliseconds.length} times)  ${rate.padStart(11)} tokens/s  ${rest}`,
  );
}

/** In words, how far two results are apart: largest difference over the largest number. */
export function difference(a: Float32Array, b: Float32Array): string {
  let most = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return `differs by ${(most / largest).toExponential(0)} of the largest number${most / largest < 1e-3 ? '' : ': NOT THE SAME'}`;
}
