/** From rows to active latents and to errors: packing the encoder, encoding, decoding, and the same for dead latents. */
import {
  BLOCK_ROWS,
  BLOCK_SUMS,
  BOUNDS,
  CHUNK_GROUPS,
  ENTRY_BYTES,
  GROUP,
  HEAP_SIZES,
  HUGE,
  RULE_BYTES,
  TILES,
  TILE_ROWS,
  WAITING,
  deadEntriesOf,
  entriesOf,
  scratchOf,
  takeTask,
  word,
} from './layout';
import { Plan, TIED, TOPK } from './plan';
import { encodeGroups } from './sae';
import { countEquals, isKept, takeValues } from './select';
import { addColumns, addFourRows, addRow, dotRows, subtractRow, sumDeviations, sumSquares } from './vectors';

/** Norms and packed encoder of a chunk of latents. */
export function prepare(plan: Plan): void {
  for (let chunk = takeTask(plan); chunk < plan.tasks; chunk = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const end = min(plan.groups, (chunk + 1) * CHUNK_GROUPS);
    for (let group = chunk * CHUNK_GROUPS; group < end; group++) {
      for (let lane = 0; lane < GROUP; lane++) {
        const latent = group * GROUP + lane;
        let inverse: f32 = 1;
        if (plan.architecture != TOPK) {
          const row = plan.wDec + <usize>latent * bytes;
          const norm = max<f32>(f32(Math.sqrt(<f64>dotRows(row, row, bytes))), f32(plan.least));
          store<f32>(plan.norms + word(latent), norm);
          if (plan.architecture == TIED) inverse = <f32>1 / norm;
        }
        packLatent(plan, group, lane, latent, latent < plan.latents, inverse);
      }
    }
  }
}

/** The encoder of dead latents, packed side by side. */
export function prepareDead(plan: Plan): void {
  for (let group = takeTask(plan); group < plan.tasks; group = takeTask(plan)) {
    for (let lane = 0; lane < GROUP; lane++) {
      const place = group * GROUP + lane;
      const isReal = place < plan.deadCount;
      packLatent(plan, group, lane, isReal ? load<i32>(plan.dead + word(place)) : 0, isReal, 1);
    }
  }
}

function packLatent(plan: Plan, group: i32, lane: i32, latent: i32, isReal: bool, factor: f32): void {
  const bytes = <usize>word(plan.width);
  const row = (plan.architecture == TIED ? plan.wDec : plan.wEnc) + <usize>latent * bytes;
  let to = plan.packed + <usize>group * 8 * bytes + word(lane);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = f32x4.mul(v128.load(row + i), f32x4.splat(factor));
    store<f32>(to, f32x4.extract_lane(v, 0));
    store<f32>(to, f32x4.extract_lane(v, 1), 32);
    store<f32>(to, f32x4.extract_lane(v, 2), 64);
    store<f32>(to, f32x4.extract_lane(v, 3), 96);
    to += 128;
  }
  // gain, bias, threshold, gate
  const rule = plan.rules + <usize>group * RULE_BYTES + word(lane);
  store<f32>(rule, 1);
  store<f32>(rule, load<f32>(plan.bEnc + word(latent)), 32);
  store<f32>(rule, isReal ? 0 : HUGE, 64);
  store<f32>(rule, HUGE, 96);
}

/** Active latents of a block of rows. */
export function encode(plan: Plan, thread: i32): void {
  if (thread >= plan.slots) return;
  for (let block = takeTask(plan); block < plan.tasks; block = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const first = block * BLOCK_ROWS;
    const count = min(BLOCK_ROWS, plan.rows - first);
    const x = plan.x + <usize>first * bytes;
    if (plan.architecture != TIED) for (let r = 0; r < count; r++) subtractRow(x + <usize>r * bytes, plan.bDec, bytes);
    const entries = entriesOf(plan, block);
    const tally = plan.blockSums + <usize>block * BLOCK_SUMS;
    const end = encodeBlock(plan, thread, block, plan.groups, plan.k, entries, plan.ends + word(block * plan.groups), 0);
    store<i32>(tally, <i32>((end - entries) / ENTRY_BYTES), 8);
    if (plan.architecture == TOPK) tallyLeast(plan, thread, count, tally);
  }
}

/** x̂ − x of a block of rows. */
export function decode(plan: Plan, thread: i32): void {
  if (thread >= plan.slots) return;
  for (let block = takeTask(plan); block < plan.tasks; block = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const first = block * BLOCK_ROWS;
    const count = min(BLOCK_ROWS, plan.rows - first);
    const x = plan.x + <usize>first * bytes;
    const error = plan.error + <usize>first * bytes;
    for (let i: usize = 0; i < <usize>count * bytes; i += 16) v128.store(error + i, f32x4.neg(v128.load(x + i)));
    addDecoded(plan, thread, entriesOf(plan, block), deadEntriesOf(plan, block), error, count);
    store<f64>(plan.blockSums + <usize>block * BLOCK_SUMS, sumSquares(error, <usize>count * bytes));
    if (plan.architecture != TIED) {
      const columns = plan.columns + 2 * <usize>block * bytes;
      memory.fill(columns, 0, 2 * bytes);
      for (let r = 0; r < count; r++) addColumns(columns, error + <usize>r * bytes, bytes);
    }
  }
}

/** Times each latent is active in the batch; one thread. */
export function countFired(plan: Plan): void {
  memory.fill(plan.fired, 0, word(plan.groups * GROUP));
  const blocks = (plan.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  for (let block = 0; block < blocks; block++) {
    const end = deadEntriesOf(plan, block);
    for (let entry = entriesOf(plan, block); entry < end; entry += ENTRY_BYTES) {
      const at = plan.fired + word(load<i32>(entry, 4));
      store<i32>(at, load<i32>(at) + 1);
    }
  }
}

/** Σ over rows and dims of (error − its mean over rows)². */
export function spread(plan: Plan): void {
  for (let block = takeTask(plan); block < plan.tasks; block = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const first = block * BLOCK_ROWS;
    const end = min(first + BLOCK_ROWS, plan.rows);
    let sum: f64 = 0;
    for (let r = first; r < end; r++) sum += sumDeviations(plan.error + <usize>r * bytes, plan.mean, bytes);
    store<f64>(plan.blockSums + <usize>block * BLOCK_SUMS, sum, 32);
  }
}

/** What dead latents would add to a block of rows. */
export function forwardDead(plan: Plan, thread: i32): void {
  if (thread >= plan.slots) return;
  for (let block = takeTask(plan); block < plan.tasks; block = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const first = <usize>(block * BLOCK_ROWS) * bytes;
    const size = <usize>min(BLOCK_ROWS, plan.rows - block * BLOCK_ROWS) * bytes;
    const groups = deadGroups(plan);
    const entries = deadEntriesOf(plan, block);
    const end = encodeBlock(plan, thread, block, groups, plan.auxiliaryK, entries, plan.deadEnds + word(block * plan.groups), plan.dead);
    memory.copy(plan.rest + first, plan.error + first, size);
    addDecoded(plan, thread, entries, end, plan.rest + first, min(BLOCK_ROWS, plan.rows - block * BLOCK_ROWS));
    store<f64>(plan.blockSums + <usize>block * BLOCK_SUMS, sumSquares(plan.rest + first, size), 40);
  }
}

function deadGroups(plan: Plan): i32 {
  return (plan.deadCount + GROUP - 1) / GROUP;
}

/**
 * Active latents of a block, by group, row and latent; at most k a row when k is above 0.
 * @param ends [groups], bytes from `entries` to the end of each group's
 * @param names of latents, when they are not their places
 * @returns end of the entries
 */
function encodeBlock(plan: Plan, thread: i32, block: i32, groups: i32, k: i32, entries: usize, ends: usize, names: usize): usize {
  const bytes = <usize>word(plan.width);
  const scratch = scratchOf(plan, thread);
  const bounds = scratch + BOUNDS;
  const sizes = scratch + HEAP_SIZES;
  const tiles = scratch + TILES;
  const heaps = tiles + <usize>BLOCK_ROWS * bytes;
  const first = block * BLOCK_ROWS;
  const count = min(BLOCK_ROWS, plan.rows - first);
  const padded = (count + TILE_ROWS - 1) & -TILE_ROWS;
  packTiles(plan.x + <usize>first * bytes, padded, bytes, tiles);
  for (let r = 0; r < padded; r++) {
    store<f32>(bounds + word(r), r < count ? 0 : HUGE);
    store<i32>(sizes + word(r), 0);
  }
  let at = entries;
  let taken = entries;
  for (let group = 0; group < groups; group++) {
    const weights = plan.packed + <usize>group * 8 * bytes;
    const rules = plan.rules + <usize>group * RULE_BYTES;
    const found = encodeGroups(tiles, padded / TILE_ROWS, plan.width, weights, rules, 1, bounds, group * GROUP, at, scratch);
    at += <usize>found * ENTRY_BYTES;
    store<usize>(ends + word(group), at - entries);
    if (k > 0 && (group + 1 == groups || (group + 1) % CHUNK_GROUPS == 0)) {
      takeValues(taken, at, heaps, sizes, k, bounds);
      taken = at;
    }
  }
  if (k == 0) return at;
  // The threshold wants the least of rows that are not full, too.
  for (let r = 0; r < count; r++) if (load<i32>(sizes + word(r)) > 0) store<f32>(bounds + word(r), load<f32>(heaps + <usize>k * word(r)));
  countEquals(count, heaps, sizes, k);
  return keepLargest(entries, groups, ends, sizes, bounds, names);
}

/** Closes the gaps that dropped entries leave. @returns end of what stays */
function keepLargest(entries: usize, groups: i32, ends: usize, equals: usize, bounds: usize, names: usize): usize {
  let from = entries;
  let to = entries;
  for (let group = 0; group < groups; group++) {
    const end = entries + load<usize>(ends + word(group));
    for (; from < end; from += ENTRY_BYTES) {
      if (!isKept(from, equals, bounds)) continue;
      const latent = load<i32>(from, 4);
      store<i32>(to, load<i32>(from));
      store<i32>(to, names == 0 ? latent : load<i32>(names + word(latent)), 4);
      store<f32>(to, load<f32>(from, 8), 8);
      to += ENTRY_BYTES;
    }
    store<usize>(ends + word(group), to - entries);
  }
  return to;
}

/** Σ over rows of the least value that is active, and the rows that have one. */
function tallyLeast(plan: Plan, thread: i32, rows: i32, tally: usize): void {
  const bounds = scratchOf(plan, thread) + BOUNDS;
  let sum: f64 = 0;
  let counted = 0;
  for (let r = 0; r < rows; r++) {
    const least = load<f32>(bounds + word(r));
    sum += least;
    counted += i32(least > 0);
  }
  store<f64>(tally, sum, 16);
  store<i32>(tally, counted, 24);
}

/** [rows, width] as [rows / 4][width][4]; rows is a multiple of 4. */
function packTiles(x: usize, rows: i32, bytes: usize, out: usize): void {
  for (let r = 0; r < rows; r += TILE_ROWS) {
    const first = x + <usize>r * bytes;
    for (let i: usize = 0; i < bytes; i += 4) {
      store<f32>(out, load<f32>(first + i));
      store<f32>(out, load<f32>(first + bytes + i), 4);
      store<f32>(out, load<f32>(first + 2 * bytes + i), 8);
      store<f32>(out, load<f32>(first + 3 * bytes + i), 12);
      out += 16;
    }
  }
}

/**
 * error[row] += value · decoder row, unit in the tied form, for every entry. A row's entries wait until there are
 * four, which are added at once.
 */
function addDecoded(plan: Plan, thread: i32, entries: usize, end: usize, error: usize, rows: i32): void {
  const bytes = <usize>word(plan.width);
  const counts = scratchOf(plan, thread) + HEAP_SIZES;
  const waiting = scratchOf(plan, thread) + WAITING;
  memory.fill(counts, 0, word(rows));
  for (let entry = entries; entry < end; entry += ENTRY_BYTES) {
    const row = <usize>load<i32>(entry);
    const count = load<i32>(counts + (row << 2));
    const four = waiting + (row << 5);
    const place = four + ((<usize>count) << 3);
    store<f32>(place, valueOf(plan, entry));
    store<usize>(place, plan.wDec + <usize>load<i32>(entry, 4) * bytes, 4);
    store<i32>(counts + (row << 2), (count + 1) & 3);
    if (count == 3) addFourRows(error + row * bytes, four, bytes);
  }
  for (let row: usize = 0; row < <usize>rows; row++) {
    const four = waiting + (row << 5);
    const last = four + ((<usize>load<i32>(counts + (row << 2))) << 3);
    for (let at = four; at < last; at += 8) addRow(error + row * bytes, load<f32>(at), load<usize>(at, 4), bytes);
  }
}

/** What an entry's decoder row is multiplied by. */
function valueOf(plan: Plan, entry: usize): f32 {
  const value = load<f32>(entry, 8);
  return plan.architecture == TIED ? value / load<f32>(plan.norms + word(load<i32>(entry, 4))) : value;
}
