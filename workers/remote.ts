/**
 * A worker's services, and calls to them from the page. A call is written once, as a public method of a service's
 * class; names and types of everything on the other side are derived from it.
 */
import { connect, type CallContext, type Caller, type CallOptions, type Handlers } from './rpc.ts';

/** Objects of classes whose public methods are all calls: the context first, then what crosses. */
export type Services<S> = { [Name in keyof S]: { [M in keyof S[Name]]: Handlers[string] } };

/** A method as the other side calls it: what crosses as a list, then signal and progress. */
type RemoteMethod<Method> = Method extends (context: CallContext<infer Progress>, ...args: infer Args) => infer Result
  ? (
      ...call: [] extends Args ? [args?: Args, options?: CallOptions<Progress>] : [args: Args, options?: CallOptions<Progress>]
    ) => Promise<Awaited<Result>>
  : never;

/** Services as the other side calls them: `lens.models.load([source], { signal, onProgress })`. */
export type Remote<S> = { readonly [Name in keyof S]: { readonly [M in keyof S[Name]]: RemoteMethod<S[Name][M]> } };

/** What a `Remote` is made of: the one function that sends calls. */
export type Calls = Pick<Caller, 'call'>;

/** The calls of services under the names that `createRemote` sends. */
export function handlersOf<S extends Services<S>>(services: S): Handlers {
  const handlers: Handlers = {};
  for (const [name, service] of Object.entries<object>(services)) {
    const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(service) as object);
    for (const [method, { value }] of Object.entries(methods)) {
      if (method !== 'constructor' && typeof value === 'function')
        handlers[`${name}.${method}`] = (value as Handlers[string]).bind(service);
    }
  }
  return handlers;
}

/** Services of the type `S` at the other end of `calls`. */
export function createRemote<S>(calls: Calls): Remote<S> {
  return named((service) =>
    named(
      (method) =>
        (args: unknown[] = [], options?: CallOptions) =>
          calls.call(`${service}.${method}`, args, options),
    ),
  ) as Remote<S>;
}

/** An object that has every name; each is made once. */
function named(make: (name: string) => unknown): object {
  const made = new Map<string, unknown>();
  return new Proxy(
    {},
    {
      get(_, name) {
        // Whatever is awaited is asked for `then`.
        if (typeof name !== 'string' || name === 'then') return undefined;
        if (!made.has(name)) made.set(name, make(name));
        return made.get(name);
      },
    },
  );
}

/** A worker that was started. */
export interface WorkerHandle extends Calls {
  /** Ends the worker, and with it what it holds: memory, device, locks. Open calls reject. */
  terminate(): void;
}

/** @param ended the sentence of calls that are open when it is ended */
export function handleOf(worker: Worker, ended: string): WorkerHandle {
  const caller = connect(worker);
  return {
    call: (method, args, options) => caller.call(method, args, options),
    terminate() {
      worker.terminate();
      caller.fail(ended);
    },
  };
}
