/** The screen as a stranger uses it: typing, choosing, editing, continuing, copying, opening and refusing files. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MODELS } from '../helpers/goldens.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

let site: Site;
let open: OpenPage;
let page: Page;
let box: Locator;

beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterAll(async () => {
  await site.close();
  await closeBrowser();
});

const TINY = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].map((name) => join(MODELS, 'tiny-neox', name));
const text = (locator: Locator) => expect.poll(() => locator.innerText(), { timeout: 20_000 });
const count = (locator: Locator) => expect.poll(() => locator.count(), { timeout: 20_000 });

/** Types a text and waits until its tokens are on screen. */
async function type(value: string): Promise<void> {
  await box.fill(value);
  const { ids } = await page.evaluate((t) => window.featurescope.tokenize(t), value);
  await count(page.locator('[data-token]')).toBe(ids.length);
}

describe('at 1440 pixels', () => {
  beforeAll(async () => {
    open = await openPage(site);
    page = open.page;
    box = page.locator('#text-box');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  });
  afterAll(() => open.close());
  beforeEach(() => type('The sea and the hat and the old man who was there.'));

  it('arrow keys choose a token, and the predictions follow', async () => {
    await page.locator('[data-token][tabindex="0"]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await text(page.locator('.panel-predictions .panel-lead')).toContain('position 2');
    expect(await page.locator('[role=tooltip]').isVisible()).toBe(true);
    expect(await page.locator('.predictions .is-actual').count()).toBe(1);
  });

  it('a prediction appended can be undone', async () => {
    await page.locator('[data-token]').last().click();
    const before = await box.inputValue();
    await page.locator('.token-button').first().click();
    await expect.poll(() => box.inputValue()).not.toBe(before);
    await page.locator('.notice').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => box.inputValue()).toBe(before);
  });

  it('copying tokens gives the text that was typed', async () => {
    const typed = 'A cafe\u0301 “fox” 🦊\nnext';
    await type(typed);
    await page.evaluate(() => getSelection()?.selectAllChildren(document.querySelector('.strip')!));
    await page.keyboard.press('Control+c');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(typed);
  });

  it('an edit compares before and after, can be undone and redone', async () => {
    await page.locator('[data-token]').last().click();
    await page.getByRole('button', { name: 'Add an edit' }).click();
    await page.locator('.edit-form').getByRole('button', { name: 'Add edit' }).click();
    await text(page.locator('.edit-sentence').first()).toMatch(/blocks\.\d\.hook/);
    await text(page.locator('.panel-predictions .panel-lead')).toContain('KL(before‖after)');
    const sums = await page.evaluate(async () => {
      const edits = [{ hook: 'blocks.3.hook_resid_post', op: 'scale' as const, factor: 0 }];
      const p = await window.featurescope.predict({ text: 'The sea' }, { k: 5, edits });
      const plain = await window.featurescope.predict({ text: 'The sea' }, { k: 5 });
      return { same: [...p.comparison!.probsBefore].every((x, i) => Math.abs(x - plain.topProbs[i]) < 1e-6), kl: p.comparison!.kl[1] };
    });
    expect(sums.same).toBe(true);
    expect(sums.kl).toBeGreaterThan(0.1);
    await page.locator('.panel-edits, section', { hasText: 'Edits' }).getByRole('button', { name: 'Undo' }).first().click();
    await count(page.locator('.edit-sentence')).toBe(0);
    await page.getByRole('button', { name: 'Redo' }).first().click();
    await count(page.locator('.edit-sentence')).toBe(1);
    await page.getByRole('button', { name: 'Undo' }).first().click();
  });

  it('steers with a feature: what moves, how it goes with strength, and continuations beside their controls', async () => {
    await page.locator('[data-latent] .feature-number').first().click();
    await page.getByRole('button', { name: /^Steer with feature/ }).click();
    await text(page.locator('.edit-sentence').first()).toMatch(/Add to feature \d+ of .* 0\.500 × its maximum/);
    const study = page.locator('.panel-study');
    await count(study.locator('.mover-table tbody tr')).toBe(16);
    const [first] = await study.locator('.mover-table tbody tr').first().locator('td').allInnerTexts();
    expect(Number(first.replace('−', '-'))).toBeGreaterThan(0);
    await study.getByLabel('Strengths, × its maximum').fill('0, 1');
    await study.getByRole('button', { name: 'Sweep strengths' }).click();
    await expect.poll(() => study.getByRole('status').innerText(), { timeout: 60_000 }).toContain('Watched');
    const table = study.locator('details').filter({ hasText: 'As a table' }).nth(1);
    await table.locator('summary').click();
    const rows = await table.locator('tbody tr').allInnerTexts();
    expect(rows).toHaveLength(6);
    // A strength of 0 is no edit.
    for (const row of rows.slice(0, 3)) expect(row).toMatch(/\t0(\.0+)?\t0(\.0+)?\t0(\.0+)?\t/);
    expect(rows[3]).not.toMatch(/\t0(\.0+)?\t0(\.0+)?\t/);
    await study.getByLabel('Strengths, × its maximum').fill('0, 0.1, 0.2, 0.3, 0.4, 0.5, 1');
    await study.getByRole('button', { name: 'Sweep strengths' }).click();
    await study
      .getByRole('status')
      .filter({ hasText: /^[1-9]\d* of 21$/ })
      .waitFor({ timeout: 30_000 });
    await study.getByRole('button', { name: 'Stop', exact: true }).click();
    await text(study.getByRole('status')).toMatch(/^Stopped after \d+ of 21; what was measured is kept/);
    expect(await study.locator('.chart-point').count()).toBeGreaterThan(0);
    await page.getByLabel('And with two controls').check();
    await page.locator('.panel-generate').getByRole('spinbutton').first().fill('6');
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await count(page.locator('.output')).toBe(4);
    await page.getByRole('button', { name: 'Continue', exact: true }).waitFor({ timeout: 30_000 });
    expect(await page.locator('.output.is-control').count()).toBe(2);
    await page.getByLabel('Drop the reconstruction error').check();
    await page.locator('.panel-edits .code summary').click();
    await text(page.locator('.panel-edits .code pre')).toContain("op: 'splice'");
    await page.getByRole('button', { name: 'Remove: Add to feature' }).click();
    await count(study).toBe(0);
    await page.getByRole('button', { name: /^Unpin feature/ }).click();
  });

  it('continues the text with what the model writes', async () => {
    await page.locator('.panel-generate').getByRole('spinbutton').first().fill('8');
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    const { text: written } = await page.evaluate(async () => {
      const box = document.querySelector<HTMLTextAreaElement>('#text-box')!;
      return window.featurescope.generate({ text: box.value }, { tokens: 8 });
    });
    await expect.poll(() => page.locator('.output').first().textContent(), { timeout: 20_000 }).toContain(written.trim());
  });

  it('stops continuing when told to, and keeps what was written', async () => {
    const panel = page.locator('.panel-generate');
    await panel.getByRole('spinbutton').first().fill('200');
    await panel.getByRole('button', { name: 'Continue', exact: true }).click();
    await expect
      .poll(
        () =>
          panel
            .locator('.output-new')
            .first()
            .textContent()
            .then((t) => t!.length),
        { timeout: 20_000 },
      )
      .toBeGreaterThan(8);
    await panel.getByRole('button', { name: 'Stop', exact: true }).click();
    await text(panel).toContain('Stopped.');
    const written = await panel.locator('.output-new').first().textContent();
    expect(written!.length).toBeGreaterThan(8);
    await page.waitForTimeout(400);
    expect(await panel.locator('.output-new').first().textContent()).toBe(written);
  });

  it('reads every hook the model has', async () => {
    const site = page.locator('.panel-activations select').nth(1);
    const options = await site.locator('option').evaluateAll((list) => list.map((o) => (o as HTMLOptionElement).value));
    expect(options.length).toBeGreaterThan(9);
    for (const option of options) {
      await site.selectOption(option);
      await text(page.locator('.panel-activations .panel-lead')).toContain(option);
      expect(await page.locator('.panel-activations .failure').count()).toBe(0);
    }
  });

  it('text beyond the context is read in windows', async () => {
    await box.fill('one two three four five six seven '.repeat(60));
    await text(page.locator('#text-count')).toMatch(/^\d+ tokens, in \d windows of at most 256/);
    expect(await page.locator('.failure').count()).toBe(0);
    await count(page.locator('.strip-border')).toBeGreaterThan(0);
    await type('short again');
  });

  it('opens a model from files, refuses another in a sentence, and goes back', async () => {
    await page.getByRole('button', { name: /^Model/ }).click();
    const files = page.locator('#model-menu input[type=file]').first();
    await files.setInputFiles(TINY);
    await text(page.locator('.label-model')).not.toBe('bookworm-9m');
    await expect.poll(() => page.evaluate(() => window.featurescope.models.current().d_model)).toBe(32);
    await files.setInputFiles([join(MODELS, 'bookworm-9m.json')]);
    await text(page.locator('[role=alert]').first()).toMatch(/still open/);
    expect(await page.evaluate(() => window.featurescope.models.current().d_model)).toBe(32);
    await page.locator('.banner-failure button').click();
    await page.getByRole('button', { name: /^Model/ }).click();
    await page.locator('.model-list button', { hasText: 'bookworm-9m' }).click();
    await expect.poll(() => page.evaluate(() => window.featurescope.models.current().d_model), { timeout: 20_000 }).toBe(256);
  });

  it('opens a model from a chosen folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
    try {
      for (const file of TINY) cpSync(file, join(folder, 'my-model', file.split('/').at(-1)!), { recursive: true });
      await page.getByRole('button', { name: /^Model/ }).click();
      await page.locator('#model-menu input[type=file]').nth(1).setInputFiles(join(folder, 'my-model'));
      await text(page.locator('.label-model')).toBe('my-model');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('asked no other host and threw nothing', () => {
    expect(open.strangers).toEqual([]);
    expect(open.errors).toEqual([]);
  });
});

describe.each([
  { scheme: 'light', device: 'wasm' },
  { scheme: 'dark', device: 'wasm' },
  { scheme: 'light', device: 'webgpu' },
] as const)('at 390 pixels, $scheme, $device', ({ scheme, device }) => {
  it('nothing is wider than the screen and every control can be hit', async () => {
    const phone = await openPage(site, `?device=${device}`, { width: 390, height: 844 });
    try {
      await phone.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      // The software adapter of a busy machine takes its time.
      await expect.poll(() => phone.page.locator('.predictions tbody tr').count(), { timeout: 120_000 }).toBeGreaterThan(5);
      expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      const map = phone.page.locator('.model-map');
      expect(await map.evaluate((e) => e.scrollWidth - e.clientWidth), 'of the map that is cut off').toBe(0);
      const small = await phone.page.evaluate(() =>
        [...document.querySelectorAll('button, select, input:not([type=file])')]
          .filter((e) => (e as HTMLElement).offsetParent !== null)
          .map((e) => ({ name: e.outerHTML.slice(0, 80), box: e.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.height < 24 || box.width < 24))
          // A checkbox or radio button is hit through its label.
          .filter(({ name }) => !/checkbox|radio|visually-hidden/.test(name))
          .map(({ name }) => name),
      );
      expect(small).toEqual([]);
    } finally {
      await phone.close();
    }
  });
});
