/**
 * Training steps in WGSL, fp32: a kernel is a shader and the buffers it is bound to. Sums are taken in an order that
 * sizes alone decide, without atomics on floats, so a device gives the same numbers every time.
 */
import type { ParameterName } from '../../core/train/types.ts';

/** Everything a trainer holds on the device. The gradient and Adam's means of a tensor: g_, m_, v_. */
export type BufferName =
  | ParameterName
  | `${'g' | 'm' | 'v'}_${ParameterName}`
  /** Of a step: rows [rows, d], pre-activations (TopK), latents and then their gradients [rows, n]. */
  | 'x'
  | 'p'
  | 'f'
  /** x̂ − x, and what the dead latents leave of it (TopK). [rows, d] */
  | 'error'
  | 'rest'
  /** ‖W_dec row‖, Σ f, times active. [n] */
  | 'norms'
  | 'sums'
  | 'hits'
  /** Since the count began, and rows since last active. [n] */
  | 'fired'
  | 'silent'
  /** Smallest active value of each row, −1 without any. [rows] */
  | 'lows'
  /** Mean error. [d] */
  | 'means'
  /** Sums of each workgroup, a slot of GROUPS for each quantity. */
  | 'partials'
  | 'figures'
  /** Workgroups of the dispatches for dead latents, as asked for and as granted. */
  | 'asked'
  | 'granted';

export interface Binding {
  buffer: BufferName;
  access: 'read' | 'read_write';
  type: string;
}

/** Buffers by the name a shader has for them. */
export type Bindings = Record<string, Binding>;

export interface Kernel {
  code: string;
  /** What follows the settings at binding 0, in order. */
  bindings: readonly Binding[];
}

/** Rows and columns of a matrix tile: SIDE × SIDE threads hold SIDE × SIDE sums each. */
export const TILE = 64;
const SIDE = 8;
const FOURS = TILE / 4;
/** Numbers of the inner dimension brought into workgroup memory at a time. */
const DEPTH = 16;
const THREADS = 256;
/** Columns of a workgroup that sums columns; THREADS / COLUMNS threads share one. */
export const COLUMNS = 64;
const SHARES = THREADS / COLUMNS;
/** Workgroups of a sum over a whole buffer. */
export const GROUPS = 64;
/** Slots of `partials`. The gradients' come last. */
export const SLOTS = { squared: 0, spread: 1, auxiliary: 2, gradients: 3 } as const;
export const SLOT_COUNT = 7;
/** Threads that share a row of weights. */
const ROW_THREADS = 64;
/** A tied row below this norm is divided by it (the twin's clamp). */
const SMALLEST_NORM = '1e-8';

/** As written by `packSettings`. */
const SETTINGS = /* wgsl */ `
struct Settings {
  rows: u32, d: u32, n: u32, k: u32,
  errorFactor: f32, penalty: f32, auxAlpha: f32, clip: f32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  stepSize: f32, root: f32, eps: f32, thresholdBeta: f32,
  deadAfter: u32, auxMost: u32, followThreshold: u32, unused: u32,
}
@group(0) @binding(0) var<uniform> settings: Settings;`;
export const SETTINGS_BYTES = 80;

/** As read by `StepFigures`. */
const FIGURES = /* wgsl */ `
struct Figures {
  squared: f32, l1: f32, firing: f32, auxSquared: f32,
  spread: f32, auxFactor: f32, gradientNorm: f32, scale: f32,
  threshold: f32, auxK: u32,
}`;
export const FIGURES_WORDS = 10;
export const THRESHOLD_WORD = 8;

export const read = (buffer: BufferName, type = 'array<f32>'): Binding => ({ buffer, access: 'read', type });
export const write = (buffer: BufferName, type = 'array<f32>'): Binding => ({ buffer, access: 'read_write', type });
const FIGURES_READ = read('figures', 'Figures');

/** @param bindings the shader's variables */
function kernel(bindings: Bindings, code: string): Kernel {
  const list = Object.entries(bindings);
  const declarations = list.map(([name, { access, type }], i) => `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: ${type};`);
  const figures = list.some(([, { type }]) => type === 'Figures') ? FIGURES : '';
  return { code: [SETTINGS, figures, ...declarations, code].join('\n'), bindings: Object.values(bindings) };
}

export interface Product {
  bindings: Bindings;
  /** Rows, columns and inner size of the product, and its factors at (m, k) and (k, c), as WGSL. */
  size: readonly [rows: string, columns: string, inner: string];
  a: string;
  b: string;
  /** The index along which a factor lies in memory, so that neighbouring threads read neighbours. */
  along: readonly ['m' | 'k', 'k' | 'c'];
  /** What is done with the sum `s` of (m, c). */
  store: string;
}

/** A matrix product in tiles, with whatever happens to its sums fused in. Dispatched by columns, then rows. */
export function product({ bindings, size: [rows, columns, inner], a, b, along, store }: Product): Kernel {
  const place = (isInner: boolean) =>
    isInner ? `let four = at / ${DEPTH}u; let k = at % ${DEPTH}u;` : `let k = at / ${FOURS}u; let four = at % ${FOURS}u;`;
  // Written out: an array of sums indexed in a loop would not stay in registers.
  const each = (text: (row: number, half: number) => string) => Array.from({ length: 2 * SIDE }, (_, i) => text(i >> 1, i & 1)).join('\n');
  return kernel(
    bindings,
    /* wgsl */ `
var<workgroup> tileA: array<vec4<f32>, ${FOURS * DEPTH}>;
var<workgroup> tileB: array<vec4<f32>, ${FOURS * DEPTH}>;

fn factorA(m: u32, k: u32) -> f32 {
  if (m >= ${rows} || k >= ${inner}) { return 0.0; }
  return ${a};
}

fn factorB(k: u32, c: u32) -> f32 {
  if (c >= ${columns} || k >= ${inner}) { return 0.0; }
  return ${b};
}

fn finish(m: u32, firstColumn: u32, sums: vec4<f32>) {
  if (m >= ${rows}) { return; }
  for (var l = 0u; l < 4u; l++) {
    let c = firstColumn + l;
    if (c >= ${columns}) { return; }
    let s = sums[l];
    ${store}
  }
}

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let firstRow = group.y * ${TILE}u;
  let firstColumn = group.x * ${TILE}u;
  ${each((row, half) => `var s${row}${half} = vec4<f32>();`)}
  for (var start = 0u; start < ${inner}; start += ${DEPTH}u) {
    for (var at = thread; at < ${FOURS * DEPTH}u; at += ${SIDE * SIDE}u) {
      {
        ${place(along[0] === 'k')}
        let m = firstRow + 4u * four;
        let i = start + k;
        tileA[k * ${FOURS}u + four] = vec4<f32>(factorA(m, i), factorA(m + 1u, i), factorA(m + 2u, i), factorA(m + 3u, i));
      }
      {
        ${place(along[1] === 'k')}
        let c = firstColumn + 4u * four;
        let i = start + k;
        tileB[k * ${FOURS}u + four] = vec4<f32>(factorB(i, c), factorB(i, c + 1u), factorB(i, c + 2u), factorB(i, c + 3u));
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < ${DEPTH}u; k++) {
      let row = k * ${FOURS}u + 2u * local.y;
      let column = k * ${FOURS}u + 2u * local.x;
      let a0 = tileA[row];
      let a1 = tileA[row + 1u];
      let b0 = tileB[column];
      let b1 = tileB[column + 1u];
      ${each((row, half) => `s${row}${half} += a${row >> 2}[${row & 3}] * b${half};`)}
    }
    workgroupBarrier();
  }
  let m = firstRow + ${SIDE}u * local.y;
  let c = firstColumn + ${SIDE}u * local.x;
  ${each((row, half) => `finish(m + ${row}u, c + ${4 * half}u, s${row}${half});`)}
}`,
  );
}

/** `total` adds up a number of each thread, in a tree. */
const TOTAL = (threads: number) => /* wgsl */ `
var<workgroup> lanes: array<f32, ${threads}>;
fn total(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  lanes[thread] = value;
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    if (thread < half) { lanes[thread] += lanes[thread + half]; }
    workgroupBarrier();
  }
  return lanes[0];
}`;

/** `work` on each row `j` of W_dec by a workgroup; `at` is where the row begins. */
function eachLatent(bindings: Bindings, work: string, helpers = ''): Kernel {
  return kernel(
    bindings,
    /* wgsl */ `
${TOTAL(ROW_THREADS)}
${helpers}
@compute @workgroup_size(${ROW_THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var j = group.x; j < settings.n; j += groups.x) {
    let at = j * settings.d;
    ${work}
  }
}`,
  );
}

/** A loop of one thread over its numbers of a row. */
const alongRow = (body: string) => `for (var i = at + thread; i < at + settings.d; i += ${ROW_THREADS}u) { ${body} }`;

/** ‖W_dec row‖, or the least it counts as. */
const norms = (least: string) =>
  eachLatent(
    { weights: read('W_dec'), norms: write('norms') },
    `var mine = 0.0;
    ${alongRow('mine += weights[i] * weights[i];')}
    let norm = max(${least}, sqrt(total(mine, thread)));
    if (thread == 0u) { norms[j] = norm; }`,
  );
export const NORMS = norms('0.0');
export const CLAMPED_NORMS = norms(SMALLEST_NORM);

/** ∂L/∂W_k = (G_k − (G_k·Ŵ_k) Ŵ_k) / ‖W_k‖; below the clamp the norm is a constant. */
export const THROUGH_NORMS = eachLatent(
  { weights: read('W_dec'), norms: read('norms'), gradient: write('g_W_dec') },
  `let norm = norms[j];
    var mine = 0.0;
    ${alongRow('mine += gradient[i] * weights[i] / norm;')}
    var along = total(mine, thread);
    if (norm <= ${SMALLEST_NORM}) { along = 0.0; }
    ${alongRow('gradient[i] = (gradient[i] - along * weights[i] / norm) / norm;')}`,
);

/** The L1 term's pull on decoder rows; one of norm 0 has no direction. */
export const PULL_NORMS = kernel(
  { weights: read('W_dec'), norms: read('norms'), latentSums: read('sums'), gradient: write('g_W_dec') },
  /* wgsl */ `
@compute @workgroup_size(${ROW_THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var j = group.x; j < settings.n; j += groups.x) {
    if (norms[j] == 0.0) { continue; }
    let at = j * settings.d;
    let factor = settings.penalty * latentSums[j] / norms[j];
    ${alongRow('gradient[i] += factor * weights[i];')}
  }
}`,
);

/** Takes from each decoder row's gradient its part along the row. */
export const PROJECT = eachLatent(
  { weights: read('W_dec'), norms: read('norms'), gradient: write('g_W_dec') },
  `let inverse = 1.0 / (norms[j] + 1e-6);
    var mine = 0.0;
    ${alongRow('mine += gradient[i] * weights[i];')}
    let along = inverse * inverse * total(mine, thread);
    ${alongRow('gradient[i] -= along * weights[i];')}`,
);

/** Decoder rows of norm 1; float32's epsilon is added as the twin does. */
export const UNIT_ROWS = eachLatent(
  { weights: write('W_dec') },
  `var mine = 0.0;
    ${alongRow('mine += weights[i] * weights[i];')}
    let norm = sqrt(total(mine, thread)) + ${2 ** -23};
    ${alongRow('weights[i] /= norm;')}`,
);

export interface ColumnSums {
  /** `matrix` [rows, columns], `result` [columns], and what `each` and `last` read beside. */
  bindings: Bindings;
  rows: string;
  columns: string;
  /** The summand at row r, column c. */
  each: string;
  /** What is done with the sum `s` of column c. */
  last: string;
}

/** Sums down the columns of a matrix. Dispatched by COLUMNS columns. */
export function columnSums({ bindings, rows, columns, each, last }: ColumnSums): Kernel {
  return kernel(
    bindings,
    /* wgsl */ `
var<workgroup> shares: array<f32, ${THREADS}>;
@compute @workgroup_size(${COLUMNS}, ${SHARES})
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let c = group.x * ${COLUMNS}u + local.x;
  var mine = 0.0;
  if (c < ${columns}) {
    for (var r = local.y; r < ${rows}; r += ${SHARES}u) { mine += ${each}; }
  }
  shares[local.y * ${COLUMNS}u + local.x] = mine;
  workgroupBarrier();
  if (local.y > 0u || c >= ${columns}) { return; }
  var s = 0.0;
  for (var y = 0u; y < ${SHARES}u; y++) { s += shares[y * ${COLUMNS}u + local.x]; }
  ${last}
}`,
  );
}

/** Σ f and times active of each latent, silence and firing counts. Dispatched by COLUMNS latents. */
export const COUNT = kernel(
  {
    latents: read('f'),
    latentSums: write('sums'),
    hits: write('hits', 'array<u32>'),
    fired: write('fired', 'array<u32>'),
    silent: write('silent', 'array<u32>'),
  },
  /* wgsl */ `
var<workgroup> shares: array<vec2<f32>, ${THREADS}>;
@compute @workgroup_size(${COLUMNS}, ${SHARES})
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let j = group.x * ${COLUMNS}u + local.x;
  var mine = vec2<f32>();
  if (j < settings.n) {
    for (var r = local.y; r < settings.rows; r += ${SHARES}u) {
      let value = latents[r * settings.n + j];
      mine += vec2<f32>(value, select(0.0, 1.0, value > 0.0));
    }
  }
  shares[local.y * ${COLUMNS}u + local.x] = mine;
  workgroupBarrier();
  if (local.y > 0u || j >= settings.n) { return; }
  var both = vec2<f32>();
  for (var y = 0u; y < ${SHARES}u; y++) { both += shares[y * ${COLUMNS}u + local.x]; }
  let count = u32(both.y);
  latentSums[j] = both.x;
  hits[j] = count;
  fired[j] += count;
  silent[j] = select(silent[j] + settings.rows, 0u, count > 0u);
}`,
);

/** Adds up `each` number `i` below `count` into a slot of `partials`. Dispatched by GROUPS. */
export function partialSums(slot: number, bindings: Bindings, count: string, each: string): Kernel {
  return kernel(
    { ...bindings, partials: write('partials') },
    /* wgsl */ `
${TOTAL(THREADS)}
fn square(value: f32) -> f32 { return value * value; }
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
  var mine = 0.0;
  for (var i = group.x * ${THREADS}u + thread; i < ${count}; i += ${GROUPS * THREADS}u) { mine += ${each}; }
  let sum = total(mine, thread);
  if (thread == 0u) { partials[${slot * GROUPS}u + group.x] = sum; }
}`,
  );
}

/** The sum of a slot, by every thread of a workgroup of THREADS. */
const SLOT_SUM = /* wgsl */ `
fn slotSum(slot: u32, thread: u32) -> f32 {
  var mine = 0.0;
  if (thread < ${GROUPS}u) { mine = partials[slot * ${GROUPS}u + thread]; }
  return total(mine, thread);
}`;

/**
 * Losses, norm of the gradients and what clipping makes of them; one workgroup.
 * @param gradients tensors whose squares have a slot
 * @param l1 what `latentSums` of j is weighted by
 * @param withAuxiliary whether `figures` has been planned for dead latents
 */
export function figuresKernel(gradients: number, l1: 'none' | 'sums' | 'sums · norms', withAuxiliary: boolean): Kernel {
  const weighted = { none: '', sums: 'l1 += latentSums[j];', 'sums · norms': 'l1 += latentSums[j] * norms[j];' }[l1];
  return kernel(
    {
      partials: read('partials'),
      hits: read('hits', 'array<u32>'),
      figures: write('figures', 'Figures'),
      ...(l1 !== 'none' && { latentSums: read('sums') }),
      ...(l1 === 'sums · norms' && { norms: read('norms') }),
    },
    /* wgsl */ `
${TOTAL(THREADS)}
${SLOT_SUM}
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32) {
  var firing = 0.0;
  var l1 = 0.0;
  for (var j = thread; j < settings.n; j += ${THREADS}u) {
    firing += f32(hits[j]);
    ${weighted}
  }
  firing = total(firing, thread);
  l1 = total(l1, thread);
  let squared = slotSum(${SLOTS.squared}u, thread);
  let auxSquared = ${withAuxiliary ? `slotSum(${SLOTS.auxiliary}u, thread)` : '0.0'};
  var square = 0.0;
  for (var slot = ${SLOTS.gradients}u; slot < ${SLOTS.gradients + gradients}u; slot++) { square += slotSum(slot, thread); }
  if (thread > 0u) { return; }
  let norm = sqrt(square);
  figures.squared = squared;
  figures.l1 = l1;
  figures.firing = firing;
  figures.auxSquared = auxSquared;
  figures.gradientNorm = norm;
  figures.scale = select(1.0, settings.clip / (norm + 1e-6), norm > settings.clip);
}`,
  );
}

/** One step of Adam on one tensor, in the twin's order of operations. */
export function adam(name: ParameterName): Kernel {
  return kernel(
    { p: write(name), g: read(`g_${name}`), m: write(`m_${name}`), v: write(`v_${name}`), figures: FIGURES_READ },
    /* wgsl */ `
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) place: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = place.x; i < arrayLength(&p); i += groups.x * ${THREADS}u) {
    let gradient = g[i] * figures.scale;
    m[i] = settings.beta1 * m[i] + settings.rest1 * gradient;
    v[i] = settings.beta2 * v[i] + settings.rest2 * gradient * gradient;
    p[i] -= settings.stepSize * m[i] / (sqrt(v[i]) / settings.root + settings.eps);
  }
}`,
  );
}

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

/** Narrows the prefix by the bin in which the last wanted value lies. */
fn narrow(shift: u32) {
  if (shift == 24u) {
    var candidates = 0u;
    for (var b = 0u; b < 256u; b++) { candidates += atomicLoad(&bins[b]); }
    wanted = min(${isDead ? 'figures.auxK' : 'settings.k'}, candidates);
  }
  if (wanted == 0u) { prefix = 0xffffffffu; return; }
  var b = 255u;
  for (; b > 0u; b--) {
    let count = atomicLoad(&bins[b]);
    if (count >= wanted) { break; }
    wanted -= count;
  }
  prefix |= b << shift;
}

/** Last index among equals of the smallest that stays. */
fn findLimit(row: u32) {
  limit = settings.n;
  if (wanted == 0u || atomicLoad(&bins[prefix & 255u]) <= wanted) { return; }
  var left = wanted;
  for (var j = 0u; j < settings.n; j++) {
    if (bitsAt(row, j) != prefix) { continue; }
    left -= 1u;
    if (left == 0u) { limit = j; return; }
  }
}

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
