/**
 * Training steps on WASM: the tied and the standard architecture. The encoder product is dense, everything after it
 * touches active latents only (design D8). Rows are worked off in blocks of fixed size, in order, so that sums do not
 * depend on anything but the numbers. Agrees with the twin, src/core/train.
 */
import { architectureOf, scaleSparsity, type TrainableConfig } from '../../core/train/architectures/index.ts';
import { createCounters, take, type Losses, type ParameterName, type Parameters } from '../../core/train/types.ts';
import type { StepReport, StepSettings, StepTrainer, TrainerState } from '../trainer.ts';
import { Arena } from './arena.ts';
import { instantiate, type Kernels, type WasmBuild } from './kernels.ts';

/** The exports of assembly/train.ts; addresses are bytes. */
interface TrainKernels extends Pick<Kernels, 'encodeGroups'> {
  rowNorms(matrix: number, rows: number, width: number, least: number, out: number): void;
  packTiles(x: number, rows: number, width: number, out: number): void;
  packGroups(matrix: number, groups: number, width: number, norms: number, out: number): void;
  scatter(entries: number, count: number, decoder: number, width: number, norms: number, error: number): void;
  sumSquares(values: number, count: number): number;
  addRows(matrix: number, rows: number, width: number, factors: number, scale: number, out: number): void;
  gradients(
    entries: number,
    count: number,
    decoder: number,
    width: number,
    norms: number,
    error: number,
    x: number,
    errorScale: number,
    penalty: number,
    gDecoder: number,
    gEncoder: number,
    gBias: number,
    fired: number,
    sums: number,
  ): void;
  throughNorms(matrix: number, g: number, rows: number, width: number, norms: number, least: number): void;
  adam(
    p: number,
    g: number,
    m: number,
    v: number,
    count: number,
    stepSize: number,
    root: number,
    beta1: number,
    beta2: number,
    eps: number,
    scale: number,
  ): void;
}

const GROUP = 8;
const TILE = 4;
/** Rows worked off together: their errors and entries stay near the cache. */
const BLOCK_ROWS = 256;
const ENTRY_BYTES = 12;
const RULE_FLOATS = 4 * GROUP;
const SMALLEST_NORM = 1e-8;
/** Above any pre-activation: padding rows and latents stay silent. */
const HUGE = 3e38;

type Places = Record<
  'packed' | 'norms' | 'ones' | 'rules' | 'bounds' | 'penalty' | 'x' | 'error' | 'tiles' | 'entries' | 'scratch' | 'fired' | 'sums',
  number
>;

interface Tensor {
  rows: number;
  /** Address, and those of gradient and of Adam's means. */
  p: number;
  g: number;
  m: number;
  v: number;
  /** Numbers, padding included. */
  count: number;
}

/**
 * A trainer on WASM with SIMD.
 * @param module built from assembly/train.ts as `build` says
 * @param parameters copied; in core's layout, a row per latent
 * @param maxRows of a batch
 * @throws RangeError when there is no memory
 */
export function createWasmTrainer(
  module: WebAssembly.Module,
  build: WasmBuild,
  settings: TrainableConfig,
  parameters: Parameters,
  maxRows: number,
): Promise<WasmTrainer> {
  return Promise.resolve(new WasmTrainer(module, build, settings, parameters, maxRows));
}

export class WasmTrainer implements StepTrainer {
  readonly kernels;
  readonly config: TrainableConfig;
  readonly #arena: Arena;
  readonly #kernels: TrainKernels;
  /** Row length and number of latents, padded to what the kernels take. */
  readonly #width: number;
  readonly #latents: number;
  readonly #maxRows: number;
  readonly #tensors = new Map<ParameterName, Tensor>();
  readonly #at: Places;
  /** The settings of the step that runs: the sparsity term may be warming up. */
  #settings: TrainableConfig;
  #steps = 0;
  #counters;
  /** Times each latent was active since the count began. */
  #fired: Uint32Array;
  #last: StepReport | undefined;

  constructor(module: WebAssembly.Module, build: WasmBuild, config: TrainableConfig, parameters: Parameters, maxRows: number) {
    if (config.architecture === 'topk') throw new Error('TopK is not trained on WASM yet.');
    this.kernels = `wasm-${build}` as const;
    this.config = config;
    this.#settings = config;
    this.#counters = createCounters(config);
    this.#fired = new Uint32Array(config.d_sae);
    this.#width = roundUp(config.d_in, TILE);
    this.#latents = roundUp(config.d_sae, GROUP);
    this.#maxRows = roundUp(maxRows, TILE);
    const block = Math.min(BLOCK_ROWS, this.#maxRows);
    const n = this.#latents;
    const d = this.#width;
    const sizes = {
      packed: n * d,
      norms: n,
      ones: n,
      rules: n * 4,
      bounds: block,
      penalty: n,
      x: this.#maxRows * d,
      error: block * d,
      tiles: block * d,
      entries: (block * n * ENTRY_BYTES) / 4,
      scratch: GROUP,
      fired: n,
      sums: n,
    };
    const names = Object.keys(parameters) as ParameterName[];
    const lengths = names.map((name) => (name === 'b_dec' ? d : name === 'b_enc' ? n : n * d));
    const floats = Object.values(sizes).reduce((a, b) => a + b, 0) + 4 * lengths.reduce((a, b) => a + b, 0);
    this.#arena = new Arena(4 * floats + 16 * (Object.keys(sizes).length + 4 * names.length));
    this.#kernels = instantiate<TrainKernels>(module, this.#arena);
    this.#at = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, this.#arena.reserve(4 * size)])) as Places;
    names.forEach((name, i) => {
      const [p, g, m, v] = [0, 0, 0, 0].map(() => this.#arena.reserve(4 * lengths[i]));
      this.#tensors.set(name, { rows: name === 'b_dec' || name === 'b_enc' ? 1 : n, p, g, m, v, count: lengths[i] });
      this.#write(name, take(parameters, name));
    });
    this.#prepareConstants(block);
  }

  get bytes(): number {
    return this.#arena.bytes + this.#fired.byteLength + this.#counters.silent.byteLength;
  }

  /** Copies of the parameters, in core's layout. */
  parameters(): Parameters {
    return Object.fromEntries([...this.#tensors.keys()].map((name) => [name, this.#read(name, 'p')]));
  }

  /** Raw gradients of the last step. */
  gradients(): Parameters {
    return Object.fromEntries([...this.#tensors.keys()].map((name) => [name, this.#read(name, 'g')]));
  }

  step(x: Float32Array, settings: StepSettings): void {
    const rows = x.length / this.config.d_in;
    this.#settings = scaleSparsity(this.config, settings.sparsity);
    this.#loadRows(x, rows);
    this.#clear();
    this.#packEncoder(rows);
    const sums = { squared: 0, active: 0 };
    for (let first = 0; first < rows; first += BLOCK_ROWS) this.#runBlock(first, Math.min(BLOCK_ROWS, rows - first), rows, sums);
    const losses = this.#finish(rows, sums);
    const gradientNorm = Math.sqrt([...this.#tensors.values()].reduce((sum, { g, count }) => sum + this.#kernels.sumSquares(g, count), 0));
    const clip = settings.clip ?? architectureOf(this.config).clip;
    this.#adam(settings, clip !== undefined && gradientNorm > clip ? clip / (gradientNorm + 1e-6) : 1);
    this.#count(rows);
    this.#last = { ...losses, gradientNorm };
  }

  report(): Promise<StepReport> {
    return this.#last ? Promise.resolve(this.#last) : Promise.reject(new Error('No step was made yet.'));
  }

  snapshot(): Promise<TrainerState> {
    const read = (which: 'p' | 'm' | 'v') => Object.fromEntries([...this.#tensors.keys()].map((name) => [name, this.#read(name, which)]));
    return Promise.resolve({
      parameters: read('p'),
      adam: { m: read('m'), v: read('v'), steps: this.#steps },
      counters: { ...this.#counters, silent: this.#counters.silent.slice() },
      fired: this.#fired.slice(),
    });
  }

  restore({ parameters, adam, counters, fired }: TrainerState): Promise<void> {
    for (const name of this.#tensors.keys()) {
      this.#write(name, take(parameters, name));
      this.#write(name, take(adam.m, name), 'm');
      this.#write(name, take(adam.v, name), 'v');
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

  release(): void {}

  /** Firing and silence after a batch. */
  #count(rows: number): void {
    const fired = this.#arena.words(this.#at.fired, this.config.d_sae);
    const { silent } = this.#counters;
    for (let j = 0; j < fired.length; j++) {
      this.#fired[j] += fired[j];
      silent[j] = fired[j] > 0 ? 0 : silent[j] + rows;
    }
    this.#counters.step++;
  }

  #prepareConstants(block: number): void {
    const { at, floats } = { at: this.#at, floats: (address: number, length: number) => this.#arena.floats(address, length) };
    floats(at.ones, this.#latents).fill(1);
    floats(at.bounds, block).fill(0);
    const rules = floats(at.rules, this.#latents * 4);
    for (let j = 0; j < this.#latents; j++) {
      const base = Math.floor(j / GROUP) * RULE_FLOATS + (j % GROUP);
      rules[base] = 1;
      rules[base + 2 * GROUP] = j < this.config.d_sae ? 0 : HUGE;
      rules[base + 3 * GROUP] = HUGE;
    }
  }

  /** Rows into memory; for the standard form less b_dec, as its encoder sees them. */
  #loadRows(x: Float32Array, rows: number): void {
    const { d_in } = this.config;
    const target = this.#arena.floats(this.#at.x, this.#maxRows * this.#width);
    const origin = this.#tensors.get('b_dec');
    const b = origin && this.#arena.floats(origin.p, this.#width);
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < d_in; i++) target[r * this.#width + i] = x[r * d_in + i] - (b ? b[i] : 0);
    }
    target.fill(0, rows * this.#width, roundUp(rows, TILE) * this.#width);
  }

  #clear(): void {
    for (const { g, count } of this.#tensors.values()) this.#arena.floats(g, count).fill(0);
    this.#arena.floats(this.#at.fired, this.#latents).fill(0);
    this.#arena.floats(this.#at.sums, this.#latents).fill(0);
  }

  /** Norms, packed encoder, biases and penalties of this step. */
  #packEncoder(rows: number): void {
    const config = this.#settings;
    const at = this.#at;
    const groups = this.#latents / GROUP;
    const decoder = this.#tensor('W_dec').p;
    const isTied = config.architecture === 'tied';
    this.#kernels.rowNorms(decoder, this.#latents, this.#width, isTied ? SMALLEST_NORM : 0, at.norms);
    const encoder = isTied ? decoder : this.#tensor('W_enc').p;
    this.#kernels.packGroups(encoder, groups, this.#width, isTied ? at.norms : at.ones, at.packed);
    const bias = this.#arena.floats(this.#tensor('b_enc').p, this.#latents);
    const rules = this.#arena.floats(at.rules, this.#latents * 4);
    const penalty = this.#arena.floats(at.penalty, this.#latents);
    const norms = this.#arena.floats(at.norms, this.#latents);
    for (let j = 0; j < this.#latents; j++) {
      rules[Math.floor(j / GROUP) * RULE_FLOATS + GROUP + (j % GROUP)] = bias[j];
      penalty[j] =
        config.architecture === 'tied'
          ? config.alpha / rows
          : config.architecture === 'standard'
            ? (config.l1_coefficient / rows) * norms[j]
            : 0;
    }
  }

  #runBlock(first: number, count: number, rows: number, sums: { squared: number; active: number }): void {
    const at = this.#at;
    const kernels = this.#kernels;
    const width = this.#width;
    const padded = roundUp(count, TILE);
    const x = at.x + 4 * first * width;
    kernels.packTiles(x, padded, width, at.tiles);
    this.#arena.floats(at.bounds, padded).fill(0, 0, count).fill(HUGE, count);
    const entries = kernels.encodeGroups(
      at.tiles,
      padded / TILE,
      width,
      at.packed,
      at.rules,
      this.#latents / GROUP,
      at.bounds,
      0,
      at.entries,
      at.scratch,
    );
    const error = this.#arena.floats(at.error, count * width);
    const input = this.#arena.floats(x, count * width);
    for (let i = 0; i < error.length; i++) error[i] = -input[i];
    const norms = this.#divisors();
    const decoder = this.#tensor('W_dec');
    kernels.scatter(at.entries, entries, decoder.p, width, norms, at.error);
    sums.squared += kernels.sumSquares(at.error, count * width);
    sums.active += entries;
    const errorScale = 2 * this.#perError(rows);
    const output = this.#tensors.get('b_dec');
    if (output) kernels.addRows(at.error, count, width, 0, errorScale, output.g);
    const gEncoder = (this.#tensors.get('W_enc') ?? decoder).g;
    kernels.gradients(
      at.entries,
      entries,
      decoder.p,
      width,
      norms,
      at.error,
      x,
      errorScale,
      at.penalty,
      decoder.g,
      gEncoder,
      this.#tensor('b_enc').g,
      at.fired,
      at.sums,
    );
  }

  /** What decoder rows are divided by. */
  #divisors(): number {
    return this.config.architecture === 'tied' ? this.#at.norms : this.#at.ones;
  }

  /** Weight of one squared error in the loss. */
  #perError(rows: number): number {
    return this.config.architecture === 'tied' && this.config.reduction !== 'sum' ? 1 / (rows * this.config.d_in) : 1 / rows;
  }

  /** What gradients need once all rows are through, and the losses. */
  #finish(rows: number, { squared, active }: { squared: number; active: number }): Losses {
    const at = this.#at;
    const kernels = this.#kernels;
    const decoder = this.#tensor('W_dec');
    const sums = this.#arena.floats(at.sums, this.#latents);
    const penalty = this.#arena.floats(at.penalty, this.#latents);
    let sparsity = 0;
    for (let j = 0; j < this.#latents; j++) sparsity += sums[j] * penalty[j];
    if (this.config.architecture === 'tied') {
      kernels.throughNorms(decoder.p, decoder.g, this.#latents, this.#width, at.norms, SMALLEST_NORM);
    } else this.#finishStandard(rows, sums);
    const reconstruction = squared * this.#perError(rows);
    return { loss: reconstruction + sparsity, reconstruction, sparsity, auxiliary: 0, l0: active / rows };
  }

  /** The L1 term's pull on decoder rows, and what b_dec gets through the encoder. */
  #finishStandard(rows: number, sums: Float32Array): void {
    if (this.config.architecture !== 'standard') return;
    const { l1_coefficient } = this.#settings as typeof this.config;
    const decoder = this.#tensor('W_dec');
    const norms = this.#arena.floats(this.#at.norms, this.#latents);
    for (let j = 0; j < this.#latents; j++) {
      if (sums[j] === 0 || norms[j] === 0) continue;
      const factor = (l1_coefficient * sums[j]) / rows / norms[j];
      const place = 4 * j * this.#width;
      this.#kernels.addRows(decoder.p + place, 1, this.#width, 0, factor, decoder.g + place);
    }
    this.#kernels.addRows(this.#tensor('W_enc').p, this.#latents, this.#width, this.#tensor('b_enc').g, -1, this.#tensor('b_dec').g);
  }

  /** @param scale of the gradients */
  #adam({ lr, beta1, beta2, eps }: StepSettings, scale: number): void {
    this.#steps++;
    const stepSize = lr / (1 - beta1 ** this.#steps);
    const root = Math.sqrt(1 - beta2 ** this.#steps);
    for (const { p, g, m, v, count } of this.#tensors.values()) {
      this.#kernels.adam(p, g, m, v, count, stepSize, root, beta1, beta2, eps, scale);
    }
  }

  #tensor(name: ParameterName): Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`There is no ${name}.`);
    return tensor;
  }

  /** Numbers of a row in memory and in core's layout. */
  #layout(name: ParameterName): { rows: number; own: number; theirs: number } {
    if (name === 'b_enc') return { rows: 1, own: this.#latents, theirs: this.config.d_sae };
    return { rows: name === 'b_dec' ? 1 : this.config.d_sae, own: this.#width, theirs: this.config.d_in };
  }

  #write(name: ParameterName, values: ArrayLike<number>, which: 'p' | 'm' | 'v' = 'p'): void {
    const { rows, own, theirs } = this.#layout(name);
    const tensor = this.#tensor(name);
    const target = this.#arena.floats(tensor[which], tensor.count);
    for (let r = 0; r < rows; r++) for (let i = 0; i < theirs; i++) target[r * own + i] = values[r * theirs + i];
  }

  #read(name: ParameterName, which: 'p' | 'g' | 'm' | 'v'): Float32Array {
    const { rows, own, theirs } = this.#layout(name);
    const tensor = this.#tensor(name);
    const source = this.#arena.floats(tensor[which], tensor.count);
    const values = new Float32Array(rows * theirs);
    for (let r = 0; r < rows; r++) values.set(source.subarray(r * own, r * own + theirs), r * theirs);
    return values;
  }
}

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
