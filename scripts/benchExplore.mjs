/** The Explore screen as a person feels it: keystroke to painted features, first features, frame times. */

const KEYS = 15;
const FIRST_WORDS = ['One', 'Two', 'Ten', 'Six', 'No', 'My', 'Our', 'His', 'Her', 'All', 'Few', 'Many', 'Most', 'These', 'Those'];
const WORDS =
  'Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. It is a way I have of driving off the spleen and regulating the circulation. ';
/** In a dictionary of random weights about half of the features fire on any token, and all on some. */
const MANY = 8192;
const LIMIT_MS = 50;

const fixed = (/** @type {number} */ x, digits = 0) => x.toFixed(digits);
const middle = (/** @type {number[]} */ xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];

/** Makes `nextAnswer()` in the page: milliseconds from the next key to the frame that shows its features. */
const WATCH = `window.nextAnswer = () => new Promise((resolve) => {
  addEventListener('keydown', (event) => {
    const panel = document.querySelector('.panel-features');
    let asked = false;
    const observer = new MutationObserver(look);
    observer.observe(panel, { attributes: true, attributeFilter: ['aria-busy'] });
    look();
    function look() {
      if (panel.getAttribute('aria-busy') === 'true') asked = true;
      else if (asked) {
        observer.disconnect();
        // A message sent from a frame arrives when that frame has been drawn.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(performance.now() - event.timeStamp);
          port2.postMessage(0);
        });
      }
    }
  }, { once: true, capture: true });
});
window.startFrames = () => {
  const frames = [];
  let last = performance.now();
  let on = true;
  const step = () => { const now = performance.now(); frames.push(now - last); last = now; if (on) requestAnimationFrame(step); };
  requestAnimationFrame(step);
  return () => { on = false; return frames.slice(1); };
};`;

const BOX = 'textarea';

/** @param {import('playwright-core').Page} page @param {string} app */
async function openReady(page, app) {
  page.on('pageerror', (error) => console.log('page error:', error.message));
  await page.goto(app);
  await page.evaluate('window.featurescope.ready');
  await page.waitForSelector('.panel-features [data-latent]');
  await page.evaluate(WATCH);
}

/** A text one key short of `tokens` tokens. @param {import('playwright-core').Page} page @param {number} tokens */
function textOf(page, tokens) {
  return page.evaluate(`(async () => {
    const words = ${JSON.stringify(WORDS)}.repeat(Math.ceil(${tokens} / 40)).split(/(?= )/);
    let low = 1, high = words.length;
    const count = async (n) => (await window.featurescope.tokenize(words.slice(0, n).join('') + ' a')).ids.length;
    while (low < high) { const mid = (low + high + 1) >> 1; if (await count(mid) <= ${tokens}) low = mid; else high = mid - 1; }
    return words.slice(0, low).join('') + ' ';
  })()`);
}

/** @param {import('playwright-core').Page} page */
const settled = (page) => page.waitForSelector('.panel-features[aria-busy=false]').then(() => page.waitForTimeout(400));

/** @param {import('playwright-core').Page} page @param {number} tokens @returns {Promise<number[]>} */
async function keystrokes(page, tokens) {
  const text = await textOf(page, tokens);
  const times = [];
  for (let i = 0; i < KEYS; i++) {
    // Another text each time, or the engine would remember it; the first word is what differs.
    await page.fill(BOX, text.replace('Some', FIRST_WORDS[i % FIRST_WORDS.length]));
    await settled(page);
    const answer = page.evaluate('window.nextAnswer()');
    await page.waitForTimeout(30);
    await page.focus(BOX);
    await page.keyboard.press('End');
    await page.keyboard.press('a');
    times.push(/** @type {number} */ (await answer));
    await settled(page);
  }
  return times;
}

/** For a page that shows a text's features already. @param {import('playwright-core').Page} page @param {number} tokens @param {number} aim milliseconds */
export async function benchKeystrokes(page, tokens, aim) {
  await page.waitForSelector('.panel-features [data-latent]');
  await page.evaluate(WATCH);
  const times = await keystrokes(page, tokens);
  console.log(`  ${tokens} tokens: ${fixed(middle(times))} ms, worst ${fixed(Math.max(...times))} ms (aim ${aim} ms)`);
}

/** @param {import('playwright-core').Browser} browser @param {string} app */
export async function benchKeystroke(browser, app) {
  const page = await browser.newPage();
  await openReady(page, app);
  console.log('keystroke to painted features (256 → 1024, median of keys at the end of the text)');
  for (const [tokens, aim] of [
    [64, 100],
    [256, 250],
  ]) {
    await benchKeystrokes(page, tokens, aim);
  }
  await page.close();
}

/** @param {() => Promise<import('playwright-core').Browser>} launch @param {string} app */
export async function benchFirstFeatures(launch, app) {
  /** @type {number[]} */
  const cold = [];
  /** @type {number[]} */
  const warm = [];
  for (let i = 0; i < 3; i++) {
    const browser = await launch();
    const page = await browser.newPage();
    for (const list of [cold, warm]) {
      const start = performance.now();
      await page.goto(app, { waitUntil: 'commit' });
      await page.waitForSelector('.panel-features [data-latent]', { timeout: 60_000 });
      list.push(performance.now() - start);
      await page.waitForTimeout(500);
    }
    await browser.close();
  }
  console.log('page open to first features on screen (localhost, median of 3)');
  console.log(`  cold ${fixed(middle(cold) / 1000, 2)} s, warm ${fixed(middle(warm) / 1000, 2)} s (aim 3 s warm)`);
}

/** @param {import('playwright-core').Page} page */
async function importLarge(page) {
  return page.evaluate(`(async () => {
    const d = 256, n = ${MANY};
    const shapes = { W_enc: [d, n], W_dec: [n, d], b_enc: [n], b_dec: [d] };
    let at = 0;
    const header = {};
    for (const [name, shape] of Object.entries(shapes)) {
      const bytes = 4 * shape.reduce((a, b) => a * b);
      header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes] };
      at += bytes;
    }
    let text = JSON.stringify(header);
    text += ' '.repeat((8 - (text.length % 8)) % 8);
    const data = new Float32Array(at / 4);
    let s = 1;
    for (let i = 0; i < 2 * d * n; i++) { s = (s * 1664525 + 1013904223) >>> 0; data[i] = (s / 2 ** 32 - 0.5) / 16; }
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
    const cfg = { architecture: 'standard', d_in: d, d_sae: n, dtype: 'float32', device: 'cpu', apply_b_dec_to_input: false, normalize_activations: 'none', reshape_activations: 'none',
      metadata: { sae_lens_version: '6.18.0', model_name: 'bookworm-9m', hook_name: 'blocks.3.hook_resid_post' } };
    const files = [
      { path: 'large/cfg.json', data: new Blob([JSON.stringify(cfg)]) },
      { path: 'large/sae_weights.safetensors', data: new Blob([length, text, data]) },
    ];
    const { dictionaries } = await window.featurescope.dictionaries.import(files);
    return dictionaries[0].id;
  })()`);
}

/** @param {string} what @param {number[]} frames */
function printFrames(what, frames) {
  const sorted = [...frames].sort((a, b) => a - b);
  const over = frames.filter((ms) => ms > LIMIT_MS).length;
  const at = (/** @type {number} */ share) => fixed(sorted[Math.floor(share * (sorted.length - 1))], 1);
  console.log(
    `  ${what}: ${frames.length} frames, median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, longest ${at(1)} ms, ${over} over ${LIMIT_MS} ms (aim 0)`,
  );
}

/** @param {import('playwright-core').Page} page @param {() => Promise<void>} work @returns {Promise<number[]>} */
async function framesDuring(page, work) {
  await page.evaluate('window.stopFrames = window.startFrames()');
  await work();
  return page.evaluate('window.stopFrames()');
}

/** @param {import('playwright-core').Browser} browser @param {string} app */
export async function benchFrames(browser, app) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await openReady(page, app);
  console.log('frame times');
  const typing = (/** @type {number} */ count) => async () => {
    await page.focus(BOX);
    await page.keyboard.press('Control+End');
    await page.keyboard.type('the sea and the wind were at it again, he said. '.slice(0, count), { delay: 70 });
  };
  for (const tokens of [64, 200]) {
    await page.fill(BOX, await textOf(page, tokens));
    await settled(page);
    printFrames(`typing at the end of ${tokens} tokens`, await framesDuring(page, typing(40)));
  }
  await page.fill(BOX, await textOf(page, 19_000));
  await page.waitForTimeout(2000);
  printFrames('typing at the end of 19,000 tokens', await framesDuring(page, typing(40)));
  await page.fill(BOX, await textOf(page, 64));
  await settled(page);
  const id = await importLarge(page);
  await page.waitForSelector(`option[value="${id}"]`, { state: 'attached' });
  await page.locator('.dictionary-picker select').selectOption(id);
  await page.waitForTimeout(2000);
  const list = page.locator('.feature-scroll');
  await list.scrollIntoViewIfNeeded();
  await list.hover();
  const rows = await page.evaluate("Number(document.querySelector('.panel-features [aria-rowcount]')?.getAttribute('aria-rowcount') ?? 0)");
  printFrames(
    `scrolling ${rows} rows`,
    await framesDuring(page, async () => {
      for (let i = 0; i < 60; i++) {
        await page.mouse.wheel(0, 400 + 60 * i);
        await page.waitForTimeout(33);
      }
    }),
  );
  printFrames('typing at the end of 64 tokens with that dictionary', await framesDuring(page, typing(30)));
  await page.evaluate(`window.featurescope.dictionaries.remove(${JSON.stringify(id)})`);
  await page.close();
}
