/**
 * Calls between the page and a worker: the only file that says postMessage. One call, one id; a call may
 * report progress and be cancelled; every call settles, also when the worker dies. Errors keep their name,
 * code and sentence.
 */

/** What crosses. `undefined` results are allowed. */
type Request = { id: number; method: string; args: unknown[] } | { id: number; cancel: true };
type Response =
  | { id: number; event: 'progress'; value: unknown }
  | { id: number; event: 'done'; value: unknown }
  | { id: number; event: 'error'; error: WireError };

interface WireError {
  name: string;
  message: string;
  code?: string;
  stack?: string;
}

/** The end of a channel: a Worker, a DedicatedWorkerGlobalScope or a MessagePort. */
export interface Channel {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void): void;
}

/** What a method gets of the call that it answers. `Progress`: what it reports while it runs. */
export interface CallContext<Progress = never> {
  signal: AbortSignal;
  progress: (value: Progress) => void;
}

export type Handlers = Record<string, (context: CallContext<unknown>, ...args: never[]) => unknown>;

/** An error that crossed from the worker; `code` says which kind it was there. */
export class RemoteError extends Error {
  readonly code: string;
  constructor(error: WireError) {
    super(error.message);
    this.name = error.name;
    this.code = error.code ?? 'unknown';
    if (error.stack) this.stack = error.stack;
  }
}

/** Answers calls that arrive on `channel`. */
export function serve(channel: Channel, handlers: Handlers): void {
  const running = new Map<number, AbortController>();
  const answer = async (id: number, method: string, args: unknown[]) => {
    const controller = new AbortController();
    running.set(id, controller);
    const send = (message: Response, transfer: Transferable[] = []) => channel.postMessage(message, transfer);
    const context: CallContext<unknown> = { signal: controller.signal, progress: (value) => send({ id, event: 'progress', value }) };
    try {
      const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
      if (!handler) throw new Error(`The worker has no method called ${method}.`);
      const value = await handler(context, ...(args as never[]));
      send({ id, event: 'done', value }, buffersOf(value));
    } catch (error) {
      send({ id, event: 'error', error: toWire(error) });
    } finally {
      running.delete(id);
    }
  };
  channel.addEventListener('message', (event) => {
    const request = event.data as Request;
    if ('cancel' in request) running.get(request.id)?.abort();
    else void answer(request.id, request.method, request.args);
  });
}

export interface CallOptions<Progress = never> {
  signal?: AbortSignal | undefined;
  onProgress?: ((value: Progress) => void) | undefined;
}

export interface Caller {
  call(method: string, args: unknown[], options?: CallOptions): Promise<unknown>;
  /** Rejects every open call and all later ones with this sentence. */
  fail(message: string): void;
}

/** A call that waits for its answer. */
interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  progress: ((value: never) => void) | undefined;
}

/** Makes calls over `channel`. */
export function connect(channel: Channel): Caller {
  const pending = new Map<number, Pending>();
  let next = 1;
  let dead: string | undefined;

  const fail = (message: string) => {
    dead ??= message;
    for (const call of pending.values()) call.reject(new RemoteError({ name: 'EngineError', message: dead, code: 'dead' }));
    pending.clear();
  };
  channel.addEventListener('message', (event) => settle(pending, event.data as Response));
  for (const type of ['error', 'messageerror']) {
    channel.addEventListener(type, (event) =>
      fail(
        `The part of the page that runs the model stopped (${event.message ?? 'no reason given'}). Your text is kept; reload the page to go on.`,
      ),
    );
  }

  const call = (method: string, args: unknown[], { signal, onProgress }: CallOptions = {}) =>
    new Promise<unknown>((resolve, reject) => {
      if (dead) return reject(new RemoteError({ name: 'EngineError', message: dead, code: 'dead' }));
      if (signal?.aborted) return reject(abortError());
      const id = next++;
      const onAbort = () => {
        pending.delete(id);
        channel.postMessage({ id, cancel: true }, []);
        reject(abortError());
      };
      const settled =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', onAbort);
          then(value);
        };
      try {
        channel.postMessage({ id, method, args }, []);
      } catch (error) {
        return reject(unsendable(error));
      }
      signal?.addEventListener('abort', onAbort);
      pending.set(id, { resolve: settled(resolve), reject: settled(reject), progress: onProgress });
    });
  return { call, fail };
}

/** Hands a response to the call that waits for it, if any does. */
function settle(pending: Map<number, Pending>, response: Response): void {
  const call = pending.get(response.id);
  if (!call) return;
  if (response.event === 'progress') return call.progress?.(response.value as never);
  pending.delete(response.id);
  if (response.event === 'done') call.resolve(response.value);
  else call.reject(new RemoteError(response.error));
}

function unsendable(error: unknown): RemoteError {
  const reason = error instanceof Error ? error.message : String(error);
  return new RemoteError({ name: 'UsageError', message: `The arguments cannot be sent to the model: ${reason}`, code: 'usage' });
}

function abortError(): RemoteError {
  return new RemoteError({ name: 'AbortError', message: 'Stopped on request.', code: 'abort' });
}

function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack && { stack: error.stack }),
  };
}

/** Buffers of the typed arrays in an answer, each once: they are moved, not copied. */
function buffersOf(value: unknown): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (v: unknown, depth: number) => {
    if (depth > 4 || typeof v !== 'object' || v === null) return;
    if (ArrayBuffer.isView(v)) {
      if (v.buffer instanceof ArrayBuffer && v.byteLength === v.buffer.byteLength) buffers.add(v.buffer);
    } else for (const inner of Object.values(v)) visit(inner, depth + 1);
  };
  visit(value, 0);
  return [...buffers];
}
