/**
 * Training on a GPU: dense products with everything around them fused, fixed shapes, buffers made once. Nothing is
 * read back but what is asked for. Agrees with the twin, src/core/train.
 */
import { architectureOf, scaleSparsity, type TrainableConfig } from '../../core/train/architectures/index.ts';
import { EngineError, InvariantError } from '../../core/errors.ts';
import { take, type ParameterName, type Parameters } from '../../core/train/types.ts';
import type { StepReport, StepSettings, StepTrainer, TrainerState } from '../trainer.ts';
import { checked, download, USAGE } from './buffers.ts';
import type { DeviceTurn } from './engine.ts';
import { listPasses, type Pass } from './trainPasses.ts';
import { FIGURES_WORDS, SETTINGS_BYTES, THRESHOLD_WORD, type BufferName } from './trainKernel.ts';
import { bufferLengths, checkRoom, GROUPS_BYTES, LARGEST_COUNT, lengthOf, packSettings, readFigures, sizeOf } from './trainMemory.ts';
import { pipelinesOf } from './trainPipelines.ts';

const LABEL = 'the training';
/** Steps whose rows may wait in the queue. */
const QUEUED_STEPS = 2;
const INDIRECT = 256;
const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
/** No clipping, as a float32. */
const NO_CLIP = 3e38;

/**
 * Buffers: 4 × parameters, one more tensor to read through, and 4·B·(2·d + n) bytes (TopK 4·B·(3·d + 2·n)).
 * @param turn as Runtime.onDevice
 * @param parameters start values; copied
 * @param maxRows most rows of a batch
 * @throws EngineError when the device has no room for it
 */
export function createWebgpuTrainer(
  turn: DeviceTurn,
  config: TrainableConfig,
  parameters: Parameters,
  maxRows: number,
): Promise<StepTrainer> {
  return turn(LABEL, (device) => checked(device, async () => new WebgpuTrainer(device, turn, config, parameters, maxRows)));
}

interface Prepared extends Pass {
  pipeline: GPUComputePipeline;
  bindings: GPUBindGroup;
  /** Where its workgroups stand in `granted`, when the device decides. */
  indirect: number | undefined;
}

/** Adam's state and counters that change on this side. */
interface Progress {
  adamSteps: number;
  step: number;
}

class WebgpuTrainer implements StepTrainer {
  readonly kernels = 'webgpu';
  readonly #device: GPUDevice;
  readonly #turn: DeviceTurn;
  readonly #config: TrainableConfig;
  readonly #maxRows: number;
  readonly #names: readonly ParameterName[];
  readonly #buffers = new Map<BufferName, GPUBuffer>();
  readonly #settings: GPUBuffer;
  readonly #staging: GPUBuffer;
  readonly #passes: Prepared[];
  /** Steps handed over, oldest first; each settles when the device is through with it. */
  readonly #queued: Promise<void>[] = [];
  #progress: Progress = { adamSteps: 0, step: 0 };
  #clear = false;
  #lost = '';
  /** Of the last step: rows, and the settings its losses are read with. */
  #last: { rows: number; config: TrainableConfig } | undefined;

  constructor(device: GPUDevice, turn: DeviceTurn, config: TrainableConfig, parameters: Parameters, maxRows: number) {
    this.#device = device;
    this.#turn = turn;
    this.#config = config;
    this.#maxRows = maxRows;
    this.#names = architectureOf(config).parameters;
    const lengths = bufferLengths(config, this.#names, maxRows);
    checkRoom(device, lengths);
    const create = (label: string, size: number, usage: GPUBufferUsageFlags) => device.createBuffer({ label, size, usage });
    for (const [name, length] of lengths) {
      this.#buffers.set(name, create(name, sizeOf(length), STORAGE | (name === 'granted' ? INDIRECT : 0)));
    }
    this.#settings = create('settings', SETTINGS_BYTES, USAGE.UNIFORM | USAGE.COPY_DST);
    const largest = Math.max(FIGURES_WORDS, config.d_sae, ...this.#names.map((name) => lengths.get(name) ?? 0));
    this.#staging = create('staging', sizeOf(largest), USAGE.MAP_READ | USAGE.COPY_DST);
    this.#passes = this.#prepare();
    for (const name of this.#names) this.#write(name, take(parameters, name));
    this.#writeThreshold(-1);
    void device.lost.then(({ message, reason }) => {
      this.#lost = `The graphics device was lost (${message || reason}) during training. The last checkpoint is kept: reload the page and resume the run from it.`;
    });
  }

  get bytes(): number {
    return [...this.#buffers.values(), this.#settings, this.#staging].reduce((sum, { size }) => sum + size, 0);
  }

  async step(x: Float32Array, settings: StepSettings): Promise<void> {
    const rows = x.length / this.#config.d_in;
    if (!Number.isInteger(rows) || rows < 1 || rows > this.#maxRows)
      throw new InvariantError(`A batch of ${x.length} numbers is not 1 to ${this.#maxRows} rows of ${this.#config.d_in}.`);
    while (this.#queued.length >= QUEUED_STEPS) await this.#explain(() => this.#queued.shift()!);
    await this.#use(async (device) => {
      device.pushErrorScope('validation');
      this.#submitStep(device, x, rows, settings);
      const failure = device.popErrorScope();
      const done = Promise.all([failure, device.queue.onSubmittedWorkDone()]).then(([error]) => {
        if (error) throw new EngineError(`A training step failed on the graphics device: ${error.message.slice(0, 300)}`);
      });
      // Seen by whoever takes it from the queue.
      done.catch(() => {});
      this.#queued.push(done);
    });
  }

  #submitStep(device: GPUDevice, x: Float32Array, rows: number, settings: StepSettings): void {
    const config = scaleSparsity(this.#config, settings.sparsity);
    const clip = settings.clip ?? architectureOf(config).clip ?? NO_CLIP;
    const adamSteps = this.#progress.adamSteps + 1;
    const packed = packSettings(config, rows, { ...settings, clip: Math.min(clip, NO_CLIP) }, adamSteps, this.#progress.step);
    device.queue.writeBuffer(this.#settings, 0, packed);
    device.queue.writeBuffer(this.#buffer('x'), 0, x as Float32Array<ArrayBuffer>);
    const forDead = this.#passes.filter((pass) => pass.forDead);
    if (forDead.length > 0) {
      const asked = Uint32Array.from(forDead.flatMap((pass) => [...pass.groups(rows), 1]));
      device.queue.writeBuffer(this.#buffer('asked'), 0, asked);
    }
    const commands = device.createCommandEncoder();
    this.#clearWhereAsked(commands);
    const pass = commands.beginComputePass();
    for (const prepared of this.#passes) {
      pass.setPipeline(prepared.pipeline);
      pass.setBindGroup(0, prepared.bindings);
      if (prepared.indirect === undefined) pass.dispatchWorkgroups(...prepared.groups(rows));
      else pass.dispatchWorkgroupsIndirect(this.#buffer('granted'), prepared.indirect);
    }
    pass.end();
    device.queue.submit([commands.finish()]);
    this.#progress = { adamSteps, step: this.#progress.step + 1 };
    this.#last = { rows, config };
  }

  async report(): Promise<StepReport> {
    const last = this.#last;
    if (!last) throw new Error('No step was made yet.');
    const words = await this.#use((device) => checked(device, () => this.#read(device, 'figures', FIGURES_WORDS)));
    return readFigures(words, last.config, last.rows);
  }

  snapshot(): Promise<TrainerState> {
    return this.#use((device) =>
      checked(device, async () => {
        const tensors = async (prefix: '' | 'm_' | 'v_') => {
          const read: Parameters = {};
          for (const name of this.#names)
            read[name] = new Float32Array(await this.#read(device, `${prefix}${name}`, lengthOf(name, this.#config)));
          return read;
        };
        const { adamSteps, step } = this.#progress;
        const parameters = await tensors('');
        const adam = { m: await tensors('m_'), v: await tensors('v_'), steps: adamSteps };
        const { fired, silent } = await this.#readFiring(device);
        const figures = new Float32Array(await this.#read(device, 'figures', FIGURES_WORDS));
        return { parameters, adam, counters: { silent, threshold: figures[THRESHOLD_WORD], step }, fired };
      }),
    );
  }

  restore({ parameters, adam, counters, fired }: TrainerState): Promise<void> {
    return this.#use((device) =>
      checked(device, async () => {
        for (const name of this.#names) {
          this.#write(name, take(parameters, name));
          this.#write(`m_${name}`, take(adam.m, name));
          this.#write(`v_${name}`, take(adam.v, name));
        }
        const silent = Uint32Array.from(counters.silent, (rows) => Math.min(rows, LARGEST_COUNT));
        device.queue.writeBuffer(this.#buffer('silent'), 0, silent);
        device.queue.writeBuffer(this.#buffer('fired'), 0, fired as Uint32Array<ArrayBuffer>);
        this.#writeThreshold(counters.threshold);
        this.#clear = false;
        this.#progress = { adamSteps: adam.steps, step: counters.step };
      }),
    );
  }

  firing(): Promise<{ fired: Uint32Array; silent: Float64Array }> {
    return this.#use((device) => checked(device, () => this.#readFiring(device)));
  }

  /** Before whatever the device does next. */
  clearFired(): void {
    this.#clear = true;
  }

  /** In a turn of its own: a buffer in use must not be destroyed. */
  release(): void {
    const destroy = () => {
      for (const buffer of [...this.#buffers.values(), this.#settings, this.#staging]) buffer.destroy();
      this.#buffers.clear();
      return Promise.resolve();
    };
    this.#turn(LABEL, destroy).catch(() => {});
  }

  #use<T>(work: (device: GPUDevice) => Promise<T>): Promise<T> {
    return this.#turn(LABEL, (device) => this.#explain(() => work(device)));
  }

  /** What a lost device breaks says less than that it is lost. */
  async #explain<T>(work: () => Promise<T>): Promise<T> {
    let failure: unknown;
    try {
      if (!this.#lost) return await work();
    } catch (error) {
      failure = error;
    }
    if (this.#lost) throw new EngineError(this.#lost, { cause: failure });
    throw failure as Error;
  }

  #prepare(): Prepared[] {
    const pipelines = pipelinesOf(this.#device);
    let offset = 0;
    return listPasses(this.#config, this.#names).map((pass) => {
      const pipeline = pipelines(pass.kernel);
      const resources = [this.#settings, ...pass.kernel.bindings.map(({ buffer }) => this.#buffer(buffer))];
      const entries = resources.map((buffer, binding) => ({ binding, resource: { buffer } }));
      const bindings = this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      const indirect = pass.forDead ? offset : undefined;
      if (pass.forDead) offset += GROUPS_BYTES;
      return { ...pass, pipeline, bindings, indirect };
    });
  }

  #buffer(name: BufferName): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (!buffer) throw new InvariantError(`There is no buffer ${name}.`);
    return buffer;
  }

  #write(name: BufferName, values: ArrayLike<number>): void {
    this.#device.queue.writeBuffer(this.#buffer(name), 0, Float32Array.from(values));
  }

  #writeThreshold(threshold: number): void {
    this.#device.queue.writeBuffer(this.#buffer('figures'), 4 * THRESHOLD_WORD, Float32Array.of(threshold));
  }

  #clearWhereAsked(commands: GPUCommandEncoder): void {
    if (this.#clear) commands.clearBuffer(this.#buffer('fired'));
    this.#clear = false;
  }

  /** The first `words` of a buffer, copied out. */
  async #read(device: GPUDevice, name: BufferName, words: number): Promise<ArrayBuffer> {
    const commands = device.createCommandEncoder();
    this.#clearWhereAsked(commands);
    commands.copyBufferToBuffer(this.#buffer(name), 0, this.#staging, 0, sizeOf(words));
    device.queue.submit([commands.finish()]);
    return (await download(this.#staging, sizeOf(words))).slice(0, 4 * words);
  }

  async #readFiring(device: GPUDevice): Promise<{ fired: Uint32Array; silent: Float64Array }> {
    const fired = new Uint32Array(await this.#read(device, 'fired', this.#config.d_sae));
    const silent = Float64Array.from(new Uint32Array(await this.#read(device, 'silent', this.#config.d_sae)));
    return { fired, silent };
  }
}
