/** A call is written once, in its service, and is there at the other end with its types. */
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { createRemote, handlersOf } from '../../workers/remote.ts';
import { connect, serve, type CallContext } from '../../workers/rpc.ts';

class CountingService {
  #count = 0;

  add(_: CallContext, by: number, times = 1): number {
    return (this.#count += by * times);
  }

  count(_: CallContext): Promise<number> {
    return Promise.resolve(this.#count);
  }

  async slow({ signal, progress }: CallContext<{ step: number }>, steps: number): Promise<string> {
    for (let step = 0; step < steps; step++) {
      progress({ step });
      await this.#pause();
      signal.throwIfAborted();
    }
    return 'done';
  }

  refuse(_: CallContext, what: string): never {
    throw new UsageError(`No ${what} here.`);
  }

  give(_: CallContext): { data: Float32Array } {
    return { data: Float32Array.of(1, 2, 3) };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const createServices = () => ({ counting: new CountingService(), other: new CountingService() });

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

function make() {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serve(port2, handlersOf(createServices()));
  const caller = connect(port1);
  port1.start();
  port2.start();
  return { caller, remote: createRemote<ReturnType<typeof createServices>>(caller) };
}

describe('a remote', () => {
  it('calls the service, which keeps its own state', async () => {
    const { remote } = make();
    expect(await remote.counting.add([2, 3])).toBe(6);
    expect(await remote.counting.add([1])).toBe(7);
    expect(await remote.counting.count()).toBe(7);
    expect(await remote.other.count()).toBe(0);
  });

  it('has the types of the service, in which the call is written', () => {
    const { remote } = make();
    expectTypeOf(remote.counting.add).parameter(0).toEqualTypeOf<[by: number, times?: number]>();
    expectTypeOf(remote.counting.add).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(remote.counting.count).returns.toEqualTypeOf<Promise<number>>();
    type Options = NonNullable<Parameters<typeof remote.counting.slow>[1]>;
    expectTypeOf<NonNullable<Options['onProgress']>>().parameter(0).toEqualTypeOf<{ step: number }>();
    // @ts-expect-error: no such call
    expect(remote.counting.fly).toBeTypeOf('function');
  });

  it('brings progress, and stops what is called off', async () => {
    const { remote } = make();
    const seen: number[] = [];
    expect(await remote.counting.slow([3], { onProgress: ({ step }) => seen.push(step) })).toBe('done');
    expect(seen).toEqual([0, 1, 2]);
    const stop = new AbortController();
    const stopped = remote.counting.slow([1000], { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError', code: 'abort' });
  });

  it('brings errors with name, code and sentence', async () => {
    const { remote } = make();
    await expect(remote.counting.refuse(['dictionary'])).rejects.toMatchObject({
      name: 'UsageError',
      code: 'usage',
      message: 'No dictionary here.',
    });
  });

  it('brings numbers', async () => {
    expect((await make().remote.counting.give()).data).toEqual(Float32Array.of(1, 2, 3));
  });

  it('reaches nothing but the public calls of a service', async () => {
    const { caller } = make();
    for (const name of ['counting.constructor', 'counting.toString', 'counting.#pause', 'counting.pause', 'add', 'nothing.add']) {
      await expect(caller.call(name, [])).rejects.toThrow(`The worker has no method called ${name}.`);
    }
  });

  it('may be awaited by mistake', async () => {
    const { remote } = make();
    expect(await Promise.resolve(remote.counting)).toBe(remote.counting);
  });
});
