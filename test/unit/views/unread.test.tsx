import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/state/store.ts';
import { indexFeatures } from '../../../src/state/explore/features.ts';
import { createAppStore, type AppStore } from '../../../src/state/store.ts';
import { MAX_TOKENS } from '../../../src/state/explore/windowReading.ts';
import { drawWhole } from '../../helpers/drawWhole.ts';
import { ActivationsPanel } from '../../../src/views/explore/ActivationsPanel.tsx';
import { PredictionsPanel } from '../../../src/views/explore/PredictionsPanel.tsx';
import { SecondText } from '../../../src/views/explore/SecondText.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { StripPanel } from '../../../src/views/explore/StripPanel.tsx';
import { TextPanel } from '../../../src/views/explore/TextPanel.tsx';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';
import { sparse } from '../../helpers/fakeDictionaries.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 200));

async function reach(options: FakeOptions, facts: Partial<Facts> = {}): Promise<AppStore> {
  const store = createAppStore(fakeApi(options), fakeStartup(), { text: 'the sea', ...facts });
  await settle();
  return store;
}

/** As a server would draw it in the state reached. */
function draw(store: AppStore, children: React.ReactNode): string {
  const reached = { ...store, getInitialState: store.getState };
  return renderToStaticMarkup(<StoreProvider store={reached}>{children}</StoreProvider>);
}

const times = (html: string, words: string) => html.split(words).length - 1;

describe('a text that could not be read', () => {
  const panels = (
    <>
      <TextPanel />
      <StripPanel />
      <PredictionsPanel />
      <ActivationsPanel />
    </>
  );
  const NO_TOKENIZER = 'This model came without tokenizer.json.';

  it('leaves no grey lines, and says why once', async () => {
    const html = draw(await reach({ fail: { tokenize: NO_TOKENIZER } }), panels);
    expect(html).not.toContain('skeleton');
    expect(html).not.toContain('Counting tokens');
    expect(html).toContain('Tokens not counted');
    expect(times(html, NO_TOKENIZER)).toBe(1);
    expect(times(html, 'Nothing to show: the text could not be read.')).toBe(3);
  });

  it('is not said of one on its way', async () => {
    const html = draw(await reach({ delayMs: (call) => (call === 'tokenize' ? 60_000 : 0) }), panels);
    expect(times(html, 'class="skeleton"')).toBe(3);
    expect(html).toContain('Counting tokens…');
    expect(html).not.toContain('Nothing to show');
  });

  it('has the activations that were read all the same', async () => {
    const store = await reach({ fail: { predict: 'Out of memory.' } });
    const html = await drawWhole(<StoreProvider store={{ ...store, getInitialState: store.getState }}>{panels}</StoreProvider>);
    expect(times(html, 'Out of memory.')).toBe(1);
    expect(times(html, 'Nothing to show')).toBe(2);
    expect(html).not.toContain('skeleton');
  });

  it('leaves what keeps only the activations from being read where they would be', async () => {
    const html = draw(await reach({ fail: { run: 'The hook is gone.' } }), <ActivationsPanel />);
    expect(html).toContain('role="alert">The hook is gone.');
    expect(html).not.toContain('Nothing to show');
    expect(html).not.toContain('skeleton');
  });

  it('beyond a window has no grey lines for what comes after', async () => {
    const store = await reach({ n_ctx: 4 }, { text: 'a b c d e f g h' });
    store.setState(({ analysis }) => ({
      analysis: { ...analysis!, answers: analysis!.answers.map((answer, w) => (w === 0 ? answer : undefined)) },
    }));
    expect(draw(store, <PredictionsPanel />)).toContain('skeleton');
    store.setState({ reading: { status: 'failed', message: 'Out of memory.' } });
    const html = draw(store, <PredictionsPanel />);
    expect(html).toContain('has not been read');
    expect(html).not.toContain('skeleton');
  });
});

describe('the second text', () => {
  const second = (store: AppStore, text = 'the hat') => draw(store, <SecondText text={text} />);
  const compare = { text: 'the hat' };

  it('waits with grey lines while it is read', async () => {
    expect(second(await reach({ delayMs: (call) => (call === 'encode' ? 60_000 : 0) }, { compare }))).toContain('class="skeleton"');
    expect(second(await reach({ ready: new Promise(() => undefined) }, { compare }))).toContain('class="skeleton"');
  });

  it('says what is missing when there is nothing to compare it by', async () => {
    const words = 'Comparing needs a model and a dictionary that fits it.';
    expect(second(await reach({ misfit: true }, { compare }))).toBe(`<p class="empty">${words}</p>`);
    expect(second(await reach({ ready: Promise.reject(new Error('The file is gone.')) }, { compare }))).toContain(words);
    expect(second(await reach({ fail: { dictionaries: 'The list is missing.' } }, { compare }))).toContain(words);
  });

  it('leaves a failure to the sentence above it', async () => {
    expect(second(await reach({ fail: { encode: 'Its file ends early.' } }, { compare }))).toBe('');
  });

  it('says that the rest of a long one was left out, and nothing of one read whole', async () => {
    const store = await reach({}, { compare });
    const words = 'The text goes on: of a longer one, the first 20\u202F000 tokens are read.';
    expect(second(store)).toContain('token');
    expect(second(store)).not.toContain('The text goes on');
    const { compared } = store.getState();
    const tokens = Array.from({ length: MAX_TOKENS }, () => 'a');
    const spans = tokens.map((_, i): [number, number] => [i, i + 1]);
    const index = indexFeatures(sparse(tokens.map(() => [])));
    const text = 'a'.repeat(MAX_TOKENS);
    store.setState({ compared: { ...compared!, text, tokens, spans, index, ids: tokens.map(() => 1) } });
    expect(second(store, `${text}a`)).toContain(words);
    expect(second(store, text)).not.toContain('The text goes on');
  });
});
