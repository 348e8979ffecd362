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

interface Binding {
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

export const THREADS = 256;
/** Workgroups of a sum over a whole buffer. */
export const GROUPS = 64;
/** Slots of `partials`. The gradients' come last. */
export const SLOTS = { squared: 0, spread: 1, auxiliary: 2, gradients: 3 } as const;
export const SLOT_COUNT = 7;

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
export const FIGURES_READ = read('figures', 'Figures');

/** @param bindings the shader's variables */
export function kernel(bindings: Bindings, code: string): Kernel {
  const list = Object.entries(bindings);
  const declarations = list.map(([name, { access, type }], i) => `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: ${type};`);
  const figures = list.some(([, { type }]) => type === 'Figures') ? FIGURES : '';
  return { code: [SETTINGS, figures, ...declarations, code].join('\n'), bindings: Object.values(bindings) };
}

/** `total` adds up a number of each thread, in a tree. */
export const TOTAL = (threads: number) => /* wgsl */ `
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

/** The sum of a slot, by every thread of a workgroup of THREADS. */
export const SLOT_SUM = /* wgsl */ `
fn slotSum(slot: u32, thread: u32) -> f32 {
  var mine = 0.0;
  if (thread < ${GROUPS}u) { mine = partials[slot * ${GROUPS}u + thread]; }
  return total(mine, thread);
}`;
