/** What happens to rows of weights: norms, gradients through them, Adam. */
import type { ParameterName } from '../../core/train/types.ts';
import { type Bindings, FIGURES_READ, type Kernel, THREADS, TOTAL, kernel, read, write } from './trainKernel.ts';

/** Threads that share a row of weights. */
const ROW_THREADS = 64;
/** A tied row below this norm is divided by it (the twin's clamp). */
const SMALLEST_NORM = '1e-8';

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
