/** Sums of a training step: columns, counts of latents, losses and the norm of the gradients. */
import { type Bindings, GROUPS, type Kernel, SLOTS, SLOT_SUM, THREADS, TOTAL, kernel, read, write } from './trainKernel.ts';

/** Columns of a workgroup that sums columns; THREADS / COLUMNS threads share one. */
export const COLUMNS = 64;
const SHARES = THREADS / COLUMNS;

interface ColumnSums {
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
