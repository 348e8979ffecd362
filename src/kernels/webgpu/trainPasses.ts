/** The dispatches of one training step, in order, for each architecture; the twin is src/core/train/architectures. */
import type { TrainableConfig } from '../../core/train/architectures/index.ts';
import type { ParameterName } from '../../core/train/types.ts';
import { GROUPS, read, SLOTS, write, type Bindings, type BufferName, type Kernel } from './trainKernel.ts';
import { product, TILE } from './trainProduct.ts';
import { adam, CLAMPED_NORMS, NORMS, PROJECT, PULL_NORMS, THROUGH_NORMS, UNIT_ROWS } from './trainRows.ts';
import { PLAN_AUXILIARY, selectLargest } from './trainSelect.ts';
import { columnSums, COLUMNS, COUNT, figuresKernel, partialSums } from './trainSums.ts';

export interface Pass {
  kernel: Kernel;
  /** Workgroups for a batch of so many rows. */
  groups: (rows: number) => readonly [x: number, y: number];
  /** Left out while no latent is dead; the device decides. */
  forDead?: boolean;
}

/** Workgroups that go through rows of weights or numbers in turns: within every device's limit. */
const MOST_GROUPS = 2 ** 15;
const [D, N, ROWS] = ['settings.d', 'settings.n', 'settings.rows'];

interface Sizes {
  d: number;
  n: number;
}

/** What the products of the architectures differ in. */
interface Form {
  isTied: boolean;
  encoder: ParameterName;
  /** x as the encoder sees it, and what reconstruction adds, at dim `i`. */
  centred: (value: string, i: string) => string;
  origin: (i: string) => string;
  /** Bindings these need. */
  beside: Bindings;
}

const TIED: Form = { isTied: true, encoder: 'W_dec', centred: (value) => value, origin: () => '', beside: {} };
const UNTIED: Form = {
  isTied: false,
  encoder: 'W_enc',
  centred: (value, i) => `${value} - origin[${i}]`,
  origin: (i) => ` + origin[${i}]`,
  beside: { origin: read('b_dec') },
};

/** Everything a step does on the device. */
export function listPasses(config: TrainableConfig, names: readonly ParameterName[]): Pass[] {
  const sizes = { d: config.d_in, n: config.d_sae };
  const form = formOf(config);
  const finish = [
    ...names.map((name, i) => squares(SLOTS.gradients + i, `g_${name}`, 'arrayLength(&values)')),
    one(figuresKernel(names.length, form.l1, form.isTopk)),
    ...names.map((name) => update(name, sizes)),
  ];
  return [...form.passes(sizes), ...finish, ...(form.isTopk ? [latentwise(UNIT_ROWS, sizes)] : [])];
}

/** What the shaders know of an architecture; one that stands here can run on them. */
interface WebgpuForm {
  /** From rows to gradients. */
  passes: (sizes: Sizes) => Pass[];
  /** What the sparsity term sums. */
  l1: 'none' | 'sums' | 'sums · norms';
  /** Keeps k latents of a row, with the auxiliary loss for dead ones, and decoder rows of norm 1. */
  isTopk: boolean;
}

const FORMS: Readonly<Record<string, WebgpuForm>> = {
  tied: { passes: tiedPasses, l1: 'sums', isTopk: false },
  standard: { passes: standardPasses, l1: 'sums · norms', isTopk: false },
  topk: { passes: topkPasses, l1: 'none', isTopk: true },
};

/** Settings of those that keep k latents. */
type TopkSettings = Extract<TrainableConfig, { architecture: 'topk' }>;

export function webgpuTrains({ architecture }: TrainableConfig): boolean {
  return Object.hasOwn(FORMS, architecture);
}

function formOf({ architecture }: TrainableConfig): WebgpuForm {
  const form = FORMS[architecture];
  if (!form) throw new Error(`The shaders do not train ${architecture}.`);
  return form;
}

/** The same settings where they are of TopK. @throws Error for an architecture that `webgpuTrains` denies */
export function topkSettings(config: TrainableConfig): TopkSettings | undefined {
  return formOf(config).isTopk ? (config as TopkSettings) : undefined;
}

function tiedPasses(sizes: Sizes): Pass[] {
  const penalty = 'settings.penalty';
  return [
    latentwise(CLAMPED_NORMS, sizes),
    encode(sizes, TIED, 'f'),
    reconstruct(sizes, TIED),
    squares(SLOTS.squared, 'error', `${ROWS} * ${D}`),
    columnwise(COUNT, sizes.n),
    ...backward(sizes, TIED, { ...MAIN, penalty }),
    latentwise(THROUGH_NORMS, sizes),
  ];
}

function standardPasses(sizes: Sizes): Pass[] {
  const penalty = 'settings.penalty * norms[c]';
  return [
    latentwise(NORMS, sizes),
    encode(sizes, UNTIED, 'f'),
    reconstruct(sizes, UNTIED),
    squares(SLOTS.squared, 'error', `${ROWS} * ${D}`),
    columnwise(COUNT, sizes.n),
    ...backward(sizes, UNTIED, { ...MAIN, penalty }),
    latentwise(PULL_NORMS, sizes),
    ...originGradient(sizes),
  ];
}

function topkPasses(sizes: Sizes): Pass[] {
  const rowwise = (kernel: Kernel): Pass => ({ kernel, groups: (rows) => [Math.min(rows, MOST_GROUPS), 1] });
  return [
    latentwise(NORMS, sizes),
    encode(sizes, UNTIED, 'p'),
    rowwise(selectLargest('all')),
    reconstruct(sizes, UNTIED),
    squares(SLOTS.squared, 'error', `${ROWS} * ${D}`),
    columnwise(COUNT, sizes.n),
    meanError(sizes),
    all(partialSums(SLOTS.spread, SPREAD, `${ROWS} * ${D}`, 'square(error[i] - means[i % settings.d])')),
    one(PLAN_AUXILIARY),
    ...backward(sizes, UNTIED, MAIN),
    ...[
      rowwise(selectLargest('dead')),
      reconstructRest(sizes),
      squares(SLOTS.auxiliary, 'rest', `${ROWS} * ${D}`),
      ...backward(sizes, UNTIED, AUXILIARY),
    ].map((pass) => ({ ...pass, forDead: true })),
    ...originGradient(sizes),
    latentwise(PROJECT, sizes),
  ];
}

const SPREAD = { error: read('error'), means: read('means') };

/** Where a backward pass starts, the weight of its error, and whether gradients are already there. */
interface Backward {
  error: BufferName;
  factor: string;
  /** What df has beside the error's part. */
  penalty?: string;
  adds: boolean;
}

const MAIN: Backward = { error: 'error', factor: 'settings.errorFactor', adds: false };
const AUXILIARY: Backward = { error: 'rest', factor: 'figures.auxFactor', adds: true };

function tiled(rows: (rows: number) => number, columns: number, kernel: Kernel): Pass {
  return { kernel, groups: (count) => [Math.ceil(columns / TILE), Math.ceil(rows(count) / TILE)] };
}

/** ReLU(W_enc x + b_enc); tied rows are divided by their norms here, so that no normalised copy is kept. */
function encode({ n }: Sizes, { isTied, encoder, centred, beside }: Form, target: 'f' | 'p'): Pass {
  const norms: Bindings = isTied ? { norms: read('norms') } : {};
  return tiled(
    (rows) => rows,
    n,
    product({
      bindings: { x: read('x'), weights: read(encoder), bias: read('b_enc'), ...norms, ...beside, latents: write(target) },
      size: [ROWS, N, D],
      a: centred('x[m * settings.d + k]', 'k'),
      b: 'weights[c * settings.d + k]',
      along: ['k', 'k'],
      store: `latents[m * settings.n + c] = max(0.0, s${isTied ? ' / norms[c]' : ''} + bias[c]);`,
    }),
  );
}

/** x̂ − x */
function reconstruct({ d }: Sizes, { isTied, origin, beside }: Form): Pass {
  const norms: Bindings = isTied ? { norms: read('norms') } : {};
  return tiled(
    (rows) => rows,
    d,
    product({
      bindings: { f: read('f'), weights: read('W_dec'), x: read('x'), ...norms, ...beside, error: write('error') },
      size: [ROWS, D, N],
      a: `f[m * settings.n + k]${isTied ? ' / norms[k]' : ''}`,
      b: 'weights[k * settings.d + c]',
      along: ['k', 'c'],
      store: `let at = m * settings.d + c; error[at] = s${origin('c')} - x[at];`,
    }),
  );
}

/** What dead latents leave of the error, which the twin counts as given. */
function reconstructRest({ d }: Sizes): Pass {
  return tiled(
    (rows) => rows,
    d,
    product({
      bindings: { f: read('f'), weights: read('W_dec'), error: read('error'), rest: write('rest') },
      size: [ROWS, D, N],
      a: 'f[m * settings.n + k]',
      b: 'weights[k * settings.d + c]',
      along: ['k', 'c'],
      store: 'let at = m * settings.d + c; rest[at] = s + error[at];',
    }),
  );
}

/** Gradients of W_dec, then of the latents in their own place, then of b_enc and the encoder. */
function backward(sizes: Sizes, form: Form, from: Backward): Pass[] {
  const { d, n } = sizes;
  const { isTied, encoder, centred, beside } = form;
  const { error, factor, penalty } = from;
  const sign = from.adds ? '+=' : '=';
  const figures: Bindings = from.adds ? { figures: read('figures', 'Figures') } : {};
  const norms: Bindings = isTied || penalty?.includes('norms') ? { norms: read('norms') } : {};
  const ofDecoder = product({
    bindings: { f: read('f'), error: read(error), ...figures, gradient: write('g_W_dec') },
    size: [N, D, ROWS],
    a: 'f[k * settings.n + m]',
    b: 'error[k * settings.d + c]',
    along: ['m', 'c'],
    store: `gradient[m * settings.d + c] ${sign} ${factor} * s;`,
  });
  const slope = `${factor} * s${isTied ? ' / norms[c]' : ''}${penalty ? ` + ${penalty}` : ''}`;
  const ofLatents = product({
    bindings: { error: read(error), weights: read('W_dec'), ...figures, ...norms, f: write('f') },
    size: [ROWS, N, D],
    a: 'error[m * settings.d + k]',
    b: 'weights[c * settings.d + k]',
    along: ['k', 'k'],
    store: `let at = m * settings.n + c; f[at] = select(0.0, ${slope}, f[at] > 0.0);`,
  });
  const ofBias = columnSums({
    bindings: { slopes: read('f'), gradient: write('g_b_enc') },
    rows: ROWS,
    columns: N,
    each: 'slopes[r * settings.n + c]',
    last: `gradient[c] ${sign} s;`,
  });
  const ofEncoder = product({
    bindings: { slopes: read('f'), x: read('x'), ...beside, gradient: write(`g_${encoder}`) },
    size: [N, D, ROWS],
    a: 'slopes[k * settings.n + m]',
    b: centred('x[k * settings.d + c]', 'c'),
    along: ['m', 'c'],
    store: `gradient[m * settings.d + c] ${isTied ? '+=' : sign} s;`,
  });
  return [tiled(() => n, d, ofDecoder), tiled((rows) => rows, n, ofLatents), columnwise(ofBias, n), tiled(() => n, d, ofEncoder)];
}

/** b_dec adds to x̂ and is taken from x; that of the first goes before, because the second needs all of b_enc's. */
function originGradient({ d }: Sizes): Pass[] {
  const gradient = write('g_b_dec');
  const ofOutput = columnSums({
    bindings: { error: read('error'), gradient },
    rows: ROWS,
    columns: D,
    each: 'error[r * settings.d + c]',
    last: 'gradient[c] = settings.errorFactor * s;',
  });
  const ofInput = columnSums({
    bindings: { weights: read('W_enc'), slopes: read('g_b_enc'), gradient },
    rows: N,
    columns: D,
    each: 'slopes[r] * weights[r * settings.d + c]',
    last: 'gradient[c] -= s;',
  });
  return [columnwise(ofOutput, d), columnwise(ofInput, d)];
}

function meanError({ d }: Sizes): Pass {
  const kernel = columnSums({
    bindings: { error: read('error'), means: write('means') },
    rows: ROWS,
    columns: D,
    each: 'error[r * settings.d + c]',
    last: 'means[c] = s / f32(settings.rows);',
  });
  return columnwise(kernel, d);
}

function squares(slot: number, buffer: BufferName, count: string): Pass {
  return all(partialSums(slot, { values: read(buffer) }, count, 'square(values[i])'));
}

function update(name: ParameterName, { d, n }: Sizes): Pass {
  const count = name === 'b_dec' ? d : name === 'b_enc' ? n : n * d;
  return { kernel: adam(name), groups: () => [Math.min(Math.ceil(count / 256), MOST_GROUPS), 1] };
}

const latentwise = (kernel: Kernel, { n }: Sizes): Pass => ({ kernel, groups: () => [Math.min(n, MOST_GROUPS), 1] });
const columnwise = (kernel: Kernel, columns: number): Pass => ({ kernel, groups: () => [Math.ceil(columns / COLUMNS), 1] });
const all = (kernel: Kernel): Pass => ({ kernel, groups: () => [GROUPS, 1] });
const one = (kernel: Kernel): Pass => ({ kernel, groups: () => [1, 1] });
