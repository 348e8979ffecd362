/** PCA and ICA on a hook's activations. */
import { centre, Moments } from '../../core/baselines/moments.ts';
import type { Directions } from '../../core/baselines/directions.ts';
import { fastIca, ICA_LIMITS, unmix, whiten } from '../../core/baselines/ica.ts';
import { keptEvery, type BaselineSettings } from '../../core/baselines/options.ts';
import { principalComponents } from '../../core/baselines/pca.ts';
import { rowsOfACall, type Products } from '../../core/baselines/products.ts';
import { SignFixer, turn } from '../../core/baselines/signs.ts';
import { throwIfStopped } from '../../core/errors.ts';
import { nextTask } from '../model/runtime.ts';
import { harvestRows, type HarvestJob } from './harvest.ts';
import type { BaselineProgress } from './make.ts';

interface FitJob extends Omit<HarvestJob, 'hook' | 'tokens'> {
  settings: BaselineSettings;
  width: number;
  /** Tokens that there are to fit on. */
  rows: number;
  products: Products;
  onProgress: (progress: BaselineProgress) => void;
}

export interface Fitted {
  directions: Directions;
  record: Record<string, unknown>;
}

/** @throws UsageError; AbortedError; EngineError */
export async function fitDirections(job: FitJob): Promise<Fitted> {
  const { settings, stop } = job;
  const { moments, kept } = await read(job);
  say(job, 0, 0, 'Finding the directions that vary most.');
  // So that the sentence gets out before the eigenvectors keep the worker busy.
  await nextTask();
  throwIfStopped(stop);
  const found = settings.kind === 'pca' ? pca(job, moments) : await ica(job, moments, kept!);
  const flipped = settings.signFixed ? await fixSigns(job, found.directions, kept!) : undefined;
  const record = {
    tokens: job.rows,
    kept_rows: kept ? kept.length / job.width : 0,
    components: found.directions.encoder.length / job.width,
    seed: settings.seed,
    sign_fixed: settings.signFixed,
    ...(flipped !== undefined && { signs_turned: flipped }),
    ...(settings.k !== undefined && { k: settings.k }),
    ...found.record,
  };
  return { directions: found.directions, record };
}

interface Read {
  /** Of all rows; for ICA of those kept, which are to be white. */
  moments: Moments;
  /** Every n-th row, at most MOST_ROWS; absent where only sums are needed. [rows, width] */
  kept?: Float32Array;
}

async function read(job: FitJob): Promise<Read> {
  const { settings, width, rows, products, stop } = job;
  const { kind, hook, signFixed } = settings;
  const moments = new Moments(width);
  const every = keptEvery(rows, width);
  const kept = kind === 'ica' || signFixed ? new Float32Array(Math.ceil(rows / every) * width) : undefined;
  let done = 0;
  for await (const batch of harvestRows({ ...job, hook, tokens: rows })) {
    const n = batch.length / width;
    for (let r = 0; kept && r < n; r++) {
      const row = done + r;
      if (row % every === 0) kept.set(batch.subarray(r * width, (r + 1) * width), (row / every) * width);
    }
    if (kind === 'pca') await addInPieces(moments, batch, products, stop);
    say(job, (done += n), rows, `Read ${done.toLocaleString('en')} of ${rows.toLocaleString('en')} tokens.`);
  }
  if (kind === 'ica') await addInPieces(moments, kept!, products, stop);
  return { moments, ...(kept && { kept }) };
}

async function addInPieces(moments: Moments, x: Float32Array, products: Products, stop: FitJob['stop']): Promise<void> {
  const rows = rowsOfACall(products, moments.d ** 2);
  for (const piece of piecesOf(x, rows * moments.d)) {
    throwIfStopped(stop);
    await moments.add(piece, products);
    await nextTask();
  }
}

function* piecesOf(x: Float32Array, length: number): Generator<Float32Array> {
  for (let at = 0; at < x.length; at += length) yield x.subarray(at, at + length);
}

function pca({ settings, width }: FitJob, moments: Moments): Fitted {
  const covariance = moments.covariance();
  const { eigenvalues, directions } = principalComponents(covariance, width, settings.components ?? width);
  let variance = 0;
  for (let i = 0; i < width; i++) variance += covariance[i * width + i];
  const explained = eigenvalues.reduce((sum, value) => sum + value, 0) / variance;
  return {
    directions: { d: width, encoder: directions, decoder: directions.slice(), mean: moments.mean },
    record: { variance_kept: explained, eigenvalues: [...eigenvalues] },
  };
}

async function ica(job: FitJob, moments: Moments, kept: Float32Array): Promise<Fitted> {
  const { settings, width, products, stop } = job;
  const whitening = whiten(moments.covariance(), width, settings.components);
  const c = whitening.components;
  const pieces = [];
  try {
    for (const piece of piecesOf(kept, width * rowsOfACall(products, 2 * c * Math.max(c, width)))) {
      throwIfStopped(stop);
      const z = await products.project(centre(piece, moments.mean), whitening.white, width);
      pieces.push(products.hold(Float64Array.from(z), c));
      await nextTask();
    }
    const pause = async () => {
      await nextTask();
      throwIfStopped(stop);
    };
    const onIteration = (iteration: number, change: number) => {
      const message = `Iteration ${iteration} of at most ${ICA_LIMITS.iterations}; the largest change is ${change.toPrecision(2)} and must fall below ${ICA_LIMITS.tolerance}.`;
      say(job, iteration, ICA_LIMITS.iterations, message);
    };
    const rows = kept.length / width;
    const unmixing = await fastIca({ pieces, products, rows, components: c, seed: settings.seed, pause, onIteration });
    const { iterations, converged, change } = unmixing;
    const found = unmix(unmixing, whitening);
    return {
      directions: { d: width, encoder: found.unmixing, decoder: found.mixing, mean: moments.mean },
      record: { iterations, converged, last_change: change, tolerance: ICA_LIMITS.tolerance },
    };
  } finally {
    for (const piece of pieces) piece.release();
  }
}

/** Turns directions by their largest scores on the kept rows. @returns how many were turned */
async function fixSigns({ width, products, stop }: FitJob, directions: Directions, kept: Float32Array): Promise<number> {
  const { encoder, decoder, mean } = directions;
  const fixer = new SignFixer(encoder.length / width);
  for (const piece of piecesOf(kept, width * rowsOfACall(products, encoder.length))) {
    throwIfStopped(stop);
    fixer.add(await products.project(centre(piece, mean!), encoder, width));
    await nextTask();
  }
  const signs = fixer.signs();
  turn(encoder, signs);
  turn(decoder, signs);
  return signs.filter((sign) => sign < 0).length;
}

function say({ onProgress }: FitJob, done: number, total: number, message: string): void {
  onProgress({ done, total, message });
}
