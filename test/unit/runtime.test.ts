import type { Tensor } from 'onnxruntime-common';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/errors.ts';
import type { Graph } from '../../src/core/formats/onnxWriter.ts';
import { Runtime, type OrtModule, type Session } from '../../src/engine/model/runtime.ts';

const GRAPH: Graph = {
  name: 'block 3',
  nodes: [],
  inputs: [],
  outputs: ['y', 'z'],
  external: [{ name: 'W', dims: [2], location: 'weights', offset: 0 }],
  ints: [],
  floats: [],
};
const WEIGHTS = new Uint8Array(8);

interface FakeTensor {
  data: unknown;
  dims: readonly number[];
  location: string;
  dispose(): void;
  getData(release?: boolean): Promise<unknown>;
}

/** An ONNX Runtime that fails loudly when two calls overlap, and can be told to fail. */
function createFake() {
  const log: string[] = [];
  const options: Record<string, unknown>[] = [];
  const failures: (Error | undefined)[] = [];
  let busy = 0;
  let most = 0;
  const call = async <T>(name: string, result: () => T): Promise<T> => {
    log.push(name);
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 1));
    busy--;
    const failure = failures.shift();
    if (failure) throw failure;
    return result();
  };
  class FakeTensorClass implements FakeTensor {
    location = 'cpu';
    readonly data: unknown;
    readonly dims: readonly number[];
    constructor(_type: string, data: unknown, dims: readonly number[]) {
      this.data = data;
      this.dims = dims;
    }
    dispose() {
      log.push('dispose');
      this.location = 'none';
    }
    /** As onnxruntime-common does: the tensor becomes a CPU one, and its buffer leaks unless told to release it. */
    getData(release = false) {
      return call('download', () => {
        this.location = 'cpu';
        if (!release) log.push('leak');
        return this.data;
      });
    }
  }
  const tensor = (location: string) => Object.assign(new FakeTensorClass('float32', Float32Array.of(1, 2), [2]), { location });
  const ort = {
    env: {},
    Tensor: FakeTensorClass,
    InferenceSession: {
      create: (_model: Uint8Array, o: Record<string, unknown>) => {
        options.push(o);
        const where = (o.preferredOutputLocation ?? {}) as Record<string, string>;
        return call('create', () => ({
          run: (_: unknown, fetches: string[]) =>
            call('run', () => Object.fromEntries(fetches.map((name) => [name, tensor(where[name] ?? 'cpu')]))),
          release: () => call('release', () => undefined),
        }));
      },
    },
  } as unknown as OrtModule;
  return { ort, log, options, failures, most: () => most };
}

function createDevice() {
  let lose: (info: { message: string; reason: string }) => void = () => {};
  const device = { lost: new Promise((resolve) => (lose = resolve)) } as unknown as GPUDevice;
  return { device, lose };
}

async function engineError(promise: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
}

describe('one call at a time', () => {
  test('creates, runs, downloads and releases asked for at once happen one after the other, in order', async () => {
    const fake = createFake();
    const { device } = createDevice();
    const runtime = new Runtime({ ort: fake.ort, device, threads: 1 });
    const first = await runtime.createSession(GRAPH, WEIGHTS, ['y']);
    const { y } = await first.run({}, ['y']);
    const second = runtime.createSession(GRAPH, WEIGHTS);
    await Promise.all([
      second,
      ...Array.from({ length: 10 }, () => first.run({}, ['z'])),
      runtime.read(y),
      first.release(),
      second.then((session) => session.run({}, ['z'])),
    ]);
    expect(fake.most()).toBe(1);
    expect(fake.log.slice(0, 2)).toEqual(['create', 'run']);
    expect(fake.log.slice(2)).toEqual(['create', ...new Array<string>(10).fill('run'), 'download', 'release', 'run']);
  });

  test('an error in one call reaches its caller and leaves the next ones their turn', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 1 });
    const session = await runtime.createSession(GRAPH, WEIGHTS);
    fake.failures.push(undefined, new Error('kernel broke'), undefined);
    const [before, broken, after] = [session.run({}, ['y']), engineError(session.run({}, ['y'])), session.run({}, ['y'])];
    expect((await before).y.data).toEqual(Float32Array.of(1, 2));
    const error = await broken;
    expect(error.message).toBe(
      'The computation of block 3 failed: kernel broke. Nothing you wrote is lost; reloading the page starts afresh.',
    );
    expect((error.cause as Error).message).toBe('kernel broke');
    expect((await after).y.data).toEqual(Float32Array.of(1, 2));
    expect(fake.most()).toBe(1);
  });

  test('lack of memory is told as such, in whichever words it comes', async () => {
    for (const words of ['std::bad_alloc', 'Out of memory', 'failed to allocate a buffer', 'memory access out of bounds']) {
      const fake = createFake();
      const runtime = new Runtime({ ort: fake.ort, threads: 1 });
      fake.failures.push(new Error(words));
      const { message } = await engineError(runtime.createSession(GRAPH, WEIGHTS));
      expect(message).toMatch(/^There is not enough memory for block 3\. Try a shorter text/);
    }
  });

  test('what is thrown but is no Error has a sentence too', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 1 });
    // onnxruntime-web throws bare numbers when its module aborts.
    fake.failures.push(12345 as unknown as Error);
    expect((await engineError(runtime.createSession(GRAPH, WEIGHTS))).message).toMatch(/computation of block 3 failed: 12345\./);
  });
});

describe('what a session is made with', () => {
  test('on the CPU: the wasm provider and the weights beside the graph', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 3 });
    await runtime.createSession(GRAPH, WEIGHTS, ['y']);
    expect([runtime.kind, runtime.threads]).toEqual(['wasm', 3]);
    expect(fake.options[0]).toMatchObject({
      executionProviders: ['wasm'],
      externalData: [{ path: 'weights', data: WEIGHTS }],
    });
    expect(fake.options[0]).not.toHaveProperty('preferredOutputLocation');
  });

  test('on a device: that device, and only the named outputs stay there', async () => {
    const fake = createFake();
    const { device } = createDevice();
    const runtime = new Runtime({ ort: fake.ort, device, threads: 1 });
    await runtime.createSession(GRAPH, WEIGHTS, ['y']);
    expect(runtime.kind).toBe('webgpu');
    expect(fake.options[0].executionProviders).toEqual([{ name: 'webgpu', device }]);
    expect(fake.options[0].preferredOutputLocation).toEqual({ y: 'gpu-buffer', z: 'cpu' });
  });
});

describe('accounting', () => {
  test('sessions count from creation to release, and a failed creation counts nothing', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 1 });
    const sessions: Session[] = [await runtime.createSession(GRAPH, WEIGHTS), await runtime.createSession(GRAPH, WEIGHTS)];
    expect(runtime.live.sessions).toBe(2);
    fake.failures.push(new Error('no'));
    await engineError(runtime.createSession(GRAPH, WEIGHTS));
    expect(runtime.live.sessions).toBe(2);
    for (const session of sessions) await session.release();
    expect(runtime.live).toEqual({ sessions: 0, buffers: 0 });
  });

  test('device buffers count from the run to their disposal, once each, whoever disposes them how often', async () => {
    const fake = createFake();
    const { device } = createDevice();
    const runtime = new Runtime({ ort: fake.ort, device, threads: 1 });
    const session = await runtime.createSession(GRAPH, WEIGHTS, ['y']);
    const outputs = [await session.run({}, ['y', 'z']), await session.run({}, ['y'])];
    expect(runtime.live.buffers).toBe(2);
    // Reading brings the numbers down and gives the buffer back.
    await runtime.read(outputs[0].y);
    expect(runtime.live.buffers).toBe(1);
    expect(fake.log).not.toContain('leak');
    runtime.dispose(outputs[0].y, outputs[0].z, undefined);
    runtime.dispose(outputs[0].y);
    expect(runtime.live.buffers).toBe(1);
    runtime.dispose(...Object.values(outputs[1]));
    expect(runtime.live.buffers).toBe(0);
    expect(fake.log.filter((entry) => entry === 'dispose')).toHaveLength(1);
  });

  test('numbers that are not on a device are read without a call', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 1 });
    const tensor: Tensor = runtime.tensor(Float32Array.of(4, 5), [2, 1]);
    expect(await runtime.read(tensor)).toEqual(Float32Array.of(4, 5));
    expect(tensor.dims).toEqual([2, 1]);
    expect(fake.log).toEqual([]);
    runtime.dispose(tensor);
    expect(runtime.live.buffers).toBe(0);
  });
});

describe('a device that is lost', () => {
  test('makes every later call reject with a sentence that names a way on', async () => {
    const fake = createFake();
    const { device, lose } = createDevice();
    const runtime = new Runtime({ ort: fake.ort, device, threads: 1 });
    const session = await runtime.createSession(GRAPH, WEIGHTS);
    lose({ message: 'the driver was reset', reason: 'unknown' });
    await Promise.resolve();
    for (const call of [session.run({}, ['y']), runtime.createSession(GRAPH, WEIGHTS)]) {
      const { message } = await engineError(call);
      expect(message).toMatch(/^The graphics device was lost \(the driver was reset\)\..*choose the CPU/);
    }
    expect(fake.log).toEqual(['create']);
  });

  test('is the reason given for a call that it broke', async () => {
    const fake = createFake();
    const { device, lose } = createDevice();
    const runtime = new Runtime({ ort: fake.ort, device, threads: 1 });
    const session = await runtime.createSession(GRAPH, WEIGHTS);
    fake.failures.push(new Error('mapAsync failed'));
    const call = engineError(session.run({}, ['y']));
    await new Promise((resolve) => setTimeout(resolve, 0));
    lose({ message: '', reason: 'destroyed' });
    expect((await call).message).toMatch(/^The graphics device was lost \(destroyed\)/);
  });
});

describe('long work', () => {
  test('lets messages in between calls, so that a cancel is seen', async () => {
    const fake = createFake();
    const runtime = new Runtime({ ort: fake.ort, threads: 1 });
    // A WASM run keeps the thread and comes back without an event-loop turn.
    const busy = {
      ...fake.ort,
      InferenceSession: {
        create: () =>
          Promise.resolve({
            run: () => {
              const end = performance.now() + 15;
              while (performance.now() < end);
              return Promise.resolve({});
            },
          }),
      },
    } as unknown as OrtModule;
    const session = await new Runtime({ ort: busy, threads: runtime.threads }).createSession(GRAPH, WEIGHTS);
    let messages = 0;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => messages++;
    port2.postMessage(0);
    for (let i = 0; i < 4; i++) await session.run({}, []);
    port1.close();
    expect(messages).toBe(1);
  });
});
