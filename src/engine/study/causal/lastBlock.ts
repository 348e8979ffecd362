/**
 * Rows that change what enters one block, read at that block's last token. Of what comes before, the block's keys and values
 * are all that the last token sees, so only these are computed, at positions that change, and mostly without a product
 * (keyMap.ts). The last token of each row then runs alone, behind the keys and values of its row.
 */
import { throwIfStopped } from '../../../core/errors.ts';
import { blockFlops } from '../../../core/lm/memory.ts';
import type { BlockOutput } from '../../../core/lm/graphs.ts';
import type { ModelConfig } from '../../../core/lm/config.ts';
import { causalMask, rotaryAngles } from '../../../core/lm/rotary.ts';
import type { HookedModel } from '../../model/hookedModel.ts';
import type { Feeds } from '../../model/runtime.ts';
import { CALL_FLOPS } from '../memory.ts';
import type { BlockKeys } from './bases.ts';
import { keyChangerOf } from './keyMap.ts';
import { changedValue, rowsAtOnce, type ChangedRow, type Deliver, type Ground, type Way } from './rows.ts';

/** Positions of one call for keys and values: many enough for the products, few enough for the attention that comes along. */
const TOGETHER = 96;

/** What a block is run for. */
interface LastBlock {
  layer: number;
  output: BlockOutput;
  grounds: readonly Ground[];
}

/** Rows of one call. @throws AbortedError; EngineError */
export async function runLastBlock(way: Way, block: LastBlock, rows: readonly ChangedRow[], deliver: Deliver): Promise<void> {
  const { model } = way.machine;
  const byLength = new Map<number, number[]>();
  rows.forEach(({ context }, r) => {
    const { length } = block.grounds[context];
    byLength.set(length, [...(byLength.get(length) ?? []), r]);
  });
  for (const [length, all] of byLength) {
    const each = rowBytes(model.config, length);
    const most = rowsAtOnce(way, each, CALL_FLOPS / blockFlops(model.config, { rows: 1, pos: 1, past: length - 1 }));
    for (let at = 0; at < all.length; at += most) {
      const some = all.slice(at, at + most);
      throwIfStopped(way.machine.stop);
      way.onBatch(some.length, some.length * each);
      await runTogether(
        way,
        block,
        some.map((r) => rows[r]),
        length,
        (r, values) => deliver(some[r], values),
      );
    }
  }
}

/** Keys and values of a row, ours and the runtime's; what the block names for one token of it. */
function rowBytes({ d_model: D, d_mlp: M, n_heads: H }: ModelConfig, length: number): number {
  return 4 * (4 * length * D + 3 * length * (D + H) + 40 * D + 4 * M);
}

async function runTogether(way: Way, block: LastBlock, rows: readonly ChangedRow[], length: number, deliver: Deliver): Promise<void> {
  const { model } = way.machine;
  const { n_heads: H, d_head: E, d_model: D } = model.config;
  // One row alone would go another way through the runtime's products, with other roundings.
  const count = Math.max(2, rows.length);
  const past = length - 1;
  const size = H * past * E;
  const keys = { k: new Float32Array(count * size), v: new Float32Array(count * size) };
  const x = new Float32Array(count * D);
  for (let r = 0; r < count; r++) {
    const row = rows[Math.min(r, rows.length - 1)];
    const ground = block.grounds[row.context];
    gather(ground.keys[block.layer]!, keys, { H, E, length }, r * size);
    changedValue(ground, past, row, x.subarray(r * D, (r + 1) * D));
  }
  if (past > 0) await changeKeys(way, block, rows, length, keys);
  const { runtime } = model;
  const { cos, sin } = rotaryAngles(model.config, past, 1);
  const out = await model.blocks[block.layer].run(
    {
      ...feedsOf(model, cos, sin, 1),
      resid: runtime.tensor(x, [count, 1, D]),
      mask: runtime.tensor(new Float32Array(length), [1, length]),
      past_k: runtime.tensor(keys.k, [count, H, past, E]),
      past_v: runtime.tensor(keys.v, [count, H, past, E]),
    },
    [block.output],
  );
  const values = await runtime.read(out[block.output]);
  const F = values.length / count;
  rows.forEach((_, r) => deliver(r, values.subarray(r * F, (r + 1) * F)));
  runtime.dispose(...Object.values(out));
}

/** All positions of a text but the last, at `at`. */
function gather(from: BlockKeys, to: BlockKeys, { H, E, length }: { H: number; E: number; length: number }, at: number): void {
  const past = length - 1;
  for (let h = 0; h < H; h++) {
    for (const which of ['k', 'v'] as const) {
      to[which].set(from[which].subarray(h * length * E, (h * length + past) * E), at + h * past * E);
    }
  }
}

/** Puts the keys and values of changed positions in the places of the clean ones. [rows, H, length − 1, E] */
async function changeKeys(way: Way, block: LastBlock, rows: readonly ChangedRow[], length: number, keys: BlockKeys): Promise<void> {
  const { model } = way.machine;
  const { n_heads: H, d_head: E } = model.config;
  const past = length - 1;
  const others = rows.flatMap((row, r) => (row.along ? [] : row.positions.filter((p) => p < past).map((p) => ({ r, p }))));
  if (others.length > 0) await runKeys(way, block, rows, length, keys, others);
  const changer = await keyChangerOf(model, block.layer);
  const all = Array.from({ length: past }, (_, p) => p);
  rows.forEach(({ context, positions, along }, r) => {
    if (!along) return;
    const { values } = block.grounds[context];
    const amounts = new Map(positions.map((p, slot) => [p, along.amounts[slot]]));
    for (const p of way.sharePrefix ? positions : all) {
      if (p < past) changer.change(values, along.vector, amounts.get(p) ?? 0, p, keys, (r * H * past + p) * E, past * E);
    }
  });
}

/** The same where positions do not change along one vector: through the block itself, any positions of any rows side by side. */
async function runKeys(
  way: Way,
  block: LastBlock,
  rows: readonly ChangedRow[],
  length: number,
  keys: BlockKeys,
  places: readonly { r: number; p: number }[],
): Promise<void> {
  const { model, stop } = way.machine;
  const { n_heads: H, d_head: E, d_model: D } = model.config;
  const past = length - 1;
  for (let from = 0; from < places.length; from += TOGETHER) {
    throwIfStopped(stop);
    const some = places.slice(from, from + TOGETHER);
    const x = new Float32Array(Math.max(2, some.length) * D);
    some.forEach(({ r, p }, i) => changedValue(block.grounds[rows[r].context], p, rows[r], x.subarray(i * D, (i + 1) * D)));
    const found = await keysOf(
      model,
      block.layer,
      x,
      some.map(({ p }) => p),
    );
    const N = x.length / D;
    some.forEach(({ r, p }, i) => {
      for (let h = 0; h < H; h++) {
        const to = ((r * H + h) * past + p) * E;
        keys.k.set(found.k.subarray((h * N + i) * E, (h * N + i + 1) * E), to);
        keys.v.set(found.v.subarray((h * N + i) * E, (h * N + i + 1) * E), to);
      }
    });
  }
}

/** Keys and values of rows that are no text: each with the angles of its own position. [H, N, E] */
async function keysOf(model: HookedModel, layer: number, x: Float32Array, positions: readonly number[]): Promise<BlockKeys> {
  const { config, runtime } = model;
  const N = x.length / config.d_model;
  const half = config.rotary_dim / 2;
  const [cos, sin] = [new Float32Array(N * half), new Float32Array(N * half)];
  const known = rotaryAngles(config, 0, Math.max(...positions) + 1);
  positions.forEach((p, i) => {
    cos.set(known.cos.subarray(p * half, (p + 1) * half), i * half);
    sin.set(known.sin.subarray(p * half, (p + 1) * half), i * half);
  });
  const empty = [1, config.n_heads, 0, config.d_head];
  const out = await model.blocks[layer].run(
    {
      ...feedsOf(model, cos, sin, N),
      resid: runtime.tensor(x, [1, N, config.d_model]),
      mask: runtime.tensor(causalMask(0, N), [N, N]),
      past_k: runtime.tensor(new Float32Array(0), empty),
      past_v: runtime.tensor(new Float32Array(0), empty),
    },
    ['present_k', 'present_v'],
  );
  return { k: await runtime.read(out.present_k), v: await runtime.read(out.present_v) };
}

function feedsOf({ runtime, config }: HookedModel, cos: Float32Array, sin: Float32Array, pos: number): Feeds {
  const half = config.rotary_dim / 2;
  return {
    cos: runtime.tensor(cos, [pos, half]),
    sin: runtime.tensor(sin, [pos, half]),
    dz: runtime.tensor(new Float32Array(1), [1, 1, 1]),
    dpost: runtime.tensor(new Float32Array(1), [1, 1, 1]),
  };
}
