/**
 * What the services of the lens share: the device, the library, and the model in use. A model that is replaced lives
 * until the calls that use it end.
 */
import type { CorpusStore } from '../../src/cache/corpusStore.ts';
import type { IndexStore } from '../../src/cache/indexStore.ts';
import type { DictionaryStore } from '../../src/cache/dictionaryStore.ts';
import { AbortedError, UsageError } from '../../src/core/errors.ts';
import { chooseDevice, type DeviceRequest } from '../../src/gpu/device.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import type { LoadedModel, OpenHub } from '../../src/engine/model/openModel.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import type { DeviceInfo } from '../../src/api/model.ts';
import { DictionaryLibrary } from './dictionaries.ts';
import type { OpenPublished } from './published.ts';

/** Calls that compute at the same time; more would only hold more memory. */
const MAX_ACTIVE = 4;

export interface Platform {
  /** Absent: this browser's. */
  hub?: OpenHub;
  published?: OpenPublished;
  /** Texts a person added; absent: those that ship cannot be named either. */
  corpora?: CorpusStore;
  /** Where opened dictionaries are kept between visits; absent: nowhere. */
  store?: DictionaryStore;
  /** Where indices of features are kept; absent: nowhere. */
  indices?: IndexStore;
  createRuntime(choice: Awaited<ReturnType<typeof chooseDevice>>): Promise<Runtime>;
  /** What encodes and decodes; on the runtime's device where it has one. Never rejects. */
  createEngine(runtime: Runtime): Promise<SaeEngine>;
}

/** How often features fired, and on how many tokens. */
export interface Measured {
  density: Float32Array;
  tokens: number;
}

/** A loaded model and how many calls use it. */
interface Held extends LoadedModel {
  users: number;
  retired: boolean;
}

export class Workbench {
  readonly platform: Platform;
  base = '/';
  library = new DictionaryLibrary('/');
  /** What the last evaluation of a dictionary counted, by its id, on the model in use. */
  readonly measured = new Map<string, Measured>();
  #runtime: Runtime | undefined;
  #engine: Promise<SaeEngine> | undefined;
  #held: Held | undefined;
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(platform: Platform) {
    this.platform = platform;
  }

  async open(settings: { device: DeviceRequest; base: string }): Promise<DeviceInfo> {
    const choice = await chooseDevice(settings.device);
    this.#runtime = await this.platform.createRuntime(choice);
    this.base = settings.base;
    this.library = new DictionaryLibrary(settings.base, this.platform.store);
    this.#runtime.warmUp().catch(() => {});
    this.#engine = this.platform.createEngine(this.#runtime);
    const { threads } = this.#runtime;
    const cpu = `CPU, ${threads} thread${threads === 1 ? '' : 's'}`;
    return { kind: choice.kind, threads, description: choice.kind === 'webgpu' ? choice.adapter : cpu, reason: choice.reason };
  }

  /** @throws UsageError before `open` */
  get runtime(): Runtime {
    if (!this.#runtime) throw new UsageError('The device is not open yet; wait for `featurescope.ready`.');
    return this.#runtime;
  }

  /** Rejects before `open`. */
  engine(): Promise<SaeEngine> {
    if (!this.#engine) return Promise.reject(new UsageError('The device is not open yet; wait for `featurescope.ready`.'));
    return this.#engine;
  }

  /** Gives back what is kept for a dictionary that is gone. */
  async forget(id: string): Promise<void> {
    const removed = await this.library.remove(id);
    if (removed) (await this.#engine)?.forget(removed);
  }

  /** The model in use; undefined before the first. */
  get current(): LoadedModel | undefined {
    return this.#held;
  }

  /** Calls that run or wait. */
  get calls(): number {
    return this.#active + this.#waiting.length;
  }

  /** Resolves when the old model is gone, or left to the calls that still use it. */
  async replace(next: LoadedModel): Promise<void> {
    const old = this.#held;
    this.#held = { ...next, users: 0, retired: false };
    this.measured.clear();
    if (!old) return;
    old.retired = true;
    await this.#releaseIfIdle(old);
  }

  async #releaseIfIdle(held: Held): Promise<void> {
    if (held.retired && held.users === 0) await held.model.release();
  }

  /** Runs `work` on the current model, which stays alive meanwhile; waits when enough calls are running. */
  async use<T>(signal: AbortSignal | undefined, work: (loaded: LoadedModel) => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      if (signal?.aborted) throw new AbortedError();
      const held = this.#held;
      if (!held) throw new UsageError('No model is loaded yet; wait for `featurescope.ready`.');
      held.users++;
      try {
        return await work(held);
      } finally {
        held.users--;
        await this.#releaseIfIdle(held);
      }
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#active >= MAX_ACTIVE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#active++;
  }

  /** Hands the place to the next in line, or frees it. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#active--;
  }
}
