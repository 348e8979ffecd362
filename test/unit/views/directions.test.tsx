/** Other directions in the library dialog: a heading of their own, and the form that makes some. */
import { expect, it, vi } from 'vitest';
import { createAppStore } from '../../../src/state/store.ts';
import { LibraryDialog } from '../../../src/views/library/LibraryDialog.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { drawWhole } from '../../helpers/drawWhole.ts';
import { fakeApi, fakeModel, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';

async function draw(facts: object) {
  const api = fakeApi();
  const store = createAppStore(api, fakeStartup());
  // Until the first list is there, which would take this one's place.
  await vi.waitFor(() => expect(store.getState().dictionaries.status).toBe('done'));
  const [first] = fakeDictionaries(true);
  const pca = {
    ...first,
    id: 'pca',
    label: 'PCA of blocks.3.hook_resid_post, 32,768 tokens',
    architecture: 'pca',
    source: 'files' as const,
  };
  store.setState({ model: fakeModel(), dictionaries: { status: 'done', list: [first, pca] }, ...facts });
  return drawWhole(
    <StoreProvider store={{ ...store, getInitialState: store.getState }}>
      <LibraryDialog />
    </StoreProvider>,
  );
}

it('lists them under their own heading, with a form', async () => {
  const html = await draw({});
  const [before, section] = html.split('<h3>Other directions</h3>');
  expect(before).not.toContain('PCA of blocks.3');
  expect(section).toContain('PCA of blocks.3.hook_resid_post, 32,768 tokens');
  expect(section).toMatch(/<summary>Make some<\/summary>.*Kind.*Hook.*Values.*Components.*Tokens.*Text.*Make<\/button>/s);
  // Patterns are no vectors.
  expect(section).not.toContain('attn.hook_pattern');
});

it('shows how far the making is, and what went wrong', async () => {
  const running = await draw({ directionsTask: { status: 'running', done: 1, total: 4, message: 'Read 1 of 4 tokens.' } });
  expect(running).toMatch(/role="status">.*Read 1 of 4 tokens\..*value="0.25".*Cancel<\/button>/s);
  const failed = await draw({ directionsTask: { status: 'failed', message: 'There is no hook called "x".' } });
  expect(failed).toMatch(/role="alert">There is no hook called &quot;x&quot;\. Nothing was added\./);
});
