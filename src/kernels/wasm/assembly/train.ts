/**
 * A training step in phases (../trainer.ts says which and when). A phase is cut into tasks of fixed size, blocks of
 * rows or chunks of latents, and any number of threads take them; every number is computed by one task, in an order
 * that does not depend on who does it. After the encoder product only active latents are touched. fp32, four lanes;
 * sums over many rows are f64. Nothing is allocated here.
 */
import { Plan, STANDARD, TIED, TOPK } from './plan';
import { encodeGroups } from './sae';
import { countEquals, isKept, takeValues } from './select';
import {
  addColumns,
  addFour,
  addFourRows,
  addRow,
  dotFour,
  dotRows,
  fma,
  scaleRow,
  subtractRow,
  sumDeviations,
  sumSquares,
} from './vectors';

const TILE_ROWS: i32 = 4;
const GROUP: i32 = 8;
const RULE_BYTES: usize = 128;
const ENTRY_BYTES: usize = 12;
/** Rows of a block; groups of a chunk. */
const BLOCK_ROWS: i32 = 256;
const CHUNK_GROUPS: i32 = 8;
/** Of a thread: counts of what waits for each latent of a group, and four addresses each. */
const LANE_BYTES: usize = 160;
const BLOCK_SUMS: usize = 64;
const CHUNK_SUMS: usize = 16;
/** Above any pre-activation: padding never fires. */
const HUGE: f32 = 3e38;
/** float32 machine epsilon. */
const EPSILON: f32 = 1.1920929e-7;

function word(index: i32): usize {
  return (<usize>index) << 2;
}

/** Of a plan, for its writer to compare. */
export function planBytes(): i32 {
  return <i32>offsetof<Plan>();
}

/** @returns the next task of the phase */
function takeTask(plan: Plan): i32 {
  const next = changetype<usize>(plan) + offsetof<Plan>('next');
  if (ASC_FEATURE_THREADS) return atomic.add<i32>(next, 1);
  const task = load<i32>(next);
  store<i32>(next, task + 1);
  return task;
}

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

/** Of a thread. */
function scratchOf(plan: Plan, thread: i32): usize {
  return plan.scratch + <usize>thread * plan.scratchBytes;
}

// Places in a thread's scratch: what encodeGroups wants; of a block's rows bounds, sizes of heaps (or counts of what
// waits to be added), what waits: four (factor, address); tiles; heaps.
const BOUNDS: usize = 32;
const HEAP_SIZES: usize = BOUNDS + 4 * BLOCK_ROWS;
const WAITING: usize = HEAP_SIZES + 4 * BLOCK_ROWS;
const TILES: usize = WAITING + 32 * BLOCK_ROWS;

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

/** Room for every latent of every row of a block. */
function entriesOf(plan: Plan, block: i32): usize {
  return plan.entries + <usize>(block * BLOCK_ROWS) * <usize>(plan.groups * GROUP) * ENTRY_BYTES;
}

/** Entries of dead latents follow those of the living: together there is room. */
function deadEntriesOf(plan: Plan, block: i32): usize {
  return entriesOf(plan, block) + <usize>load<i32>(plan.blockSums + <usize>block * BLOCK_SUMS, 8) * ENTRY_BYTES;
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

/** Gradients of a chunk of latents: all blocks in order, then what belongs to whole rows of the matrices. */
export function gradients(plan: Plan, thread: i32): void {
  for (let chunk = takeTask(plan); chunk < plan.tasks; chunk = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const firstGroup = chunk * CHUNK_GROUPS;
    const lastGroup = min(plan.groups, firstGroup + CHUNK_GROUPS);
    const from = firstGroup * GROUP;
    const to = lastGroup * GROUP;
    const size = <usize>(to - from);
    memory.fill(plan.wDecG + <usize>from * bytes, 0, size * bytes);
    if (plan.architecture != TIED) memory.fill(plan.wEncG + <usize>from * bytes, 0, size * bytes);
    memory.fill(plan.bEncG + word(from), 0, size << 2);
    memory.fill(plan.sums + word(from), 0, size << 2);
    // TopK counted before: who is dead depends on it.
    if (plan.architecture != TOPK) memory.fill(plan.fired + word(from), 0, size << 2);
    const blocks = (plan.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (let block = 0; block < blocks; block++) {
      for (let group = firstGroup; group < lastGroup; group++) addGroup(plan, thread, block, group);
    }
    if (plan.deadCount > 0) addDead(plan, chunk, blocks, from, to);
    finishRows(plan, chunk, from, to);
  }
}

/** What the auxiliary loss adds to a chunk: the groups its dead latents lie in, which it may share with its neighbours. */
function addDead(plan: Plan, chunk: i32, blocks: i32, from: i32, to: i32): void {
  const before = load<i32>(plan.deadBefore + word(chunk));
  const after = load<i32>(plan.deadBefore + word(chunk + 1));
  const first = before / GROUP;
  const last = before == after ? first : (after + GROUP - 1) / GROUP;
  for (let block = 0; block < blocks; block++) {
    addDeadGroups(plan, block, first, last, from, to);
  }
}

/** Adds the entries of dead latents in some groups of a block whose latents lie in [from, to). */
function addDeadGroups(plan: Plan, block: i32, first: i32, last: i32, from: i32, to: i32): void {
  if (first >= last) return;
  const entries = deadEntriesOf(plan, block);
  const ends = plan.deadEnds + word(block * plan.groups);
  const start: usize = first == 0 ? 0 : load<usize>(ends + word(first - 1));
  const end = load<usize>(ends + word(last - 1));
  const rows = <usize>(block * BLOCK_ROWS) * <usize>word(plan.width);
  for (let entry = entries + start; entry < entries + end; entry += ENTRY_BYTES) {
    const latent = load<i32>(entry, 4);
    if (latent >= from && latent < to) addEntry(plan, entry, plan.rest + rows, plan.x + rows, f32(plan.auxiliaryScale));
  }
}

/** Adds the entries of a group of a block. A latent's entries wait until there are four, which are added at once. */
function addGroup(plan: Plan, thread: i32, block: i32, group: i32): void {
  const entries = entriesOf(plan, block);
  const ends = plan.ends + word(block * plan.groups);
  const start: usize = group == 0 ? 0 : load<usize>(ends + word(group - 1));
  const end = entries + load<usize>(ends + word(group));
  const rows = <usize>(block * BLOCK_ROWS) * <usize>word(plan.width);
  const error = plan.error + rows;
  const x = plan.x + rows;
  const scale = f32(plan.errorScale);
  const counts = plan.lanes + <usize>thread * LANE_BYTES;
  const waiting = counts + 32;
  v128.store(counts, i32x4.splat(0));
  v128.store(counts, i32x4.splat(0), 16);
  for (let entry = entries + start; entry < end; entry += ENTRY_BYTES) {
    const lane = <usize>(load<i32>(entry, 4) & (GROUP - 1));
    const count = load<i32>(counts + (lane << 2));
    const four = waiting + (lane << 4);
    store<usize>(four + word(count), entry);
    store<i32>(counts + (lane << 2), (count + 1) & 3);
    if (count == 3) addFourEntries(plan, four, error, x, scale);
  }
  for (let lane: usize = 0; lane < <usize>GROUP; lane++) {
    const four = waiting + (lane << 4);
    const last = four + word(load<i32>(counts + (lane << 2)));
    for (let at = four; at < last; at += 4) addEntry(plan, load<usize>(at), error, x, scale);
  }
}

/** What one entry adds to the numbers of its latent, given w·e. @returns df */
function addNumbers(plan: Plan, latent: i32, f: f32, along: f32, scale: f32): f32 {
  let df = scale * along;
  if (plan.architecture == TIED) df = scale * (along / load<f32>(plan.norms + word(latent))) + f32(plan.penaltyScale);
  else if (plan.architecture == STANDARD) df += f32(plan.penaltyScale) * load<f32>(plan.norms + word(latent));
  const g = plan.bEncG + word(latent);
  store<f32>(g, load<f32>(g) + df);
  if (plan.architecture == TOPK) return df;
  const sum = plan.sums + word(latent);
  store<f32>(sum, load<f32>(sum) + f);
  const fired = plan.fired + word(latent);
  store<i32>(fired, load<i32>(fired) + 1);
  return df;
}

/**
 * With w the decoder row (unit in the tied form) and e the error:
 *   df = scale · w·e + penalty;  gDecoder += scale · f · e;  gEncoder += df · x;  gBias += df
 */
function addEntry(plan: Plan, entry: usize, error: usize, x: usize, scale: f32): void {
  const bytes = <usize>word(plan.width);
  const latent = load<i32>(entry, 4);
  const f = load<f32>(entry, 8);
  const e = error + <usize>load<i32>(entry) * bytes;
  const input = x + <usize>load<i32>(entry) * bytes;
  const at = <usize>latent * bytes;
  const df = addNumbers(plan, latent, f, dotRows(plan.wDec + at, e, bytes), scale);
  addRow(plan.wDecG + at, scale * f, e, bytes);
  addRow((plan.architecture == TIED ? plan.wDecG : plan.wEncG) + at, df, input, bytes);
}

/** The same for four entries of one latent, whose addresses lie at `four`. */
function addFourEntries(plan: Plan, four: usize, error: usize, x: usize, scale: f32): void {
  const bytes = <usize>word(plan.width);
  const latent = load<i32>(load<usize>(four), 4);
  const at = <usize>latent * bytes;
  const r0 = <usize>load<i32>(load<usize>(four)) * bytes;
  const r1 = <usize>load<i32>(load<usize>(four, 4)) * bytes;
  const r2 = <usize>load<i32>(load<usize>(four, 8)) * bytes;
  const r3 = <usize>load<i32>(load<usize>(four, 12)) * bytes;
  const f0 = load<f32>(load<usize>(four), 8);
  const f1 = load<f32>(load<usize>(four, 4), 8);
  const f2 = load<f32>(load<usize>(four, 8), 8);
  const f3 = load<f32>(load<usize>(four, 12), 8);
  const along = dotFour(plan.wDec + at, error + r0, error + r1, error + r2, error + r3, bytes);
  const d0 = addNumbers(plan, latent, f0, f32x4.extract_lane(along, 0), scale);
  const d1 = addNumbers(plan, latent, f1, f32x4.extract_lane(along, 1), scale);
  const d2 = addNumbers(plan, latent, f2, f32x4.extract_lane(along, 2), scale);
  const d3 = addNumbers(plan, latent, f3, f32x4.extract_lane(along, 3), scale);
  addFour(plan.wDecG + at, scale * f0, error + r0, scale * f1, error + r1, scale * f2, error + r2, scale * f3, error + r3, bytes);
  addFour((plan.architecture == TIED ? plan.wDecG : plan.wEncG) + at, d0, x + r0, d1, x + r1, d2, x + r2, d3, x + r3, bytes);
}

function finishRows(plan: Plan, chunk: i32, from: i32, to: i32): void {
  const bytes = <usize>word(plan.width);
  const pull = plan.pull + <usize>chunk * bytes;
  if (plan.architecture != TIED) memory.fill(pull, 0, bytes);
  for (let latent = from; latent < to; latent++) {
    const at = <usize>latent * bytes;
    const w = plan.wDec + at;
    const g = plan.wDecG + at;
    const norm = load<f32>(plan.norms + word(latent));
    if (plan.architecture == TIED) throughNorm(w, g, norm, norm > f32(plan.least), bytes);
    else if (plan.architecture == STANDARD) {
      // A row of norm 0 has no direction.
      if (norm > 0) addRow(g, (f32(plan.penaltyScale) * load<f32>(plan.sums + word(latent))) / norm, w, bytes);
    } else project(w, g, bytes);
    if (plan.architecture != TIED) addRow(pull, load<f32>(plan.bEncG + word(latent)), plan.wEnc + at, bytes);
  }
  const size = <usize>(to - from) * bytes;
  const start = <usize>from * bytes;
  let squares = sumSquares(plan.bEncG + word(from), word(to - from)) + sumSquares(plan.wDecG + start, size);
  if (plan.architecture != TIED) squares += sumSquares(plan.wEncG + start, size);
  store<f64>(plan.chunkSums + <usize>chunk * CHUNK_SUMS, squares);
}

/** The gradient of a unit row becomes that of the raw row: (g − (g·ŵ) ŵ) / norm; at the clamp, g / norm. */
function throughNorm(w: usize, g: usize, norm: f32, isAbove: bool, bytes: usize): void {
  if (isAbove) addRow(g, -dotRows(g, w, bytes) / (norm * norm), w, bytes);
  scaleRow(g, <f32>1 / norm, bytes);
}

/** Takes the part along the row away, so that a step keeps the norm. */
function project(w: usize, g: usize, bytes: usize): void {
  const scale = <f32>1 / (f32(Math.sqrt(<f64>dotRows(w, w, bytes))) + <f32>1e-6);
  addRow(g, -scale * scale * dotRows(g, w, bytes), w, bytes);
}

/** Adam, and unit decoder rows where the architecture has them, for a chunk of latents; b_dec goes with the first. */
export function update(plan: Plan): void {
  for (let chunk = takeTask(plan); chunk < plan.tasks; chunk = takeTask(plan)) {
    const bytes = <usize>word(plan.width);
    const from = chunk * CHUNK_GROUPS * GROUP;
    const to = min(plan.groups, (chunk + 1) * CHUNK_GROUPS) * GROUP;
    const at = <usize>from * bytes;
    const size = <usize>(to - from) * bytes;
    adam(plan, plan.wDec + at, plan.wDecG + at, plan.wDecM + at, plan.wDecV + at, size);
    adam(plan, plan.bEnc + word(from), plan.bEncG + word(from), plan.bEncM + word(from), plan.bEncV + word(from), word(to - from));
    if (plan.architecture != TIED) adam(plan, plan.wEnc + at, plan.wEncG + at, plan.wEncM + at, plan.wEncV + at, size);
    if (plan.architecture != TIED && chunk == 0) adam(plan, plan.bDec, plan.bDecG, plan.bDecM, plan.bDecV, bytes);
    if (plan.architecture == TOPK) for (let row = plan.wDec + at; row < plan.wDec + at + size; row += bytes) unit(row, bytes);
  }
}

function unit(row: usize, bytes: usize): void {
  scaleRow(row, <f32>1 / (f32(Math.sqrt(<f64>dotRows(row, row, bytes))) + EPSILON), bytes);
}

/** One step in place, as ../../../core/train/adam.ts. */
function adam(plan: Plan, p: usize, g: usize, m: usize, v: usize, bytes: usize): void {
  const b1 = f32x4.splat(f32(plan.beta1));
  const b2 = f32x4.splat(f32(plan.beta2));
  const c1 = f32x4.splat(f32(1 - plan.beta1));
  const c2 = f32x4.splat(f32(1 - plan.beta2));
  const step = f32x4.splat(f32(plan.stepSize));
  const inverse = f32x4.splat(f32(1 / plan.root));
  const small = f32x4.splat(f32(plan.eps));
  const factor = f32x4.splat(f32(plan.clip));
  for (let i: usize = 0; i < bytes; i += 16) {
    const grad = f32x4.mul(factor, v128.load(g + i));
    const mean = fma(c1, grad, f32x4.mul(b1, v128.load(m + i)));
    const square = fma(f32x4.mul(c2, grad), grad, f32x4.mul(b2, v128.load(v + i)));
    v128.store(m + i, mean);
    v128.store(v + i, square);
    const change = f32x4.div(f32x4.mul(step, mean), fma(f32x4.sqrt(square), inverse, small));
    v128.store(p + i, f32x4.sub(v128.load(p + i), change));
  }
}
