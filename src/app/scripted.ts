/** Calls to a worker as scripts make them: arguments in a row, then one object of options with signal and progress among them. */
import type { CallOptions } from '../../workers/rpc.ts';

/** A method of a `Remote` whose last argument is its options. */
type Call<Args extends unknown[], Progress, Result> = (args: Args, options?: CallOptions<Progress>) => Promise<Result>;
type Options<Own, Progress> = Own & { signal?: AbortSignal; onProgress?: (progress: Progress) => void };

/** @param count of arguments before the options */
export function scripted<A, Own, Progress, Result>(
  count: 1,
  call: Call<[A, Own?], Progress, Result>,
): (a: A, options?: Options<Own, Progress>) => Promise<Result>;
export function scripted<A, B, Own, Progress, Result>(
  count: 2,
  call: Call<[A, B, Own?], Progress, Result>,
): (a: A, b: B, options?: Options<Own, Progress>) => Promise<Result>;
export function scripted<A, B, Progress, Result>(
  count: 2,
  call: Call<[A, B], Progress, Result>,
): (a: A, b: B, options?: Options<unknown, Progress>) => Promise<Result>;
export function scripted(count: number, call: Call<never, unknown, unknown>) {
  return async (...given: unknown[]): Promise<unknown> => {
    const { signal, onProgress, ...own } = (given[count] ?? {}) as Options<object, unknown>;
    return call([...given.slice(0, count), own] as never, { signal, onProgress });
  };
}
