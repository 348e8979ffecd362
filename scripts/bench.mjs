/**
 * `npm run bench [-- --only forward,edit,generate,open,size,encode,features,keystroke,frames,pythia]`: measures the built page in Chromium and
 * prints ratios against named peers measured in the same run. docs/benchmarks.md holds the latest figures.
 */
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { benchFirstFeatures, benchFrames, benchKeystroke } from './benchExplore.mjs';
import { benchEncode } from './benchKernels.mjs';
import { memoryOf, serveFolder } from './benchTools.mjs';
import { launchChromium } from './chromium.mjs';
import prepare from './prepare.mjs';

const ROUNDS = 7;
const BATCH = 16;
const POS = 256;
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : undefined;
const wants = (/** @type {string} */ part) => !only || only.includes(part);

const fixed = (/** @type {number} */ x, digits = 1) => x.toFixed(digits);
const percent = (/** @type {number} */ x) => `${(100 * x).toFixed(0)} %`;

/** Median milliseconds of a function in the page, which calls `measure(work)`. */
const MEASURE = `async function measure(rounds, work) {
  await work();
  const times = [];
  for (let i = 0; i < rounds; i++) { const t = performance.now(); await work(i); times.push(performance.now() - t); }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}`;

/** @param {import('playwright-core').Browser} browser @param {string} url */
async function openPage(browser, url) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.log('page error:', error.message));
  await page.goto(url);
  return page;
}

/** @param {import('playwright-core').Browser} browser @param {string} app @param {string} peers */
async function benchForward(browser, app, peers) {
  const page = await openPage(browser, app);
  const ours = await page.evaluate(`(async () => { ${MEASURE}
    const f = window.featurescope; await f.ready;
    const batch = Array.from({ length: ${BATCH} }, (_, r) => Array.from({ length: ${POS} }, (_, p) => ((r * ${POS} + p) * 31) % 8000));
    const ms = await measure(${ROUNDS}, () => f.run({ batch }, { read: ['blocks.5.hook_resid_post'] }));
    return { ms, device: f.device().description, model: f.models.current() };
  })()`);
  await page.close();
  const peer = await openPage(browser, peers);
  const { d_model: D, d_mlp: M, n_layers: L } = ours.model;
  const shapes = [
    [D, 3 * D],
    [D, D],
    [D, M],
    [M, D],
  ];
  const ask = (/** @type {string} */ method, /** @type {object} */ argument) =>
    peer.evaluate(`window.peers('${method}', ${JSON.stringify(argument)})`);
  const matmuls = await ask('matmuls', { shapes, tokens: BATCH * POS, rounds: ROUNDS });
  const whole = await ask('transformersForward', { batch: BATCH, pos: POS, base: `${new URL(app).pathname}models/`, rounds: 3 });
  await peer.close();
  const tokens = BATCH * POS;
  const products = L * matmuls.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
  console.log(`forward to the last residual, batch ${BATCH} × ${POS}, no unembedding (${ours.device})`);
  console.log(`  ours                               ${fixed(ours.ms)} ms   ${fixed((1000 * tokens) / ours.ms, 0)} tokens/s`);
  console.log(`  onnxruntime-web MatMul, same shapes ${fixed(products)} ms   ours reaches ${percent(products / ours.ms)} of it (aim 60 %)`);
  console.log(
    `  transformers.js forward, same file  ${fixed(whole)} ms   ${fixed((1000 * tokens) / whole, 0)} tokens/s (logits of every position included); ours is ${fixed(whole / ours.ms)} × as fast`,
  );
}

/** @param {import('playwright-core').Browser} browser @param {string} app */
async function benchEdit(browser, app) {
  const page = await openPage(browser, app);
  const r = await page.evaluate(`(async () => { ${MEASURE}
    const f = window.featurescope; await f.ready;
    const ids = Array.from({ length: ${POS} }, (_, p) => (p * 31) % 8000);
    const vector = new Float32Array(f.models.current().d_model).fill(0.1);
    const edits = [{ hook: 'blocks.5.hook_resid_pre', op: 'add', vector }];
    const { acts } = await f.run({ ids }, { read: ['blocks.5.hook_resid_pre'] });
    const from = { layer: 5, resid: acts['blocks.5.hook_resid_pre'] };
    // Another text each time, or the engine would remember the blocks below the edit.
    const other = (i = -1) => ids.map((id) => (id + 17 * (i + 2)) % 8000);
    const whole = await measure(${3 * ROUNDS}, (i) => f.run({ ids: other(i) }, { edits, logits: 'last' }));
    const repeated = await measure(${3 * ROUNDS}, () => f.run({ ids }, { edits, logits: 'last' }));
    const cached = await measure(${3 * ROUNDS}, () => f.run({ ids }, { edits, logits: 'last', from }));
    return { whole, repeated, cached };
  })()`);
  await page.close();
  console.log(`edit at blocks.5.hook_resid_pre, ${POS} tokens, last row unembedded`);
  console.log(`  whole run ${fixed(r.whole)} ms, from cache ${fixed(r.cached)} ms: ${percent(r.cached / r.whole)} of it (aim 25 %)`);
  console.log(`  the same text again, residuals remembered: ${fixed(r.repeated)} ms`);
}

/** @param {import('playwright-core').Browser} browser @param {string} app */
async function benchGenerate(browser, app) {
  const page = await openPage(browser, app);
  const r = await page.evaluate(`(async () => { ${MEASURE}
    const f = window.featurescope; await f.ready;
    const prompt = Array.from({ length: 64 }, (_, p) => (p * 31) % 8000);
    const TOKENS = 64;
    const generate = () => f.generate({ ids: prompt }, { tokens: TOKENS, temperature: 1, seed: 1 });
    const produced = (await generate()).ids.length;
    const cached = await measure(3, generate);
    const uncached = await measure(1, async () => {
      const ids = [...prompt];
      for (let i = 0; i < produced; i++) { await f.run({ ids }, { logits: 'last' }); ids.push((i * 31) % 8000); }
    });
    return { produced, cached, uncached };
  })()`);
  await page.close();
  const rate = (/** @type {number} */ ms) => (1000 * r.produced) / ms;
  console.log(`generation, ${r.produced} tokens after 64`);
  console.log(
    `  keys and values cached ${fixed(rate(r.cached))} tokens/s, whole prefix each time ${fixed(rate(r.uncached))} tokens/s: ${fixed(r.uncached / r.cached)} × as fast`,
  );
}

/** Milliseconds from navigation to the first predictions on screen. @param {import('playwright-core').Page} page @param {string} app */
async function openToPredictions(page, app) {
  const start = performance.now();
  await page.goto(app, { waitUntil: 'commit' });
  await page.waitForSelector('table.predictions tbody .token-button, table.predictions tbody .token-sample', { timeout: 60_000 });
  return performance.now() - start;
}

/** @param {string} app */
async function benchOpen(app) {
  const cold = [];
  const warm = [];
  for (let i = 0; i < 3; i++) {
    const browser = await launchChromium();
    const page = await browser.newPage();
    cold.push(await openToPredictions(page, app));
    await page.waitForTimeout(500);
    warm.push(await openToPredictions(page, app));
    await browser.close();
  }
  const mid = (/** @type {number[]} */ xs) => xs.sort((a, b) => a - b)[1];
  console.log('page open to first predictions on screen (localhost, median of 3)');
  console.log(`  cold ${fixed(mid(cold) / 1000, 2)} s, warm ${fixed(mid(warm) / 1000, 2)} s (aim 2 s warm)`);
}

/** JavaScript the page needs before it can paint: the entry and everything it imports statically. */
function benchSize() {
  const html = readFileSync('dist/index.html', 'utf8');
  const seen = new Set([...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((m) => m[1]));
  for (const file of seen) {
    for (const m of readFileSync(join('dist', file), 'utf8').matchAll(/\bfrom\s*"\.\/([\w.-]+\.js)"|\bimport\s*"\.\/([\w.-]+\.js)"/g))
      seen.add(`assets/${m[1] ?? m[2]}`);
  }
  const bytes = [...seen].reduce((sum, file) => sum + gzipSync(readFileSync(join('dist', file))).length, 0);
  console.log(`JavaScript before first paint: ${fixed(bytes / 1000)} KB gzip in ${seen.size} file(s) (aim under 150)`);
}

/** @param {string} app */
async function benchPythia(app) {
  const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
  try {
    const source = 'test/fixtures/models/pythia-70m-shape';
    const model = join(folder, 'model.onnx');
    await pipeline(createReadStream(join(source, 'model.onnx.gz')), createGunzip(), createWriteStream(model));
    const browser = await launchChromium();
    // A model name that does not exist leaves the page as it is without a model.
    const page = await openPage(browser, `${app}?model=none`);
    await page.evaluate('window.featurescope.ready.catch(() => {})');
    await page.waitForTimeout(1500);
    const devtools = await browser.newBrowserCDPSession();
    const renderers = async () =>
      (await devtools.send('SystemInfo.getProcessInfo')).processInfo.filter((p) => p.type === 'renderer').map((p) => p.id);
    const resting = new Map((await renderers()).map((pid) => [pid, memoryOf(pid)]));
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input type=file id=bench multiple hidden>')");
    await page.setInputFiles('#bench', [model, join(source, 'config.json')]);
    const r = await page.evaluate(`(async () => { ${MEASURE}
      const f = window.featurescope;
      const start = performance.now();
      const info = await f.models.load([...document.getElementById('bench').files]);
      const seconds = (performance.now() - start) / 1000;
      return { seconds, bytes: info.bytes };
    })()`);
    // The page's own renderer is the one that grew; Chromium keeps spare ones.
    const grown = (/** @type {number} */ pid) => memoryOf(pid).peak - (resting.get(pid)?.peak ?? Infinity);
    const pid = (await renderers()).sort((a, b) => grown(b) - grown(a))[0];
    const before = resting.get(pid) ?? memoryOf(pid);
    const loading = memoryOf(pid);
    await page.waitForTimeout(3000);
    const after = memoryOf(pid);
    const rate = await page.evaluate(`(async () => { ${MEASURE}
      const f = window.featurescope;
      const batch = Array.from({ length: 4 }, (_, r) => Array.from({ length: 256 }, (_, p) => ((r * 256 + p) * 31) % 50000));
      const forward = await measure(3, () => f.run({ batch }, { read: ['blocks.5.hook_resid_post'] }));
      const single = await measure(3, (i = 3) => f.run({ ids: batch[i] }, { logits: 'last' }));
      return { forward: 1024 / forward * 1000, single };
    })()`);
    await browser.close();
    const times = (/** @type {number} */ bytes) => `${fixed(bytes / r.bytes, 2)} ×`;
    console.log(`pythia-70m-shape (${fixed(r.bytes / 1e6)} MB of fp32 parameters), from a file on disk`);
    console.log(
      `  load ${fixed(r.seconds, 2)} s; renderer peak ${times(loading.peak - before.peak)} the fp32 bytes while loading (aim 3), ${times(after.now - before.now)} after (aim 2.3)`,
    );
    console.log(
      `  forward to the last residual, 4 × 256: ${fixed(rate.forward, 0)} tokens/s; 256 tokens with the last row unembedded ${fixed(rate.single)} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await prepare();
await build({ logLevel: 'warn' });
await build({
  configFile: false,
  root: 'test/bench',
  base: './',
  publicDir: join(process.cwd(), 'public'),
  worker: { format: 'es' },
  build: { outDir: join(process.cwd(), 'dist-bench'), emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022' },
  logLevel: 'error',
});
const app = await serveFolder('dist');
const peers = await serveFolder('dist-bench');
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`);
if (wants('size')) benchSize();
if (wants('open')) await benchOpen(app.url);
if (wants('features')) await benchFirstFeatures(launchChromium, app.url);
const browser = await launchChromium();
console.log(`Chromium ${browser.version()}`);
if (wants('forward')) await benchForward(browser, app.url, peers.url);
if (wants('encode')) await benchEncode((url) => openPage(browser, url), app.url, peers.url);
if (wants('edit')) await benchEdit(browser, app.url);
if (wants('generate')) await benchGenerate(browser, app.url);
if (wants('keystroke')) await benchKeystroke(browser, app.url);
if (wants('frames')) await benchFrames(browser, app.url);
await browser.close();
if (wants('pythia')) await benchPythia(app.url);
app.close();
peers.close();
process.exit(0);
