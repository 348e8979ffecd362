/** One dictionary's encoder in a WASM memory of its own: packed weights, rules and working memory. */
import { LatentsCollector, ENTRY_WORDS, lowestOf } from '../../core/sae/collect.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { getPlan, type Plan } from '../../core/sae/plan.ts';
import { countRows, createPerRow, prepareRow, type PerRow } from '../../core/sae/rows.ts';
import { HUGE, packWeights, ruleOf } from '../pack.ts';
import { Arena } from './arena.ts';
import { instantiate, type Kernels } from './kernels.ts';

const TILE_ROWS = 4;
const GROUP_LATENTS = 8;
const GROUP_BYTES = 4 * GROUP_LATENTS;
const RULE_BYTES = 4 * GROUP_BYTES;
const ENTRY_BYTES = 4 * ENTRY_WORDS;
/** Entries one kernel call may write: rows × latents of a call never exceed it (1.5 MB). */
const CALL_ENTRIES = 2 ** 17;
/** Weights packed at a time where a dictionary is too large to be kept. */
const PANEL_BYTES = 4 * 2 ** 20;

/** @returns bytes of the packed weights of a dictionary */
export function packedBytes({ d_in, d_sae }: Dictionary['config']): number {
  return Math.ceil(d_sae / GROUP_LATENTS) * GROUP_BYTES * d_in;
}

export class EncoderSpace {
  private readonly dictionary: Dictionary;
  private readonly plan: Plan;
  private readonly arena: Arena;
  private readonly kernels: Kernels;
  private readonly groups: number;
  /** Groups whose weights fit in the memory at once; all of them when kept. */
  private readonly room: number;
  private readonly rowsAtOnce: number;
  private readonly at: Record<'weights' | 'rules' | 'rows' | 'bounds' | 'entries' | 'scratch', number>;

  /**
   * @param isKept packs all weights now; else a panel at a time, at every call
   * @throws RangeError when there is no memory
   */
  constructor(module: WebAssembly.Module, dictionary: Dictionary, rowsAtOnce: number, isKept: boolean) {
    const { d_in, d_sae } = dictionary.config;
    this.dictionary = dictionary;
    this.plan = getPlan(dictionary);
    this.groups = Math.ceil(d_sae / GROUP_LATENTS);
    this.room = isKept ? this.groups : Math.max(1, Math.min(this.groups, Math.floor(PANEL_BYTES / GROUP_BYTES / d_in)));
    this.rowsAtOnce = rowsAtOnce;
    const sizes = {
      weights: this.room * GROUP_BYTES * d_in,
      rules: this.groups * RULE_BYTES,
      rows: 4 * rowsAtOnce * d_in,
      bounds: 4 * rowsAtOnce,
      entries: Math.max(CALL_ENTRIES, rowsAtOnce * GROUP_LATENTS) * ENTRY_BYTES,
      scratch: GROUP_BYTES,
    };
    this.arena = new Arena(Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0));
    const reserve = (name: keyof typeof sizes) => this.arena.reserve(sizes[name]);
    this.at = {
      weights: reserve('weights'),
      rules: reserve('rules'),
      rows: reserve('rows'),
      bounds: reserve('bounds'),
      entries: reserve('entries'),
      scratch: reserve('scratch'),
    };
    this.kernels = instantiate(module, this.arena);
    this.packRules();
    if (this.room === this.groups) this.packGroups(0, this.groups);
  }

  get bytes(): number {
    return this.arena.bytes;
  }

  /** As core's `encode`. */
  encode(x: Float32Array): Latents {
    const { config } = this.dictionary;
    const n = countRows(this.dictionary, x);
    const perRow = createPerRow(config, n);
    const collector = new LatentsCollector(this.plan, n);
    for (let first = 0; first < n; first += this.rowsAtOnce) {
      const rows = Math.min(this.rowsAtOnce, n - first);
      this.packRows(x, first, rows, perRow);
      this.encodeBlock(rows, collector);
      collector.endBlock(rows);
    }
    return collector.finish(config.d_sae, perRow);
  }

  private encodeBlock(rows: number, collector: LatentsCollector): void {
    const { d_in } = this.dictionary.config;
    const { at } = this;
    const tiles = Math.ceil(rows / TILE_ROWS);
    const perCall = Math.max(1, Math.floor(CALL_ENTRIES / (tiles * TILE_ROWS * GROUP_LATENTS)));
    for (let panel = 0; panel < this.groups; panel += this.room) {
      const end = Math.min(this.groups, panel + this.room);
      if (this.room < this.groups) this.packGroups(panel, end - panel);
      for (let group = panel; group < end; group += perCall) {
        const count = this.kernels.encodeGroups(
          at.rows,
          tiles,
          d_in,
          at.weights + (group - panel) * GROUP_BYTES * d_in,
          at.rules + group * RULE_BYTES,
          Math.min(perCall, end - group),
          at.bounds,
          group * GROUP_LATENTS,
          at.entries,
          at.scratch,
        );
        if (collector.take(this.arena.words(at.entries, count * ENTRY_WORDS))) this.raiseBounds(rows, collector);
      }
    }
  }

  /** Tiles of four rows, the four numbers of a dimension side by side; rows that are not there stay silent. */
  private packRows(x: Float32Array, first: number, rows: number, perRow: PerRow): void {
    const { config } = this.dictionary;
    const { d_in } = config;
    const padded = Math.ceil(rows / TILE_ROWS) * TILE_ROWS;
    const packed = this.arena.floats(this.at.rows, padded * d_in);
    const row = new Float64Array(d_in);
    for (let r = 0; r < padded; r++) {
      if (r < rows) prepareRow(config, this.plan, x, first + r, row, perRow);
      else row.fill(0);
      const base = (r - (r % TILE_ROWS)) * d_in + (r % TILE_ROWS);
      for (let i = 0; i < d_in; i++) packed[base + i * TILE_ROWS] = row[i];
    }
    this.arena.floats(this.at.bounds, padded).fill(lowestOf(this.plan), 0, rows).fill(HUGE, rows);
  }

  private raiseBounds(rows: number, collector: LatentsCollector): void {
    const bounds = this.arena.floats(this.at.bounds, rows);
    for (let r = 0; r < rows; r++) bounds[r] = collector.bound(r);
  }

  private packGroups(first: number, groups: number): void {
    const { d_in, d_sae } = this.dictionary.config;
    const latents = Math.min(groups * GROUP_LATENTS, d_sae - first * GROUP_LATENTS);
    const target = this.arena.floats(this.at.weights, groups * GROUP_LATENTS * d_in);
    packWeights(this.plan, d_in, first * GROUP_LATENTS, latents, GROUP_LATENTS, target);
  }

  private packRules(): void {
    const rules = this.arena.floats(this.at.rules, (this.groups * RULE_BYTES) / 4);
    for (let j = 0; j < this.groups * GROUP_LATENTS; j++) {
      const base = Math.floor(j / GROUP_LATENTS) * 4 * GROUP_LATENTS + (j % GROUP_LATENTS);
      Object.values(ruleOf(this.plan, j)).forEach((value: number, k) => (rules[base + k * GROUP_LATENTS] = value));
    }
  }
}
