/** The Circuits screen in the built page: a tree grown and looked through, a prompt circuit, by mouse and by keyboard alone. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

const PATIENT = { timeout: 120_000 };
const TEXT = 'The old man looked at the sea (the wind was in the sails), and the old man looked at the sea';
const PROMPT = 'The old man looked at the';

let site: Site;
beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterAll(async () => {
  await site.close();
  await closeBrowser();
});

const hash = (page: Page) => page.evaluate(() => decodeURIComponent(location.hash));
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-node') ?? '');

/** A feature of the middle that fires in the text, on few of its tokens. */
const target = (page: Page) =>
  page.evaluate(async (text) => {
    const { id } = (await window.featurescope.dictionaries.list()).find((d) => d.fits && d.hook === 'blocks.2.hook_resid_post')!;
    const { latents, values } = await window.featurescope.encode({ text }, id);
    const counts = new Map<number, number>();
    for (const latent of latents) counts.set(latent, (counts.get(latent) ?? 0) + 1);
    const [best] = [...latents.keys()].filter((i) => counts.get(latents[i])! <= 2).sort((a, b) => values[b] - values[a]);
    return { dictionary: id, latent: latents[best] };
  }, TEXT);

async function open(viewport: { width: number; height: number }) {
  const opened = await openPage(site, '?device=wasm', viewport);
  opened.page.setDefaultTimeout(PATIENT.timeout);
  await opened.page.locator('#text-box').fill(TEXT);
  return { ...opened, target: await target(opened.page) };
}

describe('a tree, by mouse, at 1440 pixels', () => {
  let opened: OpenPage & { target: { dictionary: string; latent: number } };
  let page: Page;
  beforeAll(async () => {
    opened = await open({ width: 1440, height: 900 });
    ({ page } = opened);
  });
  afterAll(() => opened.close());

  it('is a click away from the feature’s page, on the text in Explore where it fires there', async () => {
    const { dictionary, latent } = opened.target;
    await page.evaluate((to) => (location.hash = to), `#/feature/${dictionary}/${latent}`);
    await page.getByRole('link', { name: 'What causes it' }).click();
    await page.getByRole('button', { name: 'Grow the tree' }).waitFor();
    expect(await hash(page)).toBe(`#/circuits/tree/${dictionary}/${latent}`);
    await page.getByText('Watched at the token where the target fires most.').waitFor();
    expect(await serious(page)).toEqual([]);
  });

  it('grows to what the call gives, every edge in the table', async () => {
    await page.getByRole('button', { name: 'Grow the tree' }).click();
    await page.locator('.graph-node').nth(1).waitFor();
    await page.locator('.going').waitFor({ state: 'detached' });
    const edges = await page.evaluate(
      async ({ text, ...of }) => {
        const list = await window.featurescope.dictionaries.list();
        const tail = of.dictionary.split('/').at(-1)!;
        const hooks = ['blocks.1.hook_resid_post', 'blocks.0.hook_resid_post'];
        const dictionaries = hooks.map((hook) => list.find((d) => d.hook === hook && d.id.endsWith(tail))!.id);
        return (await window.featurescope.tree({ target: of, dictionaries, contexts: { text } })).edges.length;
      },
      { text: TEXT, ...opened.target },
    );
    await page.locator('.graph .chart-table summary').click();
    expect(await page.locator('.graph .chart-table tbody tr').count()).toBe(edges);
    expect(edges).toBeGreaterThan(0);
    expect(await serious(page)).toEqual([]);
  });

  it('shows of an edge what the target did in each context, and measures it again', async () => {
    await page.locator('.graph-hit[data-edge*=" → "]').first().dispatchEvent('click');
    await page.locator('.edge-contexts tbody tr').first().waitFor();
    await page.locator('.edge-again select').selectOption('text');
    await page.getByRole('button', { name: /Run again/ }).click();
    // Where the child does not fire in the text, or the parent not with it, that is said.
    await page.locator('.edge-runs > :nth-child(2):not(:text("Measuring"))').waitFor();
    expect(await serious(page)).toEqual([]);
  });

  it('hides a node, says so, and takes it back', async () => {
    const before = await page.locator('.graph-node').count();
    await page.locator('.graph-node[data-shape=box]').nth(1).click();
    await page.locator('.circuits-detail').waitFor();
    await page.keyboard.press('h');
    await expect.poll(() => page.locator('.graph-node').count()).toBeLessThan(before);
    await page.getByText('hidden by you').waitFor();
    await expect.poll(() => hash(page)).toContain('hidden=');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect.poll(() => page.locator('.graph-node').count()).toBe(before);
  });

  it('goes to a file and comes back from it', async () => {
    const nodes = await page.locator('.graph-node').count();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'JSON' }).click()]);
    const file = await download.path();
    await page
      .locator('.circuits-ask input[type=file]')
      .setInputFiles({ name: 'bad.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
    await page.getByText('bad.json was not opened.').waitFor();
    expect(await page.locator('.graph-node').count()).toBe(nodes);
    await page.locator('.circuits-ask input[type=file]').setInputFiles(file);
    await page.getByText(/^Opened from/).waitFor();
    await expect.poll(() => page.locator('.graph-node').count(), PATIENT).toBe(nodes);
  });

  it('threw nothing', () => expect(opened.errors).toEqual([]));
});

describe('by keyboard alone, at 390 pixels', () => {
  let opened: OpenPage & { target: { dictionary: string; latent: number } };
  let page: Page;
  beforeAll(async () => {
    opened = await open({ width: 390, height: 844 });
    ({ page } = opened);
    await page.evaluate((to) => (location.hash = to), `#/circuits/tree/${opened.target.dictionary}/${opened.target.latent}`);
    await page.getByText('Watched at the token where the target fires most.').waitFor();
  });
  afterAll(() => opened.close());

  it('grows a tree and goes through it along the strongest edges, each said', async () => {
    await page.getByRole('button', { name: 'Grow the tree' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.graph-node').nth(1).waitFor();
    await page.locator('.going').waitFor({ state: 'detached' });
    const root = `${opened.target.latent} ${opened.target.dictionary}`;
    await page.locator('.graph-node [tabindex="0"]').focus();
    expect(await focused(page)).toBe(root);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => focused(page)).not.toBe(root);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/goes with it|rises by/);
    await page.keyboard.press('d');
    await page.locator('.edge-contexts').waitFor();
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => focused(page)).toBe(root);
    await page.keyboard.press('p');
    await page.locator('.graph-pin').waitFor();
    await page.keyboard.press('u');
    await page.locator('.graph-pin').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await serious(page)).toEqual([]);
  });

  it('measures a prompt circuit, whose nodes a slider draws without another call', async () => {
    await page.getByRole('radio', { name: 'What makes a feature fire' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByLabel(/^Prompt/).fill(PROMPT);
    await page.locator('.token-field').first().waitFor();
    await page.getByRole('button', { name: 'Measure the circuit' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.graph-node').nth(3).waitFor();
    await page.locator('.circuit-shown input').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.graph-node').count()).toBe(1);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.graph-node').count()).toBe(2);
    await page
      .getByText(/faithfulness/)
      .first()
      .waitFor();
    await expect.poll(() => hash(page)).toContain('shown=2');
    await page.locator('.graph-node [tabindex="0"]').focus();
    await page.keyboard.press('Enter');
    await page
      .locator('.graph-reading')
      .getByText(/effect/)
      .waitFor();
    expect(await serious(page)).toEqual([]);
  });

  it('threw nothing', () => expect(opened.errors).toEqual([]));
});
