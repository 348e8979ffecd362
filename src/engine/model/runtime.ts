/**
 * The one place that calls ONNX Runtime. Every call (create, run, download, release) goes through one
 * mutex: two WebGPU calls at once deadlock the worker.
 */
import type { Env, InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import { EngineError } from '../../core/errors.ts';
import { writeModel, type Graph } from '../../core/formats/onnxWriter.ts';

/** What we use of onnxruntime-web; both its builds (CPU only, WebGPU) fit. */
export interface OrtModule {
  InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  Tensor: TensorConstructor;
  env: Env;
}

export type Feeds = Record<string, Tensor>;

/** One graph with its weights. */
export interface Session {
  /** Runs the graph; the caller disposes what comes back. */
  run(feeds: Feeds, fetches: readonly string[]): Promise<Feeds>;
  release(): Promise<void>;
}

interface RuntimeOptions {
  ort: OrtModule;
  /** Present for WebGPU. */
  device?: GPUDevice;
  threads: number;
}

/** How long the worker may compute before it lets messages (a cancel, say) in. */
const YIELD_AFTER_MS = 12;

export class Runtime {
  readonly kind: 'webgpu' | 'wasm';
  readonly threads: number;
  readonly #ort: OrtModule;
  readonly #device: GPUDevice | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #lastYield = performance.now();
  #lost = '';
  /** Sessions not released and device buffers not disposed; both return to their resting count when idle. */
  readonly live = { sessions: 0, buffers: 0 };

  constructor({ ort, device, threads }: RuntimeOptions) {
    this.#ort = ort;
    this.#device = device;
    this.kind = device ? 'webgpu' : 'wasm';
    this.threads = threads;
    void device?.lost.then((info) => {
      this.#lost = `The graphics device was lost (${info.message || info.reason}). Your text is kept; reload the page, or choose the CPU in the device menu.`;
    });
  }

  /** Why the device answers nothing any more, in sentences; '' while it does. */
  get lost(): string {
    return this.#lost;
  }

  /**
   * @param weights bytes the graph's external tensors point into; not kept
   * @param onDevice outputs that stay on the GPU; ignored on WASM
   * @throws EngineError when the runtime refuses (usually memory)
   */
  async createSession(graph: Graph, weights: Uint8Array, onDevice: readonly string[] = []): Promise<Session> {
    const location = graph.external[0]?.location ?? 'weights';
    const options: InferenceSession.SessionOptions = {
      executionProviders: this.#device ? [{ name: 'webgpu', device: this.#device } as never] : ['wasm'],
      externalData: graph.external.length > 0 ? [{ path: location, data: weights }] : [],
      // Shapes change with the text, so remembering memory patterns would only keep memory.
      enableMemPattern: false,
      logSeverityLevel: 3,
    };
    if (this.#device) {
      options.preferredOutputLocation = Object.fromEntries(
        graph.outputs.map((name) => [name, onDevice.includes(name) ? 'gpu-buffer' : 'cpu']),
      );
    }
    const session = await this.#exclusive(() => this.#ort.InferenceSession.create(writeModel(graph), options), graph.name);
    this.live.sessions++;
    return {
      run: (feeds, fetches) => this.#run(session, feeds, fetches, graph.name),
      release: async () => {
        await this.#exclusive(() => session.release(), graph.name);
        this.live.sessions--;
      },
    };
  }

  /**
   * Starts the runtime (megabytes of WASM to compile) while the model is still on its way. A failure shows
   * again, with its sentence, at the first real session.
   */
  async warmUp(): Promise<void> {
    const node = { op: 'Identity', inputs: ['x'], outputs: ['y'] };
    const graph: Graph = {
      name: 'warm-up',
      nodes: [node],
      inputs: [{ name: 'x', dims: ['N'] }],
      outputs: ['y'],
      external: [],
      ints: [],
      floats: [],
    };
    const session = await this.createSession(graph, new Uint8Array(0));
    await session.release();
  }

  async #run(session: InferenceSession, feeds: Feeds, fetches: readonly string[], label: string): Promise<Feeds> {
    const outputs = await this.#exclusive(() => session.run(feeds, fetches as string[]), label);
    for (const tensor of Object.values(outputs)) if (tensor.location === 'gpu-buffer') this.live.buffers++;
    return outputs;
  }

  /** A tensor over `data`, which the caller must not change before the run that reads it ends. */
  tensor(data: Float32Array, dims: readonly number[]): Tensor {
    return new this.#ort.Tensor('float32', data, dims);
  }

  /**
   * The numbers of a tensor. One on the device is downloaded and its buffer released: from then on it is a CPU
   * tensor, still good as an input. (ONNX Runtime turns it into one in any case, and would leak the buffer.)
   */
  async read(tensor: Tensor): Promise<Float32Array> {
    if (tensor.location !== 'gpu-buffer') return tensor.data as Float32Array;
    const data = await this.#exclusive(() => tensor.getData(true), 'download');
    this.live.buffers--;
    return data as Float32Array;
  }

  dispose(...tensors: (Tensor | undefined)[]): void {
    for (const tensor of tensors) {
      if (tensor?.location !== 'gpu-buffer') continue;
      tensor.dispose();
      this.live.buffers--;
    }
  }

  /**
   * Work of our own on the device, between ONNX Runtime's calls.
   * @throws EngineError without a device, when it is lost, or in place of whatever `work` throws
   */
  onDevice<T>(label: string, work: (device: GPUDevice) => Promise<T>): Promise<T> {
    const device = this.#device;
    if (!device) throw new EngineError(`There is no graphics device for ${label}.`);
    return this.#exclusive(() => work(device), label);
  }

  async #exclusive<T>(call: () => Promise<T>, label: string): Promise<T> {
    const turn = this.#tail;
    let done: () => void = () => {};
    this.#tail = new Promise<void>((resolve) => (done = resolve));
    try {
      await turn;
      await this.#letMessagesIn();
      if (this.#lost) throw new EngineError(this.#lost);
      return await call();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(this.#lost || sentence(error, label), { cause: error });
    } finally {
      done();
    }
  }

  /** A WASM run never returns to the event loop by itself, so a cancel would not be seen. */
  async #letMessagesIn(): Promise<void> {
    if (performance.now() - this.#lastYield < YIELD_AFTER_MS) return;
    await nextTask();
    this.#lastYield = performance.now();
  }
}

/** Resolves in a task of its own, after messages already waiting. setTimeout would be clamped to 4 ms. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

function sentence(error: unknown, label: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/memory|alloc|bad_alloc|out of bounds/i.test(message)) {
    return `There is not enough memory for ${label}. Try a shorter text or fewer rows, or close other tabs; nothing you wrote is lost.`;
  }
  return `The computation of ${label} failed: ${message.slice(0, 300)}. Nothing you wrote is lost; reloading the page starts afresh.`;
}
