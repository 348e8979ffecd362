/** Rows that change what enters a block and are read behind several: from the first changed position on. */
import type { Tensor } from 'onnxruntime-common';
import { throwIfStopped } from '../../../core/errors.ts';
import { blockFlops, blockValues } from '../../../core/lm/memory.ts';
import { forward } from '../../model/forward.ts';
import { CALL_FLOPS } from '../memory.ts';
import { changedValue, rowsAtOnce, type ChangedRow, type Deliver, type Ground, type Way } from './rows.ts';

interface Blocks {
  /** First block run, and one past the last. */
  first: number;
  until: number;
  /** The hook read where it is inside a block; absent: the residual behind the last. */
  inside?: string;
  grounds: readonly Ground[];
}

/** Rows that may run in one batch. */
interface Shape {
  length: number;
  past: number;
  rows: number[];
}

/** @throws AbortedError; EngineError */
export async function runBlocks(way: Way, blocks: Blocks, rows: readonly ChangedRow[], deliver: Deliver): Promise<void> {
  for (const { length, past, rows: all } of shapesOf(way, blocks, rows)) {
    const bytes = bytesOf(way, length, past);
    const most = rowsAtOnce(way, bytes, CALL_FLOPS / blockFlops(way.machine.model.config, { rows: 1, pos: length - past, past }));
    for (let at = 0; at < all.length; at += most) {
      throwIfStopped(way.machine.stop);
      const some = all.slice(at, at + most);
      way.onBatch(some.length, some.length * bytes);
      await runTogether(way, blocks, { rows: some.map((r) => rows[r]), length, past }, (r, values) => deliver(some[r], values));
    }
  }
}

function shapesOf({ sharePrefix }: Way, { grounds }: Blocks, rows: readonly ChangedRow[]): Shape[] {
  const shapes = new Map<string, Shape>();
  rows.forEach(({ context, positions }, r) => {
    const { length } = grounds[context];
    // Two positions at least: one alone would go another way through the runtime's products, with other roundings.
    const past = sharePrefix ? Math.max(0, Math.min(positions[0], length - 2)) : 0;
    const key = `${length} ${past}`;
    const shape = shapes.get(key) ?? { length, past, rows: [] };
    shape.rows.push(r);
    shapes.set(key, shape);
  });
  return [...shapes.values()];
}

function bytesOf({ machine: { model } }: Way, length: number, past: number): number {
  const { config } = model;
  const pos = length - past;
  return 4 * (blockValues(config, { rows: 1, pos, past }) + 3 * pos * config.d_model + 4 * past * config.d_model);
}

async function runTogether(
  { machine: { model, stop } }: Way,
  blocks: Blocks,
  { rows, length, past }: { rows: readonly ChangedRow[]; length: number; past: number },
  deliver: Deliver,
): Promise<void> {
  const { d_model: D } = model.config;
  const pos = length - past;
  const count = length === 1 ? Math.max(2, rows.length) : rows.length;
  const at = (r: number) => rows[Math.min(r, rows.length - 1)];
  const resid = new Float32Array(count * pos * D);
  for (let r = 0; r < count; r++) {
    const ground = blocks.grounds[at(r).context];
    for (let p = 0; p < pos; p++) {
      changedValue(ground, past + p, at(r), resid.subarray((r * pos + p) * D, (r * pos + p + 1) * D));
    }
  }
  let inside: Float32Array | undefined;
  const out: Tensor = await forward({
    model,
    at: { firstRow: 0, rows: count, firstPos: past, pos, lengths: new Array<number>(count).fill(length) },
    ids: [],
    edits: new Map(),
    reads: new Set(blocks.inside === undefined ? [] : [blocks.inside]),
    onRead: (_, values) => (inside = values.slice()),
    from: { layer: blocks.first, resid },
    until: blocks.until,
    ...(past > 0 && { past: (layer: number) => gatherKeys(model, blocks, { count, at, length, past }, layer) }),
    ...(stop && { stop }),
  });
  try {
    const values = inside ?? (await model.runtime.read(out));
    const F = values.length / (count * pos);
    rows.forEach((_, r) => deliver(r, values.subarray((r * pos + pos - 1) * F, (r * pos + pos) * F)));
  } finally {
    model.runtime.dispose(out);
  }
}

/** Keys and values before the positions run. [rows, heads, past, d_head] */
function gatherKeys(
  { runtime, config }: Way['machine']['model'],
  { grounds }: Blocks,
  { count, at, length, past }: { count: number; at: (r: number) => ChangedRow; length: number; past: number },
  layer: number,
): { k: Tensor; v: Tensor } {
  const { n_heads: H, d_head: E } = config;
  const gather = (which: 'k' | 'v') => {
    const out = new Float32Array(count * H * past * E);
    for (let r = 0; r < count; r++) {
      const all = grounds[at(r).context].keys[layer]![which];
      for (let h = 0; h < H; h++) out.set(all.subarray(h * length * E, (h * length + past) * E), (r * H + h) * past * E);
    }
    return runtime.tensor(out, [count, H, past, E]);
  };
  return { k: gather('k'), v: gather('v') };
}
