/** The page's handle on the trainer worker. */
import { connect, type CallOptions } from '../rpc.ts';
import type { TrainerMethods, TrainerProgress } from './api.ts';

type ProgressOf<M extends string> = M extends keyof TrainerProgress ? TrainerProgress[M] : never;
type Options<M extends string> = Omit<CallOptions, 'onProgress'> & { onProgress?: ((value: ProgressOf<M>) => void) | undefined };

export interface TrainerClient {
  call<M extends keyof TrainerMethods>(
    method: M,
    args: Parameters<TrainerMethods[M]>,
    options?: Options<M>,
  ): Promise<ReturnType<TrainerMethods[M]>>;
  /** Ends the worker, and with it what it holds: memory, device, locks. Open calls reject. */
  terminate(): void;
}

export function startTrainer(): TrainerClient {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'trainer' });
  const caller = connect(worker);
  return {
    call: (method, args, options) => caller.call(method, args, options) as never,
    terminate() {
      worker.terminate();
      caller.fail('The part of the page that trains was ended.');
    },
  };
}
