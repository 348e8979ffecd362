/** The page's handle on the lens worker. */
import { connect, type CallOptions } from '../rpc.ts';
import type { LensMethods, LensProgress } from './api.ts';

type ProgressOf<M extends string> = M extends keyof LensProgress ? LensProgress[M] : never;
type Options<M extends string> = Omit<CallOptions, 'onProgress'> & { onProgress?: ((value: ProgressOf<M>) => void) | undefined };

export interface LensClient {
  call<M extends keyof LensMethods>(method: M, args: Parameters<LensMethods[M]>, options?: Options<M>): Promise<ReturnType<LensMethods[M]>>;
  /** Ends the worker; open calls reject. */
  terminate(): void;
}

export function startLens(): LensClient {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'lens' });
  const caller = connect(worker);
  return {
    call: (method, args, options) => caller.call(method, args, options) as never,
    terminate() {
      worker.terminate();
      caller.fail('The part of the page that runs the model was ended.');
    },
  };
}
