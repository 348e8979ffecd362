/** Dictionaries on the worker's GPU device, between ONNX Runtime's calls. */
import { ENTRY_WORDS, LatentsCollector, lowestOf } from '../../core/sae/collect.ts';
import { createDecodeFrame, type DecodeOptions } from '../../core/sae/decode.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { getPlan } from '../../core/sae/plan.ts';
import { countRows, createPerRow, prepareRow } from '../../core/sae/rows.ts';
import { chooseRows, type SaeEngine } from '../engine.ts';
import { bind, checked, createPipelines, download, USAGE, Workspace } from './buffers.ts';
import { DeviceDictionary } from './panels.ts';
import { DECODE, ENCODE, HEADER_WORDS, TILE } from './shaders.ts';

/** Runs work on the device while nothing else does (Runtime.onDevice). */
export type DeviceTurn = <T>(label: string, work: (device: GPUDevice) => Promise<T>) => Promise<T>;

/** Bytes of all matrices kept on the device; a dictionary above it is uploaded panel by panel at every call. */
const KEPT_BYTES = 384 * 2 ** 20;
const KEPT_DICTIONARIES = 8;
/** The stated block: entries that rows × latents of one dispatch may give (12 MB). */
const BLOCK_ENTRIES = 2 ** 20;
/** Values of a decoded block (4 MB). */
const BLOCK_VALUES = 2 ** 20;
/** Workgroups of one dispatch, one a row. */
const BLOCK_ROWS = 2 ** 15;
/** Entries fetched with their count; the rest, if any, takes a second trip. */
const FIRST_GUESS = 2 ** 13;
const LABEL = 'the features';

export class WebgpuEngine implements SaeEngine {
  readonly kernels = 'webgpu';
  readonly #turn: DeviceTurn;
  readonly #workspace = new Workspace();
  readonly #pipeline = createPipelines();
  /** Least recently used first. */
  readonly #kept = new Map<Dictionary, DeviceDictionary>();
  #guess = FIRST_GUESS;

  constructor(turn: DeviceTurn) {
    this.#turn = turn;
  }

  /** All rows of a block times all latents of a panel fit in the entries. */
  rowsAtOnce(dictionary: Dictionary): number {
    const [{ latents }] = this.#list(dictionary).panels;
    const fit = Math.floor(BLOCK_ENTRIES / latents / TILE) * TILE;
    return Math.max(1, Math.min(fit, chooseRows(dictionary, TILE, BLOCK_ENTRIES)));
  }

  async encode(dictionary: Dictionary, x: Float32Array): Promise<Latents> {
    const { config } = dictionary;
    const plan = getPlan(dictionary);
    const n = countRows(dictionary, x);
    const perRow = createPerRow(config, n);
    const prepared = new Float32Array(n * config.d_in);
    const row = new Float64Array(config.d_in);
    // Before the device's turn, so that a refusal keeps its sentence.
    for (let r = 0; r < n; r++) {
      prepareRow(config, plan, x, r, row, perRow);
      prepared.set(row, r * config.d_in);
    }
    const collector = new LatentsCollector(plan, n);
    const rowsAtOnce = this.rowsAtOnce(dictionary);
    for (let first = 0; first < n; first += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, n - first);
      const block = prepared.subarray(first * config.d_in, (first + rows) * config.d_in);
      await this.#turn(LABEL, (device) => checked(device, () => this.#encodeBlock(device, dictionary, block, rows, collector)));
      collector.endBlock(rows);
    }
    return collector.finish(config.d_sae, perRow);
  }

  async #encodeBlock(
    device: GPUDevice,
    dictionary: Dictionary,
    block: Float32Array<ArrayBuffer>,
    rows: number,
    collector: LatentsCollector,
  ): Promise<void> {
    const { d_in } = dictionary.config;
    const matrix = this.#use(dictionary);
    const input = this.#workspace.upload(device, 'rows', block);
    let bounds = this.#workspace.upload(device, 'bounds', new Float32Array(rows).fill(lowestOf(getPlan(dictionary))));
    const room = 4 * (HEADER_WORDS + ENTRY_WORDS * rows * Math.min(matrix.panels[0].latents, dictionary.config.d_sae));
    const found = this.#workspace.get(device, 'found', room, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
    const pipeline = this.#pipeline(device, ENCODE);
    for (const [p, { first, latents }] of matrix.panels.entries()) {
      const sizes = this.#workspace.upload(device, 'sizes', Uint32Array.of(d_in, rows, latents, first), true);
      const entries = await matrix.withEncoder(device, p, async (weights) => {
        const commands = device.createCommandEncoder();
        commands.clearBuffer(found, 0, 4 * HEADER_WORDS);
        const pass = commands.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bind(device, pipeline, [sizes, input, weights, matrix.rules(device), bounds, found]));
        pass.dispatchWorkgroups(Math.ceil(latents / TILE), Math.ceil(rows / TILE));
        pass.end();
        return this.#fetchEntries(device, commands, found, rows * latents);
      });
      if (collector.take(entries)) {
        bounds = this.#workspace.upload(
          device,
          'bounds',
          Float32Array.from({ length: rows }, (_, r) => collector.bound(r)),
        );
      }
    }
  }

  /** Submits the commands and brings down what they found: usually in one trip. */
  async #fetchEntries(device: GPUDevice, commands: GPUCommandEncoder, found: GPUBuffer, most: number): Promise<Uint32Array> {
    const guess = Math.min(this.#guess, most);
    const words = HEADER_WORDS + guess * ENTRY_WORDS;
    const staging = this.#staging(device, 4 * words);
    commands.copyBufferToBuffer(found, 0, staging, 0, 4 * words);
    device.queue.submit([commands.finish()]);
    const head = new Uint32Array(await download(staging, 4 * words));
    const count = head[0];
    this.#guess = Math.max(FIRST_GUESS, Math.ceil(1.25 * count));
    if (count <= guess) return head.subarray(HEADER_WORDS, HEADER_WORDS + count * ENTRY_WORDS);
    const bytes = 4 * count * ENTRY_WORDS;
    const more = this.#staging(device, bytes);
    const again = device.createCommandEncoder();
    again.copyBufferToBuffer(found, 4 * HEADER_WORDS, more, 0, bytes);
    device.queue.submit([again.finish()]);
    return new Uint32Array(await download(more, bytes));
  }

  async decode(dictionary: Dictionary, latents: Latents, o: DecodeOptions = {}): Promise<Float32Array<ArrayBuffer>> {
    const { d_out } = dictionary.config;
    const frame = createDecodeFrame(dictionary, latents, o);
    const decoded = new Float32Array(frame.n * d_out);
    const sum = new Float64Array(d_out);
    for (let first = 0; first < frame.n;) {
      const rows = countBlock(latents, first, frame.n, d_out);
      const block = await this.#turn(LABEL, (device) => checked(device, () => this.#decodeBlock(device, dictionary, latents, first, rows)));
      for (let r = 0; r < rows; r++) {
        sum.set(block.subarray(r * d_out, (r + 1) * d_out));
        frame.finishRow(first + r, sum, decoded);
      }
      first += rows;
    }
    return decoded;
  }

  async #decodeBlock(device: GPUDevice, dictionary: Dictionary, latents: Latents, first: number, rows: number): Promise<Float32Array> {
    const { d_out } = dictionary.config;
    const { decoderGain } = getPlan(dictionary);
    const from = latents.rows[first];
    const active = latents.latents.slice(from, latents.rows[first + rows]);
    const values = Float32Array.from(active, (latent, e) => latents.values[from + e] * (decoderGain ? decoderGain[latent] : 1));
    const ends = Uint32Array.from({ length: rows + 1 }, (_, r) => latents.rows[first + r] - from);
    const bytes = 4 * rows * d_out;
    const matrix = this.#use(dictionary);
    const work = this.#workspace;
    const inputs = [work.upload(device, 'ends', ends), work.upload(device, 'active', active), work.upload(device, 'values', values)];
    const out = work.get(device, 'decoded', bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
    const pipeline = this.#pipeline(device, DECODE);
    for (const [p, panel] of matrix.panels.entries()) {
      const sizes = work.upload(device, 'decode sizes', Uint32Array.of(d_out, panel.first, panel.latents, 0), true);
      await matrix.withDecoder(device, p, async (directions) => {
        const commands = device.createCommandEncoder();
        if (p === 0) commands.clearBuffer(out, 0, bytes);
        const pass = commands.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bind(device, pipeline, [sizes, ...inputs, directions, out]));
        pass.dispatchWorkgroups(rows);
        pass.end();
        device.queue.submit([commands.finish()]);
      });
    }
    const staging = this.#staging(device, bytes);
    const commands = device.createCommandEncoder();
    commands.copyBufferToBuffer(out, 0, staging, 0, bytes);
    device.queue.submit([commands.finish()]);
    return new Float32Array(await download(staging, bytes));
  }

  /** In a turn of its own: a buffer in use must not be destroyed. */
  forget(dictionary: Dictionary): void {
    const matrix = this.#kept.get(dictionary);
    this.#kept.delete(dictionary);
    if (matrix) this.#turn(LABEL, () => Promise.resolve(matrix.destroy())).catch(() => {});
  }

  keptBytes(): number {
    return [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes, this.#workspace.bytes());
  }

  #staging(device: GPUDevice, bytes: number): GPUBuffer {
    return this.#workspace.get(device, 'staging', bytes, USAGE.MAP_READ | USAGE.COPY_DST);
  }

  #list(dictionary: Dictionary): DeviceDictionary {
    return this.#kept.get(dictionary) ?? new DeviceDictionary(dictionary, false);
  }

  /** The matrix of a dictionary, within the device's turn; those not used for longest make room. */
  #use(dictionary: Dictionary): DeviceDictionary {
    const known = this.#kept.get(dictionary);
    this.#kept.delete(dictionary);
    const { d_in, d_out, d_sae } = dictionary.config;
    const bytes = 4 * d_sae * (d_in + d_out + 4);
    const matrix = known ?? new DeviceDictionary(dictionary, bytes <= KEPT_BYTES);
    let total = bytes + [...this.#kept.values()].reduce((sum, other) => sum + other.bytes, 0);
    for (const [other, old] of this.#kept) {
      if (total <= KEPT_BYTES && this.#kept.size < KEPT_DICTIONARIES) break;
      this.#kept.delete(other);
      total -= old.bytes;
      old.destroy();
    }
    this.#kept.set(dictionary, matrix);
    return matrix;
  }
}

/** Rows from `first` whose entries and values fit a block; at least one. */
function countBlock({ rows }: Latents, first: number, n: number, d_out: number): number {
  const most = Math.min(n, first + Math.min(BLOCK_ROWS, Math.max(1, Math.floor(BLOCK_VALUES / d_out))));
  let end = first + 1;
  while (end < most && rows[end + 1] - rows[first] <= BLOCK_ENTRIES) end++;
  return end - first;
}
