import { renderToStaticMarkup } from 'react-dom/server';
import type { ReactNode } from 'react';
import { expect, it } from 'vitest';
import { createAppStore, type AppStore } from '../../../src/state/store.ts';
import { LinkBanner } from '../../../src/views/frame/LinkBanner.tsx';
import { placeWords } from '../../../src/views/shared/placeWords.ts';
import { RightModel } from '../../../src/views/shared/RightModel.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { fakeApi, fakeModel, fakeStartup } from '../../helpers/fakeApi.ts';

async function draw(node: ReactNode, act?: (store: AppStore) => void): Promise<string> {
  const store = createAppStore(fakeApi(), fakeStartup());
  await new Promise((resolve) => setTimeout(resolve, 120));
  act?.(store);
  return renderToStaticMarkup(<StoreProvider store={{ ...store, getInitialState: store.getState }}>{node}</StoreProvider>);
}

it('the right model is opened where it is here, whoever converted it, else looked up on the hub', async () => {
  const right = <RightModel name="pythia-70m-deduped" />;
  expect(await draw(right)).toContain('Get EleutherAI/pythia-70m-deduped');
  const kept = { ...fakeModel(), id: 'Xenova/pythia-70m-deduped', source: 'hub' as const };
  expect(await draw(right, (store) => store.setState(({ models }) => ({ models: [...models, kept] })))).toContain(
    'Open Xenova/pythia-70m-deduped',
  );
  // Names that lead nowhere: of a file, of a library's own.
  expect(await draw(<RightModel name="/home/me/model" />)).toBe('');
  expect(await draw(<RightModel name="gelu-1l" />)).toBe('');
});

it('a place is written without what only machines need', () => {
  expect(placeWords({ hub: 'a/b', revision: 'main', folder: 'c/d' })).toBe('a/b/c/d');
  expect(placeWords({ hub: 'a/b', revision: 'v2' })).toBe('a/b@v2');
  expect(placeWords({ url: 'https://example.org/x/ae.pt?signature=secret' })).toBe('example.org');
});

it('a link to a published dictionary says where it is, and nothing is asked unasked', async () => {
  const linked = { id: 'sha256-1', hash: 'sha256-1', label: '3-res-sm', hook: 'blocks.3.hook_resid_post', model: 'pythia-70m-deduped' };
  const html = await draw(<LinkBanner />, (store) => store.setState({ wanted: { ...linked, from: { hub: 'a/b', folder: '3-res-sm' } } }));
  expect(html).toMatch(/It is published at a\/b\/3-res-sm.*Look it up there/s);
  expect(await draw(<LinkBanner />, (store) => store.setState({ wanted: linked }))).toContain('Ask whoever sent the link for its files');
});
