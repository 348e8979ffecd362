/** The optimiser, and decoder rows back to norm 1. */
import { CHUNK_GROUPS, GROUP, takeTask, word } from './layout';
import { Plan, TIED, TOPK } from './plan';
import { dotRows, fma, scaleRow } from './vectors';

/** float32 machine epsilon. */
const EPSILON: f32 = 1.1920929e-7;

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
