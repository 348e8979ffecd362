/** The features, labels and dictionaries of the Explore screen in the built page, held against numbers asked of its scripting interface. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Latents } from '../../src/api/dictionaries.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

const FIRST = 'The old man looked at the sea, and the wind was in the sails of the ship.';
const PATIENT = { timeout: 60_000 };

let site: Site;
let open: OpenPage;
let page: Page;
let dictionary: string;
let first: Map<number, Facts>;

beforeAll(async () => {
  site = await serveSite({ isolation: true });
  open = await openPage(site, '?device=wasm');
  page = open.page;
  page.setDefaultTimeout(PATIENT.timeout);
  await list().locator('[data-row="3"]').waitFor({ timeout: 60_000 });
  await page.locator('#text-box').fill(FIRST);
  dictionary = (await page.locator('.dictionary-map').getAttribute('data-dictionary'))!;
  first = factsOf(await open.api.encode({ text: FIRST }, dictionary));
  await page.locator('.feature-summary', { hasText: `${first.size} anywhere in this text` }).waitFor({ timeout: 60_000 });
});
afterAll(async () => {
  await open.close();
  await site.close();
  await closeBrowser();
});

const text = (locator: Locator) => expect.poll(() => locator.innerText(), PATIENT);
const count = (locator: Locator) => expect.poll(() => locator.count(), PATIENT);
const list = () => page.getByRole('grid', { name: /^Features that fire/ });
const search = () => page.locator('#feature-search');
const pins = () => expect.poll(() => page.locator('.pins .pin-name').allInnerTexts(), PATIENT);
const focused = (selector: string) => expect.poll(() => page.locator(`${selector}:focus`).count(), PATIENT);
const notice = () => page.locator('.notice');
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const closeDialog = async () => {
  await dialog().getByRole('button', { name: 'Close', exact: true }).click();
  await dialog().waitFor({ state: 'hidden' });
};

/** What a latent does on a text, counted here. */
interface Facts {
  values: number[];
  max: number;
  sum: number;
  count: number;
}

function factsOf({ rows, latents, values }: Latents): Map<number, Facts> {
  const tokens = rows.length - 1;
  const all = new Map<number, Facts>();
  for (let r = 0; r < tokens; r++) {
    for (let e = rows[r]; e < rows[r + 1]; e++) {
      const facts = all.get(latents[e]) ?? { values: new Array<number>(tokens).fill(0), max: 0, sum: 0, count: 0 };
      facts.values[r] = values[e];
      facts.max = Math.max(facts.max, values[e]);
      facts.sum += values[e];
      facts.count++;
      all.set(latents[e], facts);
    }
  }
  return all;
}

/** Rows drawn from the top of a list: the feature, and the numbers of its cells with all their digits. */
async function rows(grid: Locator): Promise<{ latent: number; numbers: number[]; words: string }[]> {
  const drawn = await grid.locator('[data-row]').evaluateAll((all) =>
    all.map((row) => ({
      place: Number((row as HTMLElement).dataset.row),
      latent: Number((row as HTMLElement).dataset.latent),
      words: (row as HTMLElement).innerText,
      numbers: [...row.querySelectorAll<HTMLElement>('.numeric')].map((cell) =>
        Number((cell.querySelector<HTMLElement>('[title]')?.title ?? cell.innerText).replace('−', '-')),
      ),
    })),
  );
  return drawn.sort((a, b) => a.place - b.place);
}

const latentsOf = async (grid: Locator, most: number) => (await rows(grid)).slice(0, most).map(({ latent }) => latent);

/** Latents by falling value, then maximum, then number. */
function ordered(value: (facts: Facts, latent: number) => number): { latent: number; value: number }[] {
  return [...first]
    .map(([latent, facts]) => ({ latent, value: value(facts, latent), max: facts.max }))
    .filter((row) => row.value > 0)
    .sort((a, b) => b.value - a.value || b.max - a.max || a.latent - b.latent);
}

function expectClose(actual: number, wanted: number): void {
  expect(Math.abs(actual - wanted)).toBeLessThanOrEqual(1e-4 * Math.max(1e-3, Math.abs(wanted)));
}

const choose = (legend: string, option: string) =>
  page.getByRole('group', { name: legend, exact: true }).getByText(option, { exact: true }).click();

async function find(query: string): Promise<void> {
  await search().fill(query);
  await text(page.locator('.panel-features:not(.panel-differences) .panel-foot [role=status]').first()).toMatch(
    query === '' ? /feature/ : /found/,
  );
}

const labels = () =>
  page.evaluate(async (id) => (await window.featurescope.labels.list(id)).map((l) => `${l.latent} ${l.text}`), dictionary);

describe('the order', () => {
  it.each([
    { ranking: 'Maximum', value: ({ max }: Facts) => max },
    { ranking: 'Sum', value: ({ sum }: Facts) => sum },
    { ranking: 'Tokens', value: ({ count }: Facts) => count },
    { ranking: 'At token', value: ({ values }: Facts) => values[4] },
    { ranking: 'In span', value: ({ values }: Facts) => Math.max(...values.slice(2, 5)) },
  ])('by $ranking is that of the numbers', async ({ ranking, value }) => {
    if (ranking === 'In span') {
      await page.locator('[data-token="2"]').click();
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Shift+ArrowRight');
      await text(page.locator('.brushed')).toMatch(/^Tokens 2–4 chosen/);
    } else await page.locator('[data-token="4"]').click();
    await choose('Rank by', ranking);
    await expectOrder(value);
  });

  it('by Rarity weighs the maximum with how seldom a feature fires', async () => {
    await choose('Rank by', 'Rarity');
    const densities = await page.evaluate(async (id) => [...(await window.featurescope.dictionaries.densities(id))!.values], dictionary);
    await expectOrder(({ max }, latent) => max * Math.log(1 / Math.max(1e-6, densities[latent])));
    const rare = await latentsOf(list(), 10);
    expect(rare).not.toEqual(
      ordered(({ max }) => max)
        .slice(0, 10)
        .map((row) => row.latent),
    );
  });

  async function expectOrder(value: (facts: Facts, latent: number) => number): Promise<void> {
    const wanted = ordered(value).slice(0, 10);
    await expect.poll(() => latentsOf(list(), 10), PATIENT).toEqual(wanted.map(({ latent }) => latent));
    (await rows(list())).slice(0, 10).forEach(({ numbers }, i) => expectClose(numbers[0], wanted[i].value));
  }
});

describe('pins', () => {
  it('are set and taken off by mouse', async () => {
    const [one, two] = await latentsOf(list(), 2);
    for (const place of [0, 1]) await list().locator(`[data-row="${place}"] .feature-number`).click();
    await pins().toEqual([String(one), String(two)]);
    await list().locator('[data-row="0"] .feature-number').click();
    await pins().toEqual([String(two)]);
    await button(`Unpin feature ${two}`).click();
    await pins().toEqual([]);
  });

  it('are set and taken off by keyboard, undone and redone', async () => {
    const [one, two] = await latentsOf(list(), 2);
    await page.locator('.panel-strip h2').click();
    await page.keyboard.press('/');
    await focused('#feature-search').toBe(1);
    await page.keyboard.press('Enter');
    await focused('[data-row="0"] .feature-number').toBe(1);
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await focused('[data-row="1"] .feature-number').toBe(1);
    await page.keyboard.press('Enter');
    await pins().toEqual([String(one), String(two)]);
    await page.keyboard.press('Enter');
    await pins().toEqual([String(one)]);
    await page.keyboard.press('Control+z');
    await pins().toEqual([String(one), String(two)]);
    expect(await notice().innerText()).toContain(`Undone: unpinned feature ${two}`);
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await pins().toEqual([]);
    await page.keyboard.press('Control+y');
    await pins().toEqual([String(one)]);
    await page.keyboard.press('Control+z');
    await pins().toEqual([]);
  });
});

describe('labels', () => {
  let loud: number;
  let silent: number;

  it('are written by keyboard, and found by words and by number', async () => {
    loud = (await latentsOf(list(), 3))[2];
    await find(String(loud));
    await search().press('Enter');
    await page.keyboard.press('l');
    await page.keyboard.type('Wind on the Sea');
    await page.keyboard.press('Enter');
    await focused('[data-row="0"] .feature-number').toBe(1);
    await expect.poll(labels, PATIENT).toEqual([`${loud} Wind on the Sea`]);
    await find('sea wind');
    await expect.poll(() => latentsOf(list(), 5), PATIENT).toEqual([loud]);
    await find('no such label');
    await text(page.locator('.panel-features .empty').first()).toContain('No feature has this number');
  });

  it('are written for a silent feature too', async () => {
    silent = Array.from({ length: 1024 }, (_, latent) => latent).find((latent) => latent > 99 && !first.has(latent))!;
    await find(String(silent));
    await expect.poll(async () => (await rows(list()))[0]?.words, PATIENT).toContain('silent');
    expect(await latentsOf(list(), 1)).toEqual([silent]);
    await list().locator('[data-row="0"] .label-button').click();
    await page.keyboard.type('quiet here');
    await page.keyboard.press('Enter');
    await find('quiet');
    await expect.poll(() => latentsOf(list(), 5), PATIENT).toEqual([silent]);
    await find('');
    await expect.poll(() => rows(list()).then((all) => all.length), PATIENT).toBeGreaterThan(3);
  });
});

describe('the card', () => {
  it('shows the training record, and figures measured here', async () => {
    await button('About this dictionary').click();
    const figures = dialog().getByRole('table', { name: 'How good it is' });
    const cells = async (name: string) => {
      const row = figures.locator('tr', { has: page.getByRole('rowheader', { name, exact: true }) });
      return row.locator('td.numeric').evaluateAll((all) => all.map((cell) => Number((cell as HTMLElement).title || NaN)));
    };
    const record = await page.evaluate(async (id) => (await window.featurescope.dictionaries.card(id)).record, dictionary);
    await count(figures).toBe(1);
    for (const [name, key] of [
      ['L0', 'l0'],
      ['FVU', 'fvu'],
      ['CE recovered', 'ce_recovered'],
    ])
      expectClose((await cells(name))[0], record![key] as number);
    await dialog().getByText('Training record').click();
    const facts = await dialog().locator('details', { hasText: 'Training record' }).locator('dt').allInnerTexts();
    expect(facts).toEqual(Object.keys(record!));

    await button('Measure here').click();
    await count(dialog().getByRole('button', { name: 'Cancel', exact: true })).toBe(1);
    await dialog().getByRole('button', { name: 'Cancel', exact: true }).click();
    await button('Measure here').click();
    // What was measured on the whole sample needs no other go.
    await count(button(/^Measure /)).toBe(0);
    await text(dialog()).toMatch(/Measured on 4\u202f096 tokens of Moby Dick/);
    const measured = await open.api.evaluate(dictionary);
    for (const [name, key] of [
      ['L0', 'l0'],
      ['FVU', 'fvu'],
      ['CE recovered', 'ce_recovered'],
      ['Dead', 'dead'],
    ] as const)
      expectClose((await cells(name))[1], measured[key]);
    await closeDialog();
  });
});

it('asked no other host and threw nothing', () => {
  expect(open.strangers).toEqual([]);
  expect(open.errors).toEqual([]);
});
