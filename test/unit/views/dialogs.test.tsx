import { expect, it } from 'vitest';
import { createAppStore } from '../../../src/state/store.ts';
import { Dialogs } from '../../../src/views/library/Dialogs.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { drawWhole } from '../../helpers/drawWhole.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';

it('a dialog holds the notice: nothing outside an open one can be clicked', async () => {
  const api = fakeApi();
  const store = createAppStore(api, fakeStartup());
  const one = { format: 'saelens', architecture: 'standard', hook: '', d_in: 4, d_sae: 8, bytes: 256 };
  const found = ['a', 'b'].map((name) => ({ name, ...one }));
  store.setState({
    importTask: { status: 'choosing', files: [], found },
    notice: { text: '2 labels deleted.', undo: { run: () => {} } },
  });
  const html = await drawWhole(
    <StoreProvider store={{ ...store, getInitialState: store.getState }}>
      <Dialogs api={api} />
    </StoreProvider>,
  );
  expect(html).toMatch(/<dialog.*2 labels deleted\..*Undo<\/button>.*<\/dialog>/s);
});
