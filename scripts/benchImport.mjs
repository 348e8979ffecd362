/**
 * `npm run bench:import`: a model of Pythia-70M's size from a local hub and a 512 × 32,768 dictionary in the built page:
 * seconds and memory of loading, from the network and from what the browser kept, and keystroke to painted features.
 * docs/benchmarks.md holds the latest figures.
 *
 * The weights are made up, so text and features are noise; sizes and shapes are the real ones. The tokenizer is that of
 * bookworm-9m, whose ids are all in the larger vocabulary.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createGunzip } from 'node:zlib';
import { benchKeystrokes } from './benchExplore.mjs';
import { memoryOf, serveFolder } from './benchTools.mjs';
import { bundle } from './bundle.mjs';
import { launchProfile } from './chromium.mjs';

const MODEL = 'test/fixtures/models/pythia-70m-shape';
const REPOSITORY = 'Xenova/pythia-70m-deduped';
const PUBLISHED = 'ctigges/pythia-70m-deduped__res-sm_processed';
const HOOK = 'blocks.3.hook_resid_post';
const D = 512;
const N = 32_768;
/** Latents a token: about what the published dictionaries of this size have. */
const K = 64;
const ROUNDS = 3;
const AIMS = { model: '6 s', modelMemory: '2.5 ×', dictionary: '3 s', dictionaryMemory: '1.5 ×', keystroke: 300 };

const fixed = (/** @type {number} */ x, digits = 2) => x.toFixed(digits);
const median = (/** @type {number[]} */ xs) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)];

/** A SAELens folder of random weights, topk, so that as many latents fire as in a real one. @param {string} folder */
function writeRandomDictionary(folder) {
  const shapes = { W_dec: [N, D], W_enc: [D, N], b_dec: [D], b_enc: [N] };
  /** @type {Record<string, object>} */
  const header = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((a, b) => a * b);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = new Float32Array(at / 4);
  let state = 1;
  for (let i = 0; i < 2 * D * N; i++) {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    data[i] = (state / 2 ** 32 - 0.5) / Math.sqrt(D);
  }
  const weights = join(folder, 'sae_weights.safetensors');
  writeFileSync(weights, Buffer.concat([length, Buffer.from(padded), Buffer.from(data.buffer)]));
  const cfg = join(folder, 'cfg.json');
  const metadata = { sae_lens_version: '6.18.0', model_name: 'pythia-70m-deduped', hook_name: HOOK };
  const settings = {
    apply_b_dec_to_input: true,
    normalize_activations: 'none',
    reshape_activations: 'none',
    dtype: 'float32',
    device: 'cpu',
  };
  writeFileSync(cfg, JSON.stringify({ architecture: 'topk', d_in: D, d_sae: N, k: K, ...settings, metadata }));
  return { files: [cfg, weights], bytes: at };
}

/**
 * Seconds of a piece of work in the page and what its renderer's memory grew by.
 * @param {import('playwright-core').Page} page @param {string} work an expression, a promise
 */
async function measure(page, work) {
  const devtools = /** @type {import('playwright-core').CDPSession} */ (await page.context().newCDPSession(page));
  await devtools.send('HeapProfiler.collectGarbage');
  const pid = await rendererOf(page);
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = memoryOf(pid).now;
  const { seconds, value } = await page.evaluate(
    `(async () => { const t = performance.now(); const value = await (${work}); return { seconds: (performance.now() - t) / 1000, value }; })()`,
  );
  const peak = memoryOf(pid).peak - before;
  await page.waitForTimeout(3000);
  await devtools.send('HeapProfiler.collectGarbage');
  const after = memoryOf(pid).now - before;
  await devtools.detach();
  return { seconds, peak, after, value };
}

/** The renderer with the most memory is the one that shows the page; Chromium keeps spare ones. @param {import('playwright-core').Page} page */
async function rendererOf(page) {
  const devtools = await page.context().newCDPSession(page);
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo').catch(() => ({ processInfo: [] }));
  await devtools.detach();
  const listed = processInfo.filter((p) => p.type === 'renderer').map((p) => p.id);
  const pids = listed.length > 0 ? listed : rendererPids();
  return pids.sort((a, b) => memoryOf(b).now - memoryOf(a).now)[0];
}

/** @returns {number[]} */
function rendererPids() {
  return execFileSync('pgrep', ['-f', '--', '--type=renderer'], { encoding: 'utf8' }).trim().split('\n').map(Number);
}

/** @param {string} what @param {{ seconds: number, peak: number, after: number }[]} rounds @param {number} bytes @param {string} aim */
function print(what, rounds, bytes, aim) {
  const times = (/** @type {number} */ x) => `${fixed(x / bytes)} ×`;
  const of = (/** @type {'seconds' | 'peak' | 'after'} */ key) => median(rounds.map((r) => r[key]));
  console.log(
    `  ${what}: ${fixed(of('seconds'))} s${aim}; memory at most ${times(of('peak'))} its fp32 bytes, ${times(of('after'))} after`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'featurescope-import-'));
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'ignore' });
const product = await serveFolder('dist');
const url = `${product.url}?device=wasm`;
const { serveHub } = await import(pathToFileURL(await bundle('test/helpers/hub.ts')).href);
const model = join(folder, 'model.onnx');
await pipeline(createReadStream(join(MODEL, 'model.onnx.gz')), createGunzip(), createWriteStream(model));
const builtIn = 'public/models/bookworm-9m';
const hub = await serveHub({
  [REPOSITORY]: {
    main: {
      'config.json': readFileSync(join(MODEL, 'config.json')),
      'tokenizer.json': readFileSync(join(builtIn, 'tokenizer.json')),
      'tokenizer_config.json': readFileSync(join(builtIn, 'tokenizer_config.json')),
      'onnx/model.onnx': readFileSync(model),
    },
  },
});
const context = await launchProfile(join(folder, 'profile'));
try {
  console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, load ${fixed(loadavg()[0], 1)}, Node ${process.version}`);
  const load = `window.featurescope.models.load({ hub: '${REPOSITORY}' })`;
  const open = async () => {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.log('page error:', error.message));
    await page.goto(url);
    await page.evaluate('window.featurescope.ready');
    return page;
  };
  /** So that the next page begins with the small model, and the larger one is the first its heap grows for. */
  const leave = async (/** @type {import('playwright-core').Page} */ page) => {
    await page.evaluate("window.featurescope.models.load('bookworm-9m')");
    await page.close();
  };

  let page = await open();
  await page.evaluate(`window.featurescope.settings.set('hub', '${hub.url}')`);
  const first = await measure(page, load);
  const bytes = first.value.bytes;
  console.log(`\nmodel of Pythia-70M's shape, ${fixed(bytes / 1e6, 1)} MB of fp32 parameters`);
  print('from a hub on this machine, checked and kept', [first], bytes, '');
  await leave(page);
  const cached = [];
  for (let i = 0; i < ROUNDS; i++) {
    page = await open();
    cached.push(await measure(page, load));
    if (i < ROUNDS - 1) await leave(page);
  }
  print('from what this browser kept', cached, bytes, ` (aim ${AIMS.model}, ${AIMS.modelMemory} memory)`);

  const dictionary = writeRandomDictionary(folder);
  hub.repositories[PUBLISHED] = {
    main: Object.fromEntries(dictionary.files.map((file) => [`3-res-sm/${basename(file)}`, readFileSync(file)])),
  };
  console.log(`\ndictionary ${D} × ${N}, topk ${K}, ${fixed(dictionary.bytes / 1e6, 1)} MB`);
  const fetched = await measure(page, `window.featurescope.dictionaries.fetch({ hub: '${PUBLISHED}', folder: '3-res-sm' })`);
  print('from a hub on this machine, hashed, every number checked, kept', [fetched], dictionary.bytes, '');
  await page.evaluate(`window.featurescope.dictionaries.remove('${fetched.value.dictionaries[0].id}')`);
  await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input type=file id=bench multiple hidden>')");
  await page.setInputFiles('#bench', dictionary.files);
  const imported = await measure(
    page,
    "window.featurescope.dictionaries.import([...document.getElementById('bench').files].map((data) => ({ path: 'large/' + data.name, data })))",
  );
  print(
    'import: every number checked, kept, chosen by the page',
    [imported],
    dictionary.bytes,
    ` (aim ${AIMS.dictionary}, ${AIMS.dictionaryMemory} memory)`,
  );
  const [{ id }] = imported.value.dictionaries;
  await page.locator('.dictionary-picker select').selectOption(id);
  console.log('\nkeystroke to painted features, this model and dictionary');
  await benchKeystrokes(page, 64, AIMS.keystroke);
} finally {
  await context.close();
  await hub.close();
  product.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
