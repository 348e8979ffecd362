/**
 * `npm run bench:train [-- --only start,ours,page,memory,tfjs,torch] [--shape 2048x1024]`: training steps of the tied
 * dictionary, ours in built Chromium beside tfjs and PyTorch, on the same rows from the same weights, in one run; the
 * start of a run: its first hundred steps, and how long until a curve is there; then a run in the page, reading the
 * model's activations included, and memory over 2,000 steps.
 * FEATURESCOPE_PYTHON names a Python with torch. docs/benchmarks.md holds the latest figures.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { benchFirstPoint, printFirstSteps, START_SHAPES, START_STEPS } from './benchStart.mjs';
import { line, median, serveFolder } from './benchTools.mjs';
import { bundle } from './bundle.mjs';
import { launchChromium } from './chromium.mjs';
import prepare from './prepare.mjs';

/** @typedef {{ d: number, n: number, batch: number }} Shape */
/** @typedef {{ losses: number[], milliseconds: number[] }} Timed */

const option = (/** @type {string} */ name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const only = option('--only')?.split(',');
const wants = (/** @type {string} */ part) => !only || only.includes(part);
/** @type {Shape[]} */
const SHAPES = [2048, 4096].flatMap((n) => [1024, 2048].map((batch) => ({ d: 512, n, batch })));
const shapes = SHAPES.filter(({ n, batch }) => [undefined, `${n}x${batch}`].includes(option('--shape')));

/** Ours is timed once L0 has fallen below 5 % of n; the work of the others does not depend on it. */
const OURS = { warmUp: (/** @type {Shape} */ { n }) => (n > 2048 ? 224 : 64), steps: 15 };
/** It takes seconds a step here: as many as fit, at least one. */
const TFJS = { warmUp: 1, steps: 6, mostMs: 10_000 };
const TORCH = { warm_up: 5, steps: 10, least_ms: 2000, most_s: 20 };
/** Compiling takes most of it. */
const TORCH_MS = 180_000;
const THREADS = 2;
/** Ours, and a peer of which at least one step is wanted. */
const LONGEST_MS = { ours: 300_000, oursGpu: 75_000, tfjs: 75_000 };
const GROWTH = { d: 64, n: 256, batch: 256 };
const GROWTH_STEPS = [100, 2000];
/** Four buffers of the default 32 MiB; the first, with the start of the run, is left out. */
const PAGE = { hook: 'blocks.3.hook_resid_post', batch: 1024, stepsPerBuffer: 32, buffers: 4, latents: [2048, 4096] };

/** Largest relative difference of losses over the steps both made. @param {number[]} a @param {number[]} b */
function difference(a, b) {
  const count = Math.min(a.length, b.length);
  return Math.max(...a.slice(0, count).map((loss, i) => Math.abs(loss - b[i]) / Math.abs(b[i])));
}

async function buildPage() {
  await prepare();
  await build({
    configFile: false,
    root: 'test/bench-train',
    base: './',
    worker: { format: 'es' },
    // tfjs's threads break when the code around them is minified.
    build: { outDir: join(process.cwd(), 'dist-bench/train'), emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', minify: false },
    logLevel: 'error',
  });
}

/** @param {Shape} shape @param {typeof ask} ask @returns {Promise<number[]>} the losses */
async function benchOurs(shape, ask) {
  /** @type {number[]} */
  let losses = [];
  for (const threads of [THREADS, 1]) {
    const r = await ask('ours', { ...shape, steps: OURS.steps, warmUp: OURS.warmUp(shape), threads });
    const [encoder, sparse, optimiser] = [0, 1, 2].map((i) => median(r.split.map((/** @type {number[]} */ split) => split[i])).toFixed(1));
    const parameters = 4 * (shape.d * shape.n + shape.n);
    const bound = 6 * parameters + 12 * shape.batch * (shape.d + shape.n);
    line(
      `ours, ${r.kernels}, ${r.threads} thread(s)`,
      shape,
      r.milliseconds,
      `encoder ${encoder}, sparse ${sparse}, optimiser ${optimiser}`,
    );
    if (losses.length === 0) {
      const share = ((100 * r.l0) / shape.n).toFixed(1);
      const mb = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
      console.log(
        `    L0 ${r.l0.toFixed(0)}, ${share} % of n, after ${OURS.warmUp(shape)} steps; ${mb(r.bytes)} MB held, bound ${mb(bound)} MB`,
      );
      losses = r.losses;
    } else
      console.log(
        `    losses ${difference(r.losses, losses) === 0 ? 'the same to the last bit' : 'DIFFERENT'} with either number of threads`,
      );
  }
  return losses;
}

/** @param {Shape} shape @param {typeof ask} ask @param {number[]} losses */
async function benchTfjs(shape, ask, losses) {
  try {
    const r = await ask('oursGpu', { ...shape, ...TFJS });
    line('ours, WebGPU, software adapter', shape, r.milliseconds, agreement(r.losses, losses));
  } catch (error) {
    console.log(`  ours, WebGPU, software adapter: did not run: ${String(error).split('\n')[0].slice(0, 200)}`);
  }
  for (const [backend, note] of [
    ['wasm', ', 1 thread'],
    ['webgpu', ', software adapter'],
  ]) {
    try {
      const r = await ask('tfjs', { ...shape, ...TFJS, backend });
      line(`tfjs eager, ${r.backend}${note}`, shape, r.milliseconds, agreement(r.losses, losses));
    } catch (error) {
      console.log(`  tfjs eager, ${backend}${note}: did not run: ${String(error).split('\n')[0].slice(0, 200)}`);
    }
  }
}

/** @param {number[]} got @param {number[]} losses of ours */
function agreement(got, losses) {
  if (losses.length === 0) return '';
  const worst = difference(got, losses.slice(0, 20));
  return `losses agree to ${worst.toExponential(0)}${worst < 1e-3 ? '' : ': NOT THE SAME WORK'}`;
}

/** @returns {string | undefined} a Python that imports torch */
function findPython() {
  return [process.env.FEATURESCOPE_PYTHON, 'python3'].find((python) => {
    if (!python) return false;
    try {
      execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * @param {Shape} shape
 * @param {string} python
 * @param {object} task what to time, for train.py
 * @returns {Promise<{ version: string, results: Record<string, Timed | { error: string }> }>}
 */
async function runTorch(shape, python, task) {
  const data = await import(pathToFileURL(await bundle('test/bench-train/data.ts')).href);
  const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
  try {
    const [x, w, job] = ['x', 'w', 'job.json'].map((name) => join(folder, name));
    writeFileSync(x, Buffer.concat(data.makeBatches(shape).map((/** @type {Float32Array} */ rows) => Buffer.from(rows.buffer))));
    writeFileSync(w, Buffer.from(data.makeWeights(shape).buffer));
    writeFileSync(job, JSON.stringify({ ...shape, ...task, alpha: data.ALPHA, threads: THREADS, x, w }));
    const output = execFileSync(python, ['test/bench-train/train.py', job], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TORCH_MS,
    });
    const { version, ...results } = JSON.parse(output);
    return { version, results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Shape} shape @param {string} python @param {number[]} losses */
async function benchTorch(shape, python, losses) {
  try {
    const { version, results } = await runTorch(shape, python, TORCH);
    for (const [name, result] of Object.entries(results)) {
      if ('error' in result) console.log(`  PyTorch ${name}: did not run: ${result.error}`);
      else line(`PyTorch ${version} ${name}, ${THREADS} threads`, shape, result.milliseconds, agreement(result.losses, losses));
    }
  } catch (error) {
    console.log(`  PyTorch: did not run: ${String(error).split('\n')[0].slice(0, 200)}`);
  }
}

/** The first hundred steps of both. @param {Shape} shape @param {typeof ask} ask @param {string | undefined} python */
async function benchFirstSteps(shape, ask, python) {
  const ours = await ask('ours', { ...shape, warmUp: 0, steps: START_STEPS, threads: THREADS });
  const task = { warm_up: 0, steps: START_STEPS, least_ms: 0, most_s: 0, only: ['eager'] };
  const eager = python ? (await runTorch(shape, python, task)).results.eager : undefined;
  printFirstSteps(shape, ours.milliseconds, eager && 'milliseconds' in eager ? eager.milliseconds : undefined);
}

/** A run of the product, as a person starts it: reading activations, shuffling, training, checkpoints every 20 s. @param {string} url */
async function benchPage(url) {
  const { hook, batch, stepsPerBuffer, buffers, latents } = PAGE;
  for (const d_sae of latents) {
    const page = await browser.newPage();
    await page.goto(url);
    const config = { dictionaries: { hook, d_sae }, tokens: batch * stepsPerBuffer * buffers, batch, evaluate_every: 0 };
    const result = await page.evaluate(`(async () => {
      const f = window.featurescope;
      await f.ready;
      const { d_model } = f.models.current();
      const started = performance.now();
      const seen = [];
      const run = await f.train(${JSON.stringify(config)}, { onProgress: (info) => seen.push([performance.now(), info.step, info.kernels, info.threads]) });
      const { dictionaries: [{ metrics }] } = await run.done;
      const from = seen.find(([, step]) => step >= ${stepsPerBuffer});
      const first = seen.find(([, step]) => step >= 1);
      const end = seen.find(([, step]) => step >= ${stepsPerBuffer * buffers}) ?? seen.at(-1);
      return { d_model, first: first[0] - started, ms: end[0] - from[0], steps: end[1] - from[1], kernels: end[2], threads: end[3], l0: metrics.l0 };
    })()`);
    await page.close();
    const { d_model, first, ms, steps, kernels, threads, l0 } = result;
    const rate = ((1000 * steps * batch) / ms).toFixed(0);
    console.log(
      `  d ${d_model}, n ${d_sae}: ${rate} tokens/s over ${steps} steps (${kernels}, ${threads} threads, L0 ${l0.toFixed(0)} at the end); first step ${(first / 1000).toFixed(1)} s after the call`,
    );
  }
}

/** Bytes of the trainer, and of the whole page with its workers, between stretches of steps. @param {string} url */
async function benchMemory(url) {
  const page = await browser.newPage();
  await page.goto(url);
  let made = 0;
  for (const steps of GROWTH_STEPS) {
    const bytes = await page.evaluate(`window.bench('grow', ${JSON.stringify({ ...GROWTH, steps: steps - made })})`);
    made = steps;
    const whole = await page.evaluate('performance.measureUserAgentSpecificMemory().then(({ bytes }) => bytes)');
    console.log(`  after ${steps} steps: trainer ${bytes} bytes, page and workers ${(whole / 1e6).toFixed(2)} MB`);
  }
  await page.close();
}

if (wants('tfjs') && !existsSync('node_modules/@tensorflow/tfjs-core')) {
  throw new Error('The peers of this benchmark are not installed. Run `npm install`.');
}
await buildPage();
const { url, close } = await serveFolder('dist-bench/train');
const browser = await launchChromium();

/** A fresh page for each question, so that nobody pays for another's memory. @param {keyof typeof LONGEST_MS} method @param {object} argument */
async function ask(method, argument) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.log('page error:', error.message));
  try {
    await page.goto(url);
    const answer = page.evaluate(`window.bench('${method}', ${JSON.stringify(argument)})`);
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`no answer within ${LONGEST_MS[method] / 1000} s`)), LONGEST_MS[method]).unref();
    });
    return await Promise.race([answer, late]);
  } finally {
    await page.close();
  }
}

const python = wants('torch') || wants('start') ? findPython() : undefined;
console.log(
  `${cpus()[0].model.trim()}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}, Chromium ${browser.version()}`,
);
if ((wants('torch') || wants('start')) && !python)
  console.log('PyTorch is not importable here (set FEATURESCOPE_PYTHON), so it is left out.');
const titleOf = (/** @type {Shape} */ { d, n, batch }) => `\ntied, d ${d}, n ${n}, batch ${batch}: one step`;
for (const shape of wants('start') ? START_SHAPES : []) {
  console.log(`\nthe start: tied, d ${shape.d}, n ${shape.n}, batch ${shape.batch}, ${THREADS} threads`);
  await benchFirstSteps(shape, ask, python);
}
if (wants('start')) {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'ignore' });
  const product = await serveFolder('dist');
  await benchFirstPoint(browser, product.url);
  product.close();
}
/** @type {Map<Shape, number[]>} */
const losses = new Map();
for (const shape of wants('ours') || (python && wants('torch')) ? shapes : []) {
  console.log(titleOf(shape));
  losses.set(shape, wants('ours') ? await benchOurs(shape, ask) : []);
  if (python && wants('torch')) await benchTorch(shape, python, losses.get(shape) ?? []);
}
if (wants('page')) {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'ignore' });
  const product = await serveFolder('dist');
  console.log(`\nin the page, bookworm-9m, ${PAGE.hook}, batch ${PAGE.batch}: reading activations included`);
  await benchPage(product.url);
  product.close();
}
if (wants('memory')) {
  console.log(`\nmemory, tied, d ${GROWTH.d}, n ${GROWTH.n}, batch ${GROWTH.batch}, 2 threads`);
  await benchMemory(url);
}
// Last: what the software adapter was given goes on for minutes after its page is closed, and would slow the others.
for (const shape of wants('tfjs') ? shapes : []) {
  console.log(titleOf(shape));
  await benchTfjs(shape, ask, losses.get(shape) ?? []);
}
await browser.close();
close();
process.exit(0);
