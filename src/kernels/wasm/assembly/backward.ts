/** Gradients: what active latents add, block after block, and what belongs to whole rows of the matrices. */
import { BLOCK_ROWS, CHUNK_GROUPS, CHUNK_SUMS, ENTRY_BYTES, GROUP, deadEntriesOf, entriesOf, takeTask, word } from './layout';
import { Plan, STANDARD, TIED, TOPK } from './plan';
import { addFour, addRow, dotFour, dotRows, scaleRow, sumSquares } from './vectors';

/** Of a thread: counts of what waits for each latent of a group, and four addresses each. */
const LANE_BYTES: usize = 160;

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
