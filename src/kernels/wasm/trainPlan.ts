/** Memory of a trainer: sizes, and the addresses that assembly/plan.ts reads. */
import { architectureOf, type TrainableConfig } from '../../core/train/architectures/index.ts';
import type { ParameterName } from '../../core/train/types.ts';
import { Arena } from './arena.ts';
import { topkSettings, wasmFormOf } from './trainForms.ts';

/** Latents whose activations are computed side by side; rows, too. */
export const GROUP = 8;
const TILE = 4;
/** Rows and latents of one task: the same whatever the number of threads, so sums are too. */
export const BLOCK_ROWS = 256;
export const CHUNK = 64;
const ENTRY_BYTES = 12;
const RULE_BYTES = 128;
/** Sums of a block: squared error, entries (i32), Σ least values, rows that have one (i32), spread, squared rest. */
const BLOCK_SUMS = 64;
const CHUNK_SUMS = 16;
const LANE_BYTES = 160;

/** Fields of assembly/plan.ts, in its order: f64 first. */
const NUMBERS = ['least', 'errorScale', 'penaltyScale', 'auxiliaryScale', 'stepSize', 'root', 'beta1', 'beta2', 'eps', 'clip'] as const;
const WORDS = ['architecture', 'width', 'groups', 'latents', 'rows', 'k', 'auxiliaryK', 'deadCount', 'tasks', 'next', 'slots'] as const;
const PLACES = [
  'x',
  'error',
  'rest',
  'packed',
  'rules',
  'norms',
  'sums',
  'fired',
  'dead',
  'deadBefore',
  'entries',
  'ends',
  'deadEnds',
  'blockSums',
  'chunkSums',
  'columns',
  'mean',
  'pull',
  'lanes',
  'scratch',
] as const;
const TENSORS: readonly ParameterName[] = ['W_dec', 'b_enc', 'W_enc', 'b_dec'];
const PARTS = ['p', 'g', 'm', 'v'] as const;
const PLAN_BYTES = 8 * NUMBERS.length + 4 * (WORDS.length + PLACES.length + 1 + PARTS.length * TENSORS.length);

type NumberField = (typeof NUMBERS)[number];
type WordField = (typeof WORDS)[number];
type Place = (typeof PLACES)[number];
/** Parameters, gradients, and Adam's means. */
export type Part = (typeof PARTS)[number];

/** What one block of rows came to. */
interface BlockSums {
  squared: number;
  entries: number;
  least: number;
  counted: number;
  spread: number;
  rest: number;
}

export class TrainPlan {
  readonly arena: Arena;
  /** Of the plan itself. */
  readonly address: number;
  readonly names: readonly ParameterName[];
  readonly width: number;
  /** Padded to whole groups. */
  readonly latents: number;
  readonly at: Readonly<Record<Place, number>>;
  readonly #config: TrainableConfig;
  readonly #tensors = new Map<ParameterName, Record<Part, number>>();
  readonly #view: DataView;

  /**
   * @param maxRows of a batch
   * @param threads that work at the same time
   * @param shared whether other threads see the memory
   * @throws RangeError when there is no memory
   */
  constructor(config: TrainableConfig, maxRows: number, threads: number, shared: boolean) {
    this.#config = config;
    this.names = architectureOf(config).parameters;
    this.width = roundUp(config.d_in, TILE);
    this.latents = roundUp(config.d_sae, GROUP);
    const slots = Math.min(threads, Math.ceil(maxRows / BLOCK_ROWS));
    const scratchBytes = roundUp(this.#scratchBytes(maxRows), 16);
    const sizes = { ...this.#sizes(roundUp(maxRows, TILE)), lanes: threads * LANE_BYTES, scratch: slots * scratchBytes };
    const tensorBytes = (name: ParameterName) => 4 * this.count(name);
    const reserved = [PLAN_BYTES, ...Object.values(sizes), ...this.names.flatMap((name) => PARTS.map(() => tensorBytes(name)))];
    this.arena = new Arena(
      reserved.reduce((sum, bytes) => sum + roundUp(bytes, 16), 0),
      shared,
    );
    this.address = this.arena.reserve(PLAN_BYTES);
    this.#view = new DataView(this.arena.memory.buffer, this.address, PLAN_BYTES);
    this.at = Object.fromEntries(PLACES.map((name) => [name, this.arena.reserve(sizes[name])])) as Record<Place, number>;
    for (const name of this.names) {
      const places = PARTS.map((part) => [part, this.arena.reserve(tensorBytes(name))]);
      this.#tensors.set(name, Object.fromEntries(places) as Record<Part, number>);
    }
    this.#writeConstants(scratchBytes, slots);
  }

  get chunks(): number {
    return Math.ceil(this.latents / CHUNK);
  }

  /** Numbers of a tensor, padding included. */
  count(name: ParameterName): number {
    return name === 'b_dec' ? this.width : name === 'b_enc' ? this.latents : this.latents * this.width;
  }

  /** A tensor in memory, padding included. */
  tensor(name: ParameterName, part: Part): Float32Array<ArrayBuffer> {
    const places = this.#tensors.get(name);
    if (!places) throw new Error(`There is no ${name}.`);
    return this.arena.floats(places[part], this.count(name));
  }

  /** A copy, in core's layout. */
  read(name: ParameterName, part: Part): Float32Array<ArrayBuffer> {
    const { rows, own, theirs } = this.#layout(name);
    const source = this.tensor(name, part);
    if (own === theirs) return source.slice(0, rows * own);
    const values = new Float32Array(rows * theirs);
    for (let r = 0; r < rows; r++) values.set(source.subarray(r * own, r * own + theirs), r * theirs);
    return values;
  }

  write(name: ParameterName, part: Part, values: ArrayLike<number>): void {
    const { rows, own, theirs } = this.#layout(name);
    const target = this.tensor(name, part);
    for (let r = 0; r < rows; r++) for (let i = 0; i < theirs; i++) target[r * own + i] = values[r * theirs + i];
  }

  /** Rows of a batch into memory. */
  writeRows(x: Float32Array): void {
    const { d_in } = this.#config;
    const rows = x.length / d_in;
    const target = this.arena.floats(this.at.x, rows * this.width);
    if (this.width === d_in) target.set(x);
    else for (let r = 0; r < rows; r++) target.set(x.subarray(r * d_in, (r + 1) * d_in), r * this.width);
  }

  setNumber(field: NumberField, value: number): void {
    this.#view.setFloat64(8 * NUMBERS.indexOf(field), value, true);
  }

  setWord(field: WordField, value: number): void {
    this.#view.setInt32(8 * NUMBERS.length + 4 * WORDS.indexOf(field), value, true);
  }

  blockSums(block: number): BlockSums {
    const place = this.at.blockSums + block * BLOCK_SUMS;
    const numbers = this.arena.doubles(place, BLOCK_SUMS / 8);
    const words = this.arena.words(place, BLOCK_SUMS / 4);
    return { squared: numbers[0], entries: words[2], least: numbers[2], counted: words[6], spread: numbers[4], rest: numbers[5] };
  }

  /** Over the blocks of a batch. */
  sumBlocks(rows: number, field: keyof BlockSums): number {
    let sum = 0;
    for (let block = 0; block < Math.ceil(rows / BLOCK_ROWS); block++) sum += this.blockSums(block)[field];
    return sum;
  }

  /** Σ over rows of the error. [width] */
  sumColumns(rows: number): Float64Array {
    const { arena, at, width } = this;
    const sum = new Float64Array(width);
    for (let block = 0; block < Math.ceil(rows / BLOCK_ROWS); block++) {
      const columns = arena.doubles(at.columns + 8 * block * width, width);
      for (let i = 0; i < width; i++) sum[i] += columns[i];
    }
    return sum;
  }

  /** Σ over rows of what the sparsity term weighs: values, with `weighsNorms` times the decoder row's norm. */
  sumActivations(weighsNorms: boolean): number {
    const { d_sae } = this.#config;
    const sums = this.arena.floats(this.at.sums, d_sae);
    const norms = this.arena.floats(this.at.norms, d_sae);
    let sum = 0;
    for (let j = 0; j < d_sae; j++) sum += weighsNorms ? sums[j] * norms[j] : sums[j];
    return sum;
  }

  /** Σ of squares of the gradients of a chunk of latents. */
  chunkSquares(chunk: number): number {
    return this.arena.doubles(this.at.chunkSums + chunk * CHUNK_SUMS, 1)[0];
  }

  #sizes(maxRows: number): Record<Exclude<Place, 'lanes' | 'scratch'>, number> {
    const { isTied, isTopk } = wasmFormOf(this.#config);
    const { width, latents, chunks } = this;
    const blocks = Math.ceil(maxRows / BLOCK_ROWS);
    const groups = latents / GROUP;
    return {
      x: 4 * maxRows * width,
      error: 4 * maxRows * width,
      rest: isTopk ? 4 * maxRows * width : 0,
      packed: 4 * latents * width,
      rules: groups * RULE_BYTES,
      norms: 4 * latents,
      sums: 4 * latents,
      fired: 4 * latents,
      dead: isTopk ? 4 * latents : 0,
      deadBefore: isTopk ? 4 * (chunks + 1) : 0,
      entries: maxRows * latents * ENTRY_BYTES,
      ends: 4 * blocks * groups,
      deadEnds: isTopk ? 4 * blocks * groups : 0,
      blockSums: blocks * BLOCK_SUMS,
      chunkSums: chunks * CHUNK_SUMS,
      columns: isTied ? 0 : 8 * blocks * width,
      mean: isTopk ? 8 * width : 0,
      pull: isTied ? 0 : 4 * chunks * width,
    };
  }

  /** What a block needs: a group's lanes; of its rows bounds, heap sizes and what waits to be added; tiles; heaps. */
  #scratchBytes(maxRows: number): number {
    const topk = topkSettings(this.#config);
    const rows = Math.min(BLOCK_ROWS, roundUp(maxRows, TILE));
    const most = topk ? Math.min(topk.d_sae, Math.max(topk.k, topk.aux_k_max)) : 0;
    return 32 + (2 * 4 + 32) * BLOCK_ROWS + 4 * BLOCK_ROWS * this.width + 4 * rows * most;
  }

  #writeConstants(scratchBytes: number, slots: number): void {
    const { d_sae } = this.#config;
    this.setWord('architecture', wasmFormOf(this.#config).code);
    this.setWord('width', this.width);
    this.setWord('groups', this.latents / GROUP);
    this.setWord('latents', d_sae);
    this.setWord('slots', slots);
    const addresses = [
      ...PLACES.map((name) => this.at[name]),
      scratchBytes,
      ...TENSORS.flatMap((name) => PARTS.map((part) => this.#tensors.get(name)?.[part] ?? 0)),
    ];
    const start = 8 * NUMBERS.length + 4 * WORDS.length;
    addresses.forEach((address, i) => this.#view.setUint32(start + 4 * i, address, true));
  }

  /** Numbers of a row in memory and in core's layout. */
  #layout(name: ParameterName): { rows: number; own: number; theirs: number } {
    const { d_in, d_sae } = this.#config;
    if (name === 'b_enc') return { rows: 1, own: this.latents, theirs: d_sae };
    return { rows: name === 'b_dec' ? 1 : d_sae, own: this.width, theirs: d_in };
  }
}

/** @throws Error when the module was built from another plan: a mistake in the code */
export function checkPlan(planBytes: number): void {
  if (planBytes !== PLAN_BYTES) throw new Error(`The plan of the kernels has ${planBytes} bytes, ours ${PLAN_BYTES}.`);
}

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
