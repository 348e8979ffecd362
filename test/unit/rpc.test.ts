import { afterEach, describe, expect, test } from 'vitest';
import { AbortedError, EngineError, UsageError } from '../../src/core/errors.ts';
import { FormatError } from '../../src/core/formats/bytes.ts';
import { connect, RemoteError, serve, type Caller, type CallContext, type Channel, type Handlers } from '../../workers/rpc.ts';

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function join(handlers: Handlers): { caller: Caller; page: MessagePort; worker: MessagePort } {
  const { port1: page, port2: worker } = new MessageChannel();
  open.push(page, worker);
  serve(worker, handlers);
  const caller = connect(page);
  page.start();
  worker.start();
  return { caller, page, worker };
}

async function rejection(promise: Promise<unknown>): Promise<RemoteError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) throw new Error(`resolved: ${JSON.stringify(outcome.value)}`);
  expect(outcome.error).toBeInstanceOf(RemoteError);
  return outcome.error as RemoteError;
}

/** Waits for a condition that messages bring about. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

const echo = (_: CallContext, ...args: unknown[]) => args;
const forever = () => new Promise<never>(() => {});

describe('results', () => {
  test('come back as the handler gave them, plain or promised, undefined too', async () => {
    const { caller } = join({ echo, later: () => Promise.resolve({ a: [1, Float32Array.of(2)] }), nothing: () => undefined });
    expect(await caller.call('echo', [1, 'two', { three: [3] }])).toEqual([1, 'two', { three: [3] }]);
    expect(await caller.call('later', [])).toEqual({ a: [1, Float32Array.of(2)] });
    expect(await caller.call('nothing', [])).toBeUndefined();
  });

  test('200 interleaved calls each get their own answer, in whatever order they finish', async () => {
    const slow = async (_: CallContext, i: number) => {
      await new Promise((resolve) => setTimeout(resolve, (i * 7919) % 13));
      if (i % 5 === 0) throw new UsageError(`number ${i}`);
      return i * i;
    };
    const { caller } = join({ slow });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => caller.call('slow', [i]).catch((error: unknown) => (error as Error).message)),
    );
    answers.forEach((answer, i) => expect(answer).toBe(i % 5 === 0 ? `number ${i}` : i * i));
  });

  test('progress arrives in order, before the result, at the call that asked for it', async () => {
    const count = async ({ progress }: CallContext<unknown>, n: number) => {
      for (let i = 0; i < n; i++) {
        progress(i);
        await Promise.resolve();
      }
      return 'done';
    };
    const { caller } = join({ count });
    const seen: unknown[][] = [[], []];
    const ends: unknown[] = [];
    await Promise.all(
      [3, 5].map(async (n, at) => {
        const end = await caller.call('count', [n], { onProgress: (value: never) => void seen[at].push(value) });
        ends.push(end, seen[at].length);
      }),
    );
    expect(seen).toEqual([
      [0, 1, 2],
      [0, 1, 2, 3, 4],
    ]);
    expect(ends.toSorted()).toEqual([3, 5, 'done', 'done']);
    expect(await caller.call('count', [2])).toBe('done');
  });
});

describe('errors', () => {
  test.each([
    ['UsageError', 'usage', new UsageError('Edit 1 of 1 is wrong.')],
    ['EngineError', 'engine', new EngineError('Memory is short.')],
    ['FormatError', 'format', new FormatError('The file is cut off.')],
    ['AbortError', 'abort', new AbortedError()],
    ['TypeError', 'unknown', new TypeError('x is not a function')],
  ])('%s keeps its name, code and sentence', async (name, code, thrown) => {
    const handlers = {
      now: () => {
        throw thrown;
      },
      later: () => Promise.reject(thrown),
    };
    const { caller } = join(handlers);
    for (const method of ['now', 'later']) {
      const error = await rejection(caller.call(method, []));
      expect(error).toMatchObject({ name, code, message: thrown.message });
      expect(error.stack).toBe(thrown.stack);
    }
  });

  test('what is thrown but is no Error becomes one with its text', async () => {
    const { caller } = join({
      odd: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'just text';
      },
    });
    expect(await rejection(caller.call('odd', []))).toMatchObject({ name: 'Error', message: 'just text' });
  });

  test('an unknown method is refused by name, inherited names included', async () => {
    const { caller } = join({ echo });
    expect((await rejection(caller.call('fly', []))).message).toBe('The worker has no method called fly.');
    expect((await rejection(caller.call('toString', []))).message).toBe('The worker has no method called toString.');
    expect(await caller.call('echo', [1])).toEqual([1]);
  });

  test('arguments that cannot be sent are refused by a sentence, other calls going on', async () => {
    let release: (value: string) => void = () => {};
    const { caller } = join({ echo, wait: () => new Promise((resolve) => (release = resolve)) });
    const waiting = caller.call('wait', []);
    const error = await rejection(caller.call('echo', [() => 1]));
    expect(error).toMatchObject({ name: 'UsageError', code: 'usage' });
    expect(error.message).toMatch(/^The arguments cannot be sent to the model: .*could not be cloned/);
    expect(await caller.call('echo', [2])).toEqual([2]);
    release('unharmed');
    expect(await waiting).toBe('unharmed');
  });

  test('an answer that cannot be sent rejects its own call and no other', async () => {
    const { caller } = join({ echo, bad: () => ({ f: () => 1 }) });
    const both = await Promise.all([rejection(caller.call('bad', [])), caller.call('echo', [3])]);
    expect(both[0].message).toMatch(/could not be cloned/);
    expect(both[1]).toEqual([3]);
  });
});

describe('cancelling', () => {
  test('rejects with AbortError at once, though the handler never ends, and the handler sees it', async () => {
    let seen: AbortSignal | undefined;
    const { caller } = join({
      echo,
      work: ({ signal }) => {
        seen = signal;
        return forever();
      },
    });
    const controller = new AbortController();
    const call = caller.call('work', [], { signal: controller.signal });
    await until(() => seen !== undefined);
    expect(seen!.aborted).toBe(false);
    controller.abort();
    expect(await rejection(call)).toMatchObject({ name: 'AbortError', code: 'abort', message: 'Stopped on request.' });
    await until(() => seen!.aborted);
    expect(await caller.call('echo', [1])).toEqual([1]);
  });

  test('stops only the call whose signal it is', async () => {
    const signals: AbortSignal[] = [];
    const { caller } = join({
      work: async ({ signal }: CallContext, ms: number) => {
        signals.push(signal);
        await new Promise((resolve) => setTimeout(resolve, ms));
        return ms;
      },
    });
    const controller = new AbortController();
    const stopped = rejection(caller.call('work', [20], { signal: controller.signal }));
    const other = caller.call('work', [20]);
    await until(() => signals.length === 2);
    controller.abort();
    expect((await stopped).code).toBe('abort');
    expect(await other).toBe(20);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });

  test('a signal aborted beforehand sends nothing', async () => {
    let calls = 0;
    const { caller } = join({ echo, count: () => ++calls });
    expect((await rejection(caller.call('count', [], { signal: AbortSignal.abort() }))).name).toBe('AbortError');
    await caller.call('echo', []);
    expect(calls).toBe(0);
  });

  test('an answer or progress that comes after the cancel reaches nobody', async () => {
    let finish: () => void = () => {};
    const { caller } = join({
      echo,
      work: async ({ progress }) => {
        progress('early');
        await new Promise<void>((resolve) => (finish = resolve));
        progress('late');
        return 'late';
      },
    });
    const controller = new AbortController();
    const seen: unknown[] = [];
    const call = caller.call('work', [], { signal: controller.signal, onProgress: (value: never) => void seen.push(value) });
    await until(() => seen.length === 1);
    controller.abort();
    expect((await rejection(call)).name).toBe('AbortError');
    finish();
    await caller.call('echo', []);
    await caller.call('echo', []);
    expect(seen).toEqual(['early']);
  });

  test('aborting after the answer does nothing', async () => {
    const { caller, worker } = join({ echo });
    const messages: unknown[] = [];
    worker.addEventListener('message', (event) => messages.push(event.data));
    const controller = new AbortController();
    expect(await caller.call('echo', [5], { signal: controller.signal })).toEqual([5]);
    controller.abort();
    expect(await caller.call('echo', [6])).toEqual([6]);
    expect(messages).toHaveLength(2);
  });
});

describe('a worker that dies', () => {
  class DyingChannel implements Channel {
    listeners = new Map<string, (event: { data?: unknown; message?: string }) => void>();
    sent: unknown[] = [];
    postMessage(message: unknown) {
      this.sent.push(message);
    }
    addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void) {
      this.listeners.set(type, listener);
    }
  }

  test.each([['error'], ['messageerror']])('after "%s" every open call and every later one rejects with a sentence', async (type) => {
    const channel = new DyingChannel();
    const caller = connect(channel);
    const calls = [caller.call('a', []), caller.call('b', [])].map(rejection);
    channel.listeners.get(type)!({ message: 'out of memory' });
    const errors = [...(await Promise.all(calls)), await rejection(caller.call('c', []))];
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'EngineError', code: 'dead' });
      expect(error.message).toMatch(/stopped \(out of memory\)\. Your text is kept; reload the page/);
    }
    expect(channel.sent).toHaveLength(2);
  });

  test('fail rejects with its own sentence, and the first sentence stays', async () => {
    const { caller } = join({ forever });
    const call = rejection(caller.call('forever', []));
    caller.fail('The model was ended.');
    caller.fail('Again.');
    expect((await call).message).toBe('The model was ended.');
    expect((await rejection(caller.call('forever', []))).message).toBe('The model was ended.');
  });

  test('a signal aborted after the death rejects nothing twice', async () => {
    const { caller } = join({ forever });
    const controller = new AbortController();
    const call = rejection(caller.call('forever', [], { signal: controller.signal }));
    caller.fail('Gone.');
    controller.abort();
    expect((await call).code).toBe('dead');
  });
});

describe('buffers', () => {
  test('those of an answer are moved out of the worker, each once', async () => {
    const whole = Float32Array.of(1, 2, 3);
    const { caller } = join({ give: () => ({ acts: { hook: { data: whole, shape: [3] } }, again: whole }) });
    const answer = (await caller.call('give', [])) as { acts: { hook: { data: Float32Array } }; again: Float32Array };
    expect(answer.acts.hook.data).toEqual(Float32Array.of(1, 2, 3));
    expect(answer.again.buffer).toBe(answer.acts.hook.data.buffer);
    expect(whole.length).toBe(0);
  });

  test('a view of a part is copied, so what shares its buffer is left alone', async () => {
    const buffer = Float32Array.of(1, 2, 3, 4);
    const { caller } = join({ give: () => buffer.subarray(1, 3) });
    expect(await caller.call('give', [])).toEqual(Float32Array.of(2, 3));
    expect(buffer).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test('those of arguments stay with the caller', async () => {
    const vector = Float32Array.of(1, 2);
    const { caller } = join({ echo });
    expect(await caller.call('echo', [{ edits: [{ vector }] }])).toEqual([{ edits: [{ vector: Float32Array.of(1, 2) }] }]);
    expect(vector).toEqual(Float32Array.of(1, 2));
  });
});
