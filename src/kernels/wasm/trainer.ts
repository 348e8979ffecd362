/**
 * Training steps on WASM. The encoder product is dense, everything after it touches active latents only.
 * A step is a row of phases whose tasks, blocks of rows or chunks of latents, are the same whatever the number of
 * threads, so results depend on nothing but the numbers. Agrees with the twin, src/core/train.
 */
import { architectureOf, scaleSparsity, type TrainableConfig } from '../../core/train/architectures/index.ts';
import { createCounters, take, type Counters, type Parameters } from '../../core/train/types.ts';
import type { StepReport, StepSettings, StepTrainer, TrainerState } from '../trainer.ts';
import { instantiate, type WasmBuild } from './kernels.ts';
import type { Threads } from './threads.ts';
import { topkSettings, wasmFormOf, type TopkSettings, type WasmForm } from './trainForms.ts';
import { BLOCK_ROWS, checkPlan, CHUNK, GROUP, TrainPlan, type Part } from './trainPlan.ts';

/** Exports of assembly/train.ts that take tasks until none is left. */
const PHASES = ['prepare', 'encode', 'decode', 'spread', 'prepareDead', 'forwardDead', 'gradients', 'update'] as const;
type Phase = (typeof PHASES)[number];

interface TrainKernels extends Record<Phase, (plan: number, thread: number) => void> {
  planBytes(): number;
  countFired(plan: number): void;
}

/**
 * A trainer on WASM with SIMD.
 * @param module built from assembly/train.ts: `train-<build>`, with `threads` `train-<build>-shared`
 * @param parameters copied; in core's layout, a row per latent
 * @param maxRows of a batch
 * @param threads to share the work with; several trainers may use the same ones, one at a time
 * @throws RangeError when there is no memory; Error for an architecture that `wasmTrains` denies
 */
export async function createWasmTrainer(
  module: WebAssembly.Module,
  build: WasmBuild,
  settings: TrainableConfig,
  parameters: Parameters,
  maxRows: number,
  threads?: Threads,
): Promise<WasmTrainer> {
  const plan = new TrainPlan(settings, maxRows, threads?.count ?? 1, threads !== undefined);
  const job = threads && { threads, id: await threads.add(module, plan.arena.memory, plan.address, PHASES) };
  return new WasmTrainer(module, build, settings, parameters, plan, job);
}

export class WasmTrainer implements StepTrainer {
  readonly kernels;
  readonly config: TrainableConfig;
  /** Spent in each phase so far: for measuring only, nothing depends on it. */
  readonly milliseconds = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  readonly #form: WasmForm;
  readonly #topk: TopkSettings | undefined;
  readonly #job: { threads: Threads; id: number } | undefined;
  #memory: { plan: TrainPlan; kernels: TrainKernels } | undefined;
  #steps = 0;
  #counters: Counters;
  /** Times each latent was active since the count began. */
  #fired: Uint32Array;
  #last: StepReport | undefined;

  /** By `createWasmTrainer`. */
  constructor(
    module: WebAssembly.Module,
    build: WasmBuild,
    config: TrainableConfig,
    parameters: Parameters,
    plan: TrainPlan,
    job?: { threads: Threads; id: number },
  ) {
    this.kernels = `wasm-${build}` as const;
    this.config = config;
    this.#form = wasmFormOf(config);
    this.#topk = topkSettings(config);
    this.#job = job;
    this.#counters = createCounters(config);
    this.#fired = new Uint32Array(config.d_sae);
    this.#memory = { plan, kernels: instantiate<TrainKernels>(module, plan.arena) };
    checkPlan(this.#kernels.planBytes());
    for (const name of plan.names) plan.write(name, 'p', take(parameters, name));
  }

  get bytes(): number {
    return this.#plan.arena.bytes + this.#fired.byteLength + this.#counters.silent.byteLength;
  }

  /** Copies of the parameters, in core's layout. */
  parameters(): Parameters {
    return this.#readAll('p');
  }

  /** Gradients of the last step, projected where the architecture does that, before the clip. */
  gradients(): Parameters {
    return this.#readAll('g');
  }

  step(x: Float32Array, settings: StepSettings): void {
    const rows = x.length / this.config.d_in;
    this.#writeStep(x, rows, settings);
    this.#run('prepare', this.#plan.chunks);
    this.#run('encode', Math.ceil(rows / BLOCK_ROWS));
    this.#run('decode', Math.ceil(rows / BLOCK_ROWS));
    const auxiliary = this.#topk ? this.#forwardTopk(rows, this.#topk) : 0;
    this.#run('gradients', this.#plan.chunks);
    if (!this.#topk) this.#count(rows);
    this.#finishOutputBias(rows);
    const gradientNorm = this.#gradientNorm();
    this.#last = { ...this.#losses(rows, auxiliary, settings), gradientNorm };
    const clip = settings.clip ?? architectureOf(this.config).clip;
    this.#plan.setNumber('clip', clip !== undefined && gradientNorm > clip ? clip / (gradientNorm + 1e-6) : 1);
    this.#run('update', this.#plan.chunks);
    this.#counters.step++;
  }

  report(): Promise<StepReport> {
    return this.#last ? Promise.resolve(this.#last) : Promise.reject(new Error('No step was made yet.'));
  }

  snapshot(): Promise<TrainerState> {
    return Promise.resolve({
      parameters: this.#readAll('p'),
      adam: { m: this.#readAll('m'), v: this.#readAll('v'), steps: this.#steps },
      counters: { ...this.#counters, silent: this.#counters.silent.slice() },
      fired: this.#fired.slice(),
    });
  }

  restore({ parameters, adam, counters, fired }: TrainerState): Promise<void> {
    for (const name of this.#plan.names) {
      this.#plan.write(name, 'p', take(parameters, name));
      this.#plan.write(name, 'm', take(adam.m, name));
      this.#plan.write(name, 'v', take(adam.v, name));
    }
    this.#steps = adam.steps;
    this.#counters = { ...counters, silent: counters.silent.slice() };
    this.#fired = fired.slice();
    return Promise.resolve();
  }

  firing(): Promise<{ fired: Uint32Array; silent: Float64Array }> {
    return Promise.resolve({ fired: this.#fired.slice(), silent: this.#counters.silent.slice() });
  }

  clearFired(): void {
    this.#fired.fill(0);
  }

  release(): void {
    if (this.#memory) this.#job?.threads.drop(this.#job.id);
    this.#memory = undefined;
  }

  get #plan(): TrainPlan {
    return this.#held.plan;
  }

  get #kernels(): TrainKernels {
    return this.#held.kernels;
  }

  get #held(): { plan: TrainPlan; kernels: TrainKernels } {
    if (!this.#memory) throw new Error('The trainer was released.');
    return this.#memory;
  }

  /** A phase, on all threads. */
  #run(phase: Phase, tasks: number): void {
    const { plan, kernels } = this.#held;
    plan.setWord('tasks', tasks);
    plan.setWord('next', 0);
    const work = () => kernels[phase](plan.address, 0);
    const start = performance.now();
    if (this.#job) this.#job.threads.run(this.#job.id, PHASES.indexOf(phase), work);
    else work();
    this.milliseconds[phase] += performance.now() - start;
  }

  /** The batch and what this step is made with. */
  #writeStep(x: Float32Array, rows: number, { lr, beta1, beta2, eps, sparsity }: StepSettings): void {
    const plan = this.#plan;
    this.#steps++;
    plan.writeRows(x);
    plan.setWord('rows', rows);
    plan.setWord('k', this.#topk ? Math.min(this.#topk.k, this.#topk.d_sae) : 0);
    plan.setWord('deadCount', 0);
    plan.setNumber('least', this.#form.least);
    plan.setNumber('errorScale', 2 * this.#perError(rows));
    plan.setNumber('penaltyScale', this.#penalty(sparsity) / rows);
    plan.setNumber('stepSize', lr / (1 - beta1 ** this.#steps));
    plan.setNumber('root', Math.sqrt(1 - beta2 ** this.#steps));
    plan.setNumber('beta1', beta1);
    plan.setNumber('beta2', beta2);
    plan.setNumber('eps', eps);
  }

  /** Weight of one squared error in the loss. */
  #perError(rows: number): number {
    return 1 / (rows * architectureOf(this.config).averagedOver(this.config));
  }

  /** Weight of the sparsity term. */
  #penalty(factor: number): number {
    const config = scaleSparsity(this.config, factor);
    return architectureOf(config).penalty(config);
  }

  /** Firing and silence of a batch. */
  #count(rows: number): void {
    const fired = this.#plan.arena.words(this.#plan.at.fired, this.config.d_sae);
    const { silent } = this.#counters;
    for (let j = 0; j < fired.length; j++) {
      this.#fired[j] += fired[j];
      silent[j] = fired[j] > 0 ? 0 : silent[j] + rows;
    }
  }

  /** Threshold, silence and the auxiliary loss, which is returned unweighted. */
  #forwardTopk(rows: number, config: TopkSettings): number {
    this.#kernels.countFired(this.#plan.address);
    this.#count(rows);
    this.#updateThreshold(rows, config);
    const dead = this.#listDead(config.dead_after_tokens);
    const auxiliaryK = Math.min(config.aux_k_max, dead);
    if (auxiliaryK === 0) return 0;
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    const columns = this.#plan.sumColumns(rows);
    this.#plan.arena.doubles(this.#plan.at.mean, columns.length).set(columns.map((sum) => sum / rows));
    this.#run('spread', blocks);
    const spread = this.#plan.sumBlocks(rows, 'spread');
    if (!(spread > 0)) return 0;
    this.#plan.setWord('deadCount', dead);
    this.#plan.setWord('auxiliaryK', auxiliaryK);
    this.#plan.setNumber('auxiliaryScale', (2 * config.aux_alpha) / spread);
    this.#run('prepareDead', Math.ceil(dead / GROUP));
    this.#run('forwardDead', blocks);
    return this.#plan.sumBlocks(rows, 'rest') / spread;
  }

  #updateThreshold(rows: number, config: TopkSettings): void {
    const counters = this.#counters;
    const counted = this.#plan.sumBlocks(rows, 'counted');
    if (counters.step <= config.threshold_start_step || counted === 0) return;
    const least = this.#plan.sumBlocks(rows, 'least') / counted;
    const beta = config.threshold_beta;
    counters.threshold = counters.threshold < 0 ? least : beta * counters.threshold + (1 - beta) * least;
  }

  /** Lists the dead latents for the kernels. @returns how many there are */
  #listDead(after: number): number {
    const { at, arena, chunks, latents } = this.#plan;
    const dead = arena.words(at.dead, latents);
    const before = arena.words(at.deadBefore, chunks + 1);
    const { silent } = this.#counters;
    let count = 0;
    for (let j = 0; j < silent.length; j++) {
      if (j % CHUNK === 0) before[j / CHUNK] = count;
      if (silent[j] >= after) dead[count++] = j;
    }
    before[chunks] = count;
    return count;
  }

  /** The gradient of b_dec: the error's, and what the encoder passes on. */
  #finishOutputBias(rows: number): void {
    if (this.#form.isTied) return;
    const { arena, at, width, chunks } = this.#plan;
    const gradient = this.#plan.sumColumns(rows).map((sum) => 2 * this.#perError(rows) * sum);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const pull = arena.floats(at.pull + 4 * chunk * width, width);
      for (let i = 0; i < width; i++) gradient[i] -= pull[i];
    }
    this.#plan.tensor('b_dec', 'g').set(gradient);
  }

  #gradientNorm(): number {
    let squares = 0;
    for (let chunk = 0; chunk < this.#plan.chunks; chunk++) squares += this.#plan.chunkSquares(chunk);
    if (!this.#form.isTied) for (const g of this.#plan.tensor('b_dec', 'g')) squares += g * g;
    return Math.sqrt(squares);
  }

  #losses(rows: number, auxiliary: number, { sparsity: factor }: StepSettings): Omit<StepReport, 'gradientNorm'> {
    const reconstruction = this.#plan.sumBlocks(rows, 'squared') * this.#perError(rows);
    const sparsity = (this.#penalty(factor) / rows) * this.#plan.sumActivations(this.#form.weighsNorms);
    const weight = this.#topk?.aux_alpha ?? 0;
    const l0 = this.#plan.sumBlocks(rows, 'entries') / rows;
    return { loss: reconstruction + sparsity + weight * auxiliary, reconstruction, sparsity, auxiliary, l0 };
  }

  #readAll(part: Part): Parameters {
    return Object.fromEntries(this.#plan.names.map((name) => [name, this.#plan.read(name, part)]));
  }
}
