/** The feature page as a server would draw it, after the fake has answered. */
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { createFeatureStore } from '../../../src/state/feature/feature.ts';
import { caseOf, findPlace, type FeatureActions, type FeatureCase, type FeatureFacts } from '../../../src/state/feature/state.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { FeatureContext } from '../../../src/views/feature/FeatureContext.tsx';
import { Screen } from '../../../src/views/feature/FeatureScreen.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeFeatures, type FakeFeaturesOptions } from '../../helpers/fakeFeatures.ts';

const R4 = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const settle = (ms = 120) => new Promise((resolve) => setTimeout(resolve, ms));
const asDrawn = <S extends { getState: () => unknown }>(store: S): S => ({ ...store, getInitialState: store.getState });

interface Shown extends FakeFeaturesOptions {
  dictionary?: string;
  misfit?: boolean;
  absent?: boolean;
  facts?: Partial<FeatureFacts>;
  act?: (actions: FeatureActions) => void;
  /** For what `act` does, ms. */
  wait?: number;
}

async function page(
  latent: number | null,
  { dictionary = R4, misfit, absent = false, facts, act, wait = 0, ...features }: Shown = { indexed: [R4] },
) {
  const api = fakeApi({ misfit });
  const app = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await settle();
  const store = createFeatureStore(
    { ...api, ...(absent ? { index: undefined, effects: undefined, weights: undefined, neighbours: undefined } : fakeFeatures(features)) },
    app,
  );
  const { actions } = store.getState();
  actions.setShown(true);
  actions.setText('the sea');
  if (latent === null) actions.setShown(true);
  else app.getState().actions.openFeature({ dictionary, latent });
  const place = { dictionary, latent: latent ?? NaN };
  const answered = async () => {
    const isFound = findPlace(app.getState(), place).status === 'found';
    for (let i = 0; isFound && i < 100 && !isSettled(caseOf(store.getState(), place)); i++) await settle(50);
  };
  await settle();
  await answered();
  act?.(actions);
  await settle(wait);
  await answered();
  store.setState(facts ?? {});
  return renderToStaticMarkup(
    <StoreProvider store={asDrawn(app)}>
      <FeatureContext value={asDrawn(store)}>
        <Screen text="the sea" onOpen={() => undefined} onEdit={() => undefined} />
      </FeatureContext>
    </StoreProvider>,
  );
}

/** The last parts that are asked for have come, and nothing is on its way. */
function isSettled({ textEffects, neighbours, weights, ...rest }: FeatureCase): boolean {
  const parts = [textEffects, neighbours, weights, ...Object.values(rest)];
  return textEffects.status !== 'waiting' && parts.every(({ status }) => status !== 'running');
}

/** Words without markup. */
const words = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/[ \n]+/g, ' ');

describe('the feature page', () => {
  it('shows the whole case of a clean feature, each panel with what it rests on', async () => {
    const html = await page(0);
    const text = words(html);
    expect(text).toContain('Feature 0');
    expect(text).toMatch(/fires on · ?the/);
    expect(text).toContain('0.4\u202F%');
    expect(text).toMatch(/Rank by density 2 of 1\u202F024/);
    expect(text).toContain('Counted on 100\u202F000 tokens of moby-dick.');
    // Ten bins of at most ten parts, and a legend that counts them.
    expect(html.match(/class="chart-stack"/g)!.length).toBeGreaterThan(20);
    expect(html).toContain('aria-label="Colours"');
    expect(text).toContain('3 repeats of the same tokens are left out.');
    expect(html.match(/class="context"/g)!.length).toBeGreaterThan(40);
    // One tab stop in each list of contexts.
    expect(html.match(/class="context(?: is-near)?" tabindex="0"/g)).toHaveLength(8);
    expect(text).toContain('Writes, most up');
    expect(text).toMatch(/By direction, among all of blocks\.3\.hook_resid_post r4/);
    expect(text).toContain('Measure on 20\u202F000 tokens');
    // Every chart has its numbers.
    expect(html.match(/As a table/g)!.length).toBeGreaterThanOrEqual(3);
  });

  it('shows the effect, its controls in grey', async () => {
    const html = await page(0, { indexed: [R4], act: (actions) => actions.measureEffects(20_000) });
    expect(words(html)).toMatch(/loss 3\.90 as it is, 3\.91 without the feature/);
    expect(html.match(/class="is-control"/g)).toHaveLength(2);
    expect(html.match(/class="chart-grey"/g)).toHaveLength(4);
    expect(words(html)).toMatch(/Another feature, 77/);
  });

  it('of a dense feature says what that means', async () => {
    expect(words(await page(1))).toMatch(/dense i The rule: fires on more than 20 % of the tokens\. It tells little/);
  });

  it('of a dead feature says so, and shows what can be shown', async () => {
    const text = words(await page(2));
    expect(text).toContain('It fired on none of 100\u202F000 tokens of moby-dick');
    expect(text).toContain('Writes, most up');
    expect(text).toContain('Near misses Where it stayed off');
    expect(text).not.toContain('Values of feature 2');
  });

  it('of a signed feature colours what is below 0', async () => {
    const html = await page(3);
    expect(html).toContain('context-token is-negative');
    expect(html).toContain('Values below 0 are blue.');
  });

  it('shows the directions that read most like it beside it, and what each does', async () => {
    const asked = await page(0);
    expect(asked).toContain('Put them beside it');
    const kinds = asked.split('Kinds of directions')[1].split('Put them beside it')[0];
    expect([...kinds.matchAll(/type="checkbox"( checked="")?[^>]*>([^<]+)/g)].map(([, on, name]) => [name, on !== undefined])).toEqual([
      ['Neurons', true],
      ['PCA', true],
      ['Random directions', true],
      ['ICA', false],
    ]);
    const look = async (actions: FeatureActions) => {
      actions.lookBeside(['neurons', 'pca']);
      await settle(600);
      actions.measureBeside();
      await settle(600);
    };
    const html = await page(0, { indexed: [R4], act: (actions) => void look(actions), wait: 1500 });
    const columns = html.split('class="beside-column"').slice(1);
    expect(columns.map((column) => /aria-label="([^"]*)"/.exec(column)![1])).toEqual([
      'This feature, 0',
      'Neuron, 7',
      'Principal component, 8',
    ]);
    expect(columns[1]).toContain('0.500');
    expect(columns[1]).toMatch(/href="#\/feature\/neurons/);
    for (const column of columns) {
      expect(column.match(/class="context"/g)).toHaveLength(5);
      expect(column.match(/class="chart-stack"/g)!.length).toBeGreaterThan(10);
      expect(column).toContain('Mean Δ');
    }
  });

  it('without an index offers to make one, and shows the rest', async () => {
    const text = words(await page(0, { indexed: [] }));
    expect(text).toContain('Nobody has read a text for the features of blocks.3.hook_resid_post r4 yet');
    expect(text).toContain('Read the text');
    expect(text).toContain('Writes, most up');
    expect(text).not.toContain('Contexts');
  });

  it('shows how far an index is', async () => {
    const build = {
      status: 'running',
      dictionary: R4,
      done: 25_000,
      total: 100_000,
      message: 'Reading the text…',
      began: Date.now(),
    } as const;
    const html = await page(0, { indexed: [], facts: { build } });
    expect(words(html)).toContain('Reading the text: 25\u202F000 of 100\u202F000');
    expect(html).toMatch(/<progress max="1" value="0.25"/);
    expect(html).toContain('Cancel');
  });

  it('says what a failure is and offers another try', async () => {
    const html = await page(0, { indexed: [R4], fail: { neighbours: 'They moved away.' } });
    expect(html).toMatch(/role="alert">They moved away\./);
    expect(words(html)).toContain('Try again');
  });

  it('says what this copy of the page does not have', async () => {
    const text = words(await page(0, { absent: true }));
    expect(text.match(/This copy of the page can/g)).toHaveLength(4);
  });

  it.each([
    [5000, {}, /has 1\u202F024 features, counted from 0 to 1\u202F023: there is no feature 5\u202F000\./],
    [NaN, {}, /The address gives no number of a feature\./],
    [1, { dictionary: 'x'.repeat(300) }, /No dictionary here has the id “x{80}…”/],
    [1, { dictionary: '' }, /The address names no dictionary\./],
    [1, { misfit: true }, /does not fit bookworm-9m, which is open/],
  ])('feature %d, %o, is refused in a sentence', async (latent, options, sentence) => {
    expect(words(await page(latent, options))).toMatch(sentence);
  });

  it('without a feature says how to choose one', async () => {
    expect(words(await page(null, { indexed: [] }))).toContain('No feature chosen yet');
    expect(words(await page(null))).toMatch(/Features of blocks\.3\.hook_resid_post r4/);
  });

  it('keeps markup in names from being markup', async () => {
    const html = await page(1, { dictionary: '<img src=x onerror=y>' });
    expect(html).not.toContain('<img');
  });
});
