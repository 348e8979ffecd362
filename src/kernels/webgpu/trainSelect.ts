/** TopK: which latents of a row stay, and what its auxiliary loss needs. */
import { FIGURES_READ, type Kernel, SLOTS, SLOT_SUM, THREADS, TOTAL, kernel, read, write } from './trainKernel.ts';

/** Narrows the prefix by the bin in which the last wanted value lies. @param most how many are wanted, as WGSL */
const narrow = (most: string) => /* wgsl */ `
fn narrow(shift: u32) {
  if (shift == 24u) {
    var candidates = 0u;
    for (var b = 0u; b < 256u; b++) { candidates += atomicLoad(&bins[b]); }
    wanted = min(${most}, candidates);
  }
  if (wanted == 0u) { prefix = 0xffffffffu; return; }
  var b = 255u;
  for (; b > 0u; b--) {
    let count = atomicLoad(&bins[b]);
    if (count >= wanted) { break; }
    wanted -= count;
  }
  prefix |= b << shift;
}`;

/** Last index among equals of the smallest that stays. */
const FIND_LIMIT = /* wgsl */ `
fn findLimit(row: u32) {
  limit = settings.n;
  if (wanted == 0u || atomicLoad(&bins[prefix & 255u]) <= wanted) { return; }
  var left = wanted;
  for (var j = 0u; j < settings.n; j++) {
    if (bitsAt(row, j) != prefix) { continue; }
    left -= 1u;
    if (left == 0u) { limit = j; return; }
  }
}`;

/**
 * The k largest positive pre-activations of each row into f, 0 elsewhere; of equals the lower index. A workgroup a
 * row finds the bits of the smallest that stays, eight at a time: as whole numbers, positive floats keep their order.
 * @param among all latents, or the dead ones, of which `figures.auxK` are wanted
 */
export function selectLargest(among: 'all' | 'dead'): Kernel {
  const isDead = among === 'dead';
  return kernel(
    {
      p: read('p'),
      f: write('f'),
      ...(isDead ? { silent: read('silent', 'array<u32>'), figures: FIGURES_READ } : { lows: write('lows') }),
    },
    /* wgsl */ `
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> prefix: u32;
var<workgroup> wanted: u32;
var<workgroup> limit: u32;

/** 0 for what cannot be chosen. */
fn bitsAt(row: u32, j: u32) -> u32 {
  ${isDead ? 'if (silent[j] < settings.deadAfter) { return 0u; }' : ''}
  return bitcast<u32>(max(0.0, p[row * settings.n + j]));
}

${narrow(isDead ? 'figures.auxK' : 'settings.k')}
${FIND_LIMIT}

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var row = group.x; row < settings.rows; row += groups.x) {
    if (thread == 0u) { prefix = 0u; }
    for (var turn = 0u; turn < 4u; turn++) {
      let shift = 24u - 8u * turn;
      // Without the bits above: a shift by 32 is none.
      let known = select(0xffffffffu << (shift + 8u), 0u, turn == 0u);
      atomicStore(&bins[thread], 0u);
      workgroupBarrier();
      let begin = prefix;
      for (var j = thread; j < settings.n; j += ${THREADS}u) {
        let bits = bitsAt(row, j);
        if (bits > 0u && (bits & known) == begin) { atomicAdd(&bins[(bits >> shift) & 255u], 1u); }
      }
      workgroupBarrier();
      if (thread == 0u) { narrow(shift); }
      workgroupBarrier();
    }
    if (thread == 0u) { findLimit(row); }
    workgroupBarrier();
    let smallest = prefix;
    let last = limit;
    for (var j = thread; j < settings.n; j += ${THREADS}u) {
      let bits = bitsAt(row, j);
      let stays = bits > 0u && (bits > smallest || (bits == smallest && j <= last));
      f[row * settings.n + j] = select(0.0, bitcast<f32>(bits), stays);
    }
    ${isDead ? '' : 'if (thread == 0u) { lows[row] = select(-1.0, bitcast<f32>(smallest & 0x7fffffffu), wanted > 0u); }'}
    workgroupBarrier();
  }
}`,
  );
}

/**
 * Between TopK's forward pass and its gradients: the running threshold, how many dead latents take part and with
 * what weight, and whether their dispatches run at all; one workgroup.
 */
export const PLAN_AUXILIARY = kernel(
  {
    partials: read('partials'),
    lows: read('lows'),
    silent: read('silent', 'array<u32>'),
    asked: read('asked', 'array<u32>'),
    granted: write('granted', 'array<u32>'),
    figures: write('figures', 'Figures'),
  },
  /* wgsl */ `
${TOTAL(THREADS)}
${SLOT_SUM}
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32) {
  var low = 0.0;
  var counted = 0.0;
  for (var r = thread; r < settings.rows; r += ${THREADS}u) {
    if (lows[r] >= 0.0) { low += lows[r]; counted += 1.0; }
  }
  low = total(low, thread);
  counted = total(counted, thread);
  var dead = 0.0;
  for (var j = thread; j < settings.n; j += ${THREADS}u) { dead += select(0.0, 1.0, silent[j] >= settings.deadAfter); }
  dead = total(dead, thread);
  let spread = slotSum(${SLOTS.spread}u, thread);
  if (thread > 0u) { return; }
  if (settings.followThreshold > 0u && counted > 0.0) {
    let smallest = low / counted;
    let kept = settings.thresholdBeta * figures.threshold + (1.0 - settings.thresholdBeta) * smallest;
    figures.threshold = select(kept, smallest, figures.threshold < 0.0);
  }
  let auxK = select(0u, min(settings.auxMost, u32(dead)), spread > 0.0);
  figures.spread = spread;
  figures.auxK = auxK;
  figures.auxFactor = select(0.0, 2.0 * settings.auxAlpha / spread, auxK > 0u);
  for (var i = 0u; i < arrayLength(&asked); i++) { granted[i] = select(0u, asked[i], auxK > 0u); }
}`,
);
