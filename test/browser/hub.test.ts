/** A model of the hub in the built page: chosen by its size, cut twice, fetched to its end, used, and used again without a network. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { checkpointRepo, onnxRepo } from '../helpers/hub.ts';
import { button, visitHub, type HubVisit } from '../helpers/hubVisit.ts';
import { closeBrowser } from '../helpers/page.ts';

const WAIT = { timeout: 60_000 };
const OFFERED = 'Xenova/pythia-70m-deduped';
const CHECKPOINT = 'EleutherAI/pythia-70m-deduped';

const DESKTOP = { width: 1440, height: 900 };

let visit: HubVisit;
beforeEach(async () => {
  visit = await visitHub({
    [OFFERED]: { main: onnxRepo() },
    [CHECKPOINT]: { main: checkpointRepo(), step0: checkpointRepo({ 'model.safetensors': 'model_fp16.safetensors' }) },
  });
});
afterEach(() => visit.end());
afterAll(closeBrowser);

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Models from the hub' });
const current = (page: Page) => page.evaluate(() => window.featurescope.models.current().id);

async function useMirror(page: Page): Promise<void> {
  await dialog(page).getByLabel('Address of the hub, a mirror or your own host').fill(visit.hub.url);
  await button(page, 'Use it').click();
  await page.getByText('from now on').waitFor();
}

async function type(page: Page, text: string): Promise<void> {
  await page.locator('#text-box').fill(text);
  const { ids } = await page.evaluate((t) => window.featurescope.tokenize(t), text);
  await expect.poll(() => page.locator('[data-token]').count(), WAIT).toBe(ids.length);
}

describe('Pythia-70M', () => {
  it('is chosen, cut twice, fetched to its end, used, and opens and works without a network', async () => {
    const { site, hub, context, errors, strangers } = visit;
    const page = await visit.open(DESKTOP);
    expect(await current(page)).toBe('bookworm-9m');
    expect(strangers).toEqual([]);
    await button(page, /Model: bookworm-9m/).click();
    await button(page, /Other Pythia models/).click();
    await useMirror(page);
    await button(page, 'Pythia-70M as ONNX').click();
    const size = onnxRepo()['onnx/model.onnx'].length;
    await expect.poll(() => dialog(page).innerText(), WAIT).toMatch(/onnx\/model\.onnx, \d+ kB/);
    // Nothing of the weights was asked for yet.
    expect(hub.asked.filter(({ cdn }) => cdn)).toEqual([]);
    // The first cut is mended alone; then nothing comes any more until a person resumes.
    const first = 100_000;
    const second = 200_000;
    hub.fault = ({ path, from }) => {
      if (!path.endsWith('.onnx')) return undefined;
      if (from === 0) return { kind: 'cut', after: first };
      return { kind: 'cut', after: from === first ? second - first : 0 };
    };
    await button(page, /^Fetch .* and open$/).click();
    await page.getByRole('alert').getByText('could not be fetched to its end').waitFor({ timeout: 60_000 });
    const failure = await page.getByRole('alert').innerText();
    expect(failure).toContain(`${second} of ${size} bytes are here and kept`);
    expect(failure).toContain('bookworm-9m is still open');
    hub.fault = () => undefined;
    hub.asked.length = 0;
    await button(page, 'Resume').click();
    await expect.poll(() => current(page), WAIT).toBe(OFFERED);
    expect(hub.asked.filter(({ cdn }) => cdn)).toEqual([{ path: `${OFFERED}/resolve/main/onnx/model.onnx`, from: second, cdn: true }]);
    await type(page, 'The wind and the sea.');
    const before = await page.evaluate(async () => [...(await window.featurescope.predict({ text: 'the sea' })).topProbs]);
    const hosts = new Set(strangers.map((url) => new URL(url).origin));
    expect([...hosts].map((origin) => new URL(origin).hostname).sort()).toEqual(['127.0.0.1', 'localhost']);
    expect((await page.evaluate(() => window.featurescope.requests())).map(({ host }) => host)).toEqual(expect.arrayContaining([...hosts]));

    await page.evaluate(() => window.featurescope.offline.keep());
    await context.setOffline(true);
    await Promise.all([site.stop(), hub.close()]);
    strangers.length = 0;
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    expect(await current(page)).toBe(OFFERED);
    await type(page, 'Gone to sea again.');
    expect(await page.evaluate(async () => [...(await window.featurescope.predict({ text: 'the sea' })).topProbs])).toEqual(before);
    expect(strangers).toEqual([]);

    // Deleted, the page's own model opens instead, and that is said.
    await page.evaluate((id) => window.featurescope.storage.remove('model', id), OFFERED);
    await page.goto(site.url);
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    expect(await current(page)).toBe('bookworm-9m');
    await expect.poll(() => page.locator('body').innerText()).toMatch(/not kept in this browser|which is not here/);
    expect(errors.filter((error) => !/ERR_|Failed to load resource|404/.test(error))).toEqual([]);
  });
});

describe('the chooser', () => {
  it('works by keys alone and at the width of a phone, says what is wrong, and deletes', async () => {
    const { hub, errors } = visit;
    const page = await visit.open({ width: 390, height: 844 });
    const press = async (name: string | RegExp) => {
      await button(page, name).first().focus();
      await page.keyboard.press('Enter');
    };
    await press(/Model: bookworm-9m/);
    await press(/Other Pythia models/);
    await useMirror(page);
    expect(await serious(page)).toEqual([]);
    const repository = dialog(page).getByRole('combobox', { name: 'Repository' });
    await repository.fill('nobody/nothing');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('shows no repository called nobody/nothing').waitFor();
    await repository.fill(CHECKPOINT);
    await dialog(page).getByLabel('Revision').fill('step7');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('has no revision called "step7"').waitFor();
    await dialog(page).getByLabel('Revision').fill('step0');
    await page.keyboard.press('Enter');
    await button(page, /^Fetch .* and open$/).waitFor();
    expect(await serious(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await dialog(page).evaluate((d) => d.scrollWidth - d.clientWidth)).toBeLessThanOrEqual(0);
    // Cancelled while it comes slowly, then taken up again from the list of what is kept.
    hub.fault = ({ path, from }) => (path.endsWith('.safetensors') && from === 0 ? { kind: 'slow', ms: 100, bytes: 2000 } : undefined);
    await press(/^Fetch .* and open$/);
    await page.getByText(/kB a second/).waitFor({ timeout: 30_000 });
    await button(page, 'Cancel').click();
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    await press(/Model: bookworm-9m/);
    await press(/Other Pythia models/);
    await dialog(page)
      .getByText(/have arrived/)
      .waitFor();
    await press(`Go on ${CHECKPOINT}@step0`);
    await expect.poll(() => current(page), WAIT).toBe(`${CHECKPOINT}@step0`);
    const [from] = hub.asked.filter(({ cdn }) => cdn).slice(-1);
    expect(from.from).toBeGreaterThan(0);
    // The control: the same model with random weights.
    await press(/Model: /);
    await press(/with random weights/);
    await expect.poll(() => current(page), WAIT).toBe(`${CHECKPOINT}@step0+random.1`);
    await press(/Model: /);
    await press(/Other Pythia models/);
    await press(`Delete ${CHECKPOINT}@step0`);
    await button(page, 'Delete').last().click();
    await expect.poll(() => dialog(page).innerText()).not.toContain('Kept in this browser');
    expect(await page.evaluate(async () => (await window.featurescope.models.kept()).length)).toBe(0);
    expect(errors.filter((error) => !/Failed to load resource|404|401/.test(error))).toEqual([]);
  });

  it('is offered on a first visit with its size in plain sight, and no more once put away', async () => {
    const { strangers } = visit;
    const page = await visit.open(DESKTOP);
    await button(page, /^Get Pythia-70M \(143 MB\)$/).waitFor();
    for (const width of [360, 640, 768, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      // Once, wherever there is room for it.
      expect(await button(page, /^Get Pythia-70M \(143 MB\)$/).count()).toBe(1);
      expect(await button(page, /^Get Pythia-70M/).isVisible()).toBe(true);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await button(page, 'Do not offer Pythia-70M').click();
    await expect.poll(() => button(page, /^Get Pythia-70M/).count()).toBe(0);
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    expect(await button(page, /^Get Pythia-70M/).count()).toBe(0);
    expect(strangers).toEqual([]);
  });
});
