import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { createAppStore, type AppStore } from '../../../src/state/store.ts';
import { FeaturesPanel } from '../../../src/views/explore/FeaturesPanel.tsx';
import { DictionaryDoubts } from '../../../src/views/library/DictionaryDoubts.tsx';
import { DictionaryOffer } from '../../../src/views/library/DictionaryOffer.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { StripPanel } from '../../../src/views/explore/StripPanel.tsx';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 120));

/** The panel and the strip as a server would draw them, after the fake has answered. */
async function panel(options: FakeOptions = {}, act?: (store: AppStore) => void, text = 'the sea and the hat') {
  const store = createAppStore(fakeApi(options), fakeStartup(), { text });
  await settle();
  act?.(store);
  await settle();
  const reached = { ...store, getInitialState: store.getState };
  return renderToStaticMarkup(
    <StoreProvider store={reached}>
      <StripPanel />
      <FeaturesPanel doubts={<DictionaryDoubts />} offer={<DictionaryOffer />} />
    </StoreProvider>,
  );
}

describe('the features panel', () => {
  it('draws the rows in view of a list that says how long it is, with one tab stop', async () => {
    const html = await panel();
    const rows = Number(/aria-rowcount="(\d+)"/.exec(html)?.[1]);
    expect(rows).toBeGreaterThan(60);
    const drawn = html.match(/data-latent=/g)?.length ?? 0;
    expect(drawn).toBeGreaterThan(10);
    expect(drawn).toBeLessThan(40);
    expect(html).toContain('role="row" aria-rowindex="2"');
    expect(html).toContain(`${rows - 1} features</span>`);
    expect(html.match(/class="feature-number"[^>]*tabindex="0"/gi)).toHaveLength(1);
    expect(html).toMatch(
      /data-cell="blocks\.3\.hook_resid_post" tabindex="0" aria-label="block 3, [^"]+, 1 dictionary, here" aria-selected="true"/i,
    );
    expect(html).toContain('data-dictionary="bookworm-9m/blocks.3.hook_resid_post/r4"');
    expect(html).toMatch(/<strong>40<\/strong> of 1\u202F024 features fire at/);
    expect(html).toContain('1 − Σ‖x − x̂‖² / Σ‖x − mean‖²');
  });

  it('says why no dictionary fits, and how to import one', async () => {
    const html = await panel({ misfit: true });
    expect(html).toContain('No dictionary here fits bookworm-9m');
    expect(html).toContain('were made for bookworm-9m');
    expect(html).toContain('Choose a folder');
  });

  it('says when the dictionary was made for another model, or its figures disagree with what is claimed', async () => {
    expect(await panel()).not.toContain('class="doubts"');
    const html = await panel({}, (store) => {
      const state = store.getState();
      if (state.dictionaries.status !== 'done') throw new Error('There are no dictionaries.');
      const list = state.dictionaries.list.map((d) => ({ ...d, model: 'pythia-70m-deduped' }));
      const report = { status: 'done', done: 0, total: 0, figures: null, claimed: true, message: '' } as const;
      store.setState({
        dictionaries: { ...state.dictionaries, list },
        reports: { [state.dictionary]: { ...report, doubts: ['It disagrees.'] } },
      });
    });
    expect(html).toMatch(/was made for pythia-70m-deduped; bookworm-9m is open.*Get EleutherAI\/pythia-70m-deduped<\/button>/s);
    expect(html).toMatch(/It disagrees\. <button[^>]*>Report</);
  });

  it('has the way to what is published for models that have such', async () => {
    expect(await panel()).not.toContain('Published ones');
    const asPythia = (store: AppStore) => store.setState(({ model }) => ({ model: { ...model!, id: 'Xenova/pythia-70m-deduped' } }));
    expect(await panel({}, asPythia)).toContain('Published ones');
  });

  it('says what rarity rests on', async () => {
    const html = await panel({}, (store) => store.getState().actions.setRanking('rare'));
    expect(html).toContain(
      'maximum × ln(1 / density)</span>; density: share of tokens on which it fires, counted on what is on screen alone',
    );
  });

  it('leaves <|endoftext|> out unless told otherwise', async () => {
    const text = 'the sea<|endoftext|>the hat';
    expect(await panel({}, undefined, text)).toMatch(/checked=""\/>Leave one special token such as/);
    const html = await panel({}, (store) => store.getState().actions.setSkipSpecial(false), text);
    expect(html).toMatch(/type="checkbox"\/>Leave one special token/);
    expect(await panel()).not.toContain('special token');
  });

  it('says in grey what a feature without a label fires on here, and with one does not', async () => {
    const html = await panel();
    expect(html).toMatch(
      /class="label-button is-guess"[^>]*><span class="visually-hidden">Write a label for feature (?:<!-- -->)?\d+(?:<!-- -->)?, which <\/span><span class="guess-lead">fires here /,
    );
    const labelled = await panel({}, (store) => {
      const { features, dictionary, actions } = store.getState();
      for (const { latent } of features?.index.rows ?? []) void actions.label(dictionary, latent, 'mine');
    });
    expect(labelled).not.toContain('class="guess-lead"');
  });

  it('gives the rows of one dictionary no label of another', async () => {
    const labelled = (dictionary: string) => (store: AppStore) => {
      const { features, actions } = store.getState();
      store.setState({ dictionary });
      for (const { latent } of features?.index.rows ?? []) void actions.label(dictionary, latent, 'theirs');
    };
    expect(await panel({}, labelled('bookworm-9m/blocks.3.hook_resid_post/r4'))).toContain('theirs');
    expect(await panel({}, labelled('bookworm-9m/blocks.1.hook_resid_post/r4'))).not.toContain('theirs');
  });

  it('says how to brush a span', async () => {
    expect(await panel({}, (store) => store.getState().actions.setRanking('span'))).toContain('No tokens are brushed.');
  });

  it('waits with grey lines', async () => {
    expect(await panel({ delayMs: (call) => (call === 'features' ? 60_000 : 0) })).toMatch(/aria-busy="true".*class="skeleton"/s);
  });

  it('shows the sentence of a failure', async () => {
    expect(await panel({ fail: { features: 'Its file ends early.' } })).toMatch(/role="alert">Its file ends early\./);
    expect(await panel({ fail: { dictionaries: 'The list is missing.' } })).toMatch(/role="alert">The list is missing\./);
  });

  it('has words for nothing to show', async () => {
    expect(await panel({ silent: true })).toContain('No feature of this dictionary fires on this text.');
    expect(await panel({}, undefined, '')).toContain('No text, so no features.');
  });

  it('marks pinned features with a letter and offers to ablate them', async () => {
    const html = await panel({}, (store) => {
      const { pin, ablate } = store.getState().actions;
      for (const row of store.getState().features?.index.rows.slice(0, 2) ?? []) pin(row.latent);
      ablate(store.getState().pins[0].latent);
    });
    expect(html).toMatch(/class="pin-badge" data-slot="1" data-letter="B"/);
    expect(html).toMatch(/aria-pressed="true" aria-label="Ablated feature \d+"[^>]*>Ablated</);
    expect(html).toContain('Read without the edits.');
  });

  it('colours the strip by the feature pointed at, on a stated scale', async () => {
    const html = await panel({}, (store) => store.getState().actions.point(store.getState().features?.index.rows[0].latent ?? 0));
    expect(html).toContain('data-metric="feature"');
    expect(html).toMatch(/Feature \d+: value ÷ its maximum in this text, [\d.]+\. Full colour: that maximum\./);
    expect(html.match(/--share:1"/g)?.length).toBeGreaterThanOrEqual(1);
  });
});
