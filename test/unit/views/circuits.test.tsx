/** The Circuits screen as HTML: what is said of a tree and of a prompt circuit. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCircuitsStore } from '../../../src/state/circuits/circuits.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { CircuitsContext } from '../../../src/views/circuits/CircuitsContext.tsx';
import { PromptPart } from '../../../src/views/circuits/PromptPart.tsx';
import { TreePart } from '../../../src/views/circuits/TreePart.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { drawWhole } from '../../helpers/drawWhole.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeCausal } from '../../helpers/fakeCausal.ts';
import { fakeFeatures } from '../../helpers/fakeFeatures.ts';

const TARGET = 'bookworm-9m/blocks.3.hook_resid_post/r4';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const asDrawn = <S extends { getState: () => unknown }>(store: S): S => ({ ...store, getInitialState: store.getState });
const later = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

async function screen(hash: string) {
  const api = fakeApi();
  const page = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await later();
  page.setState({ view: 'circuits', circuits: hash });
  const { tree, circuit } = fakeCausal();
  const store = createCircuitsStore({ ...api, index: fakeFeatures({ indexed: [TARGET] }).index, tree, circuit }, page);
  const { actions } = store.getState();
  actions.setVisible(true);
  actions.setExplore('the sea');
  await later();
  const draw = (part: 'tree' | 'prompt') => {
    vi.useRealTimers();
    return drawWhole(
      <StoreProvider store={asDrawn(page)}>
        <CircuitsContext value={asDrawn(store)}>{part === 'tree' ? <TreePart /> : <PromptPart />}</CircuitsContext>
      </StoreProvider>,
    );
  };
  return { store, actions, draw };
}

describe('a tree', () => {
  it('that was not grown says what to do', async () => {
    const { draw } = await screen('#/circuits');
    const html = await draw('tree');
    expect(html).toContain('Choose a dictionary and a feature of it, or press “What causes it” on the page of a feature.');
    expect(html).toMatch(/<button type="submit"[^>]*disabled/);
  });

  it('says of each node what it is and what goes with it, and counts what is not drawn', async () => {
    const { actions, draw, store } = await screen(`#/circuits/tree/${TARGET}/7?contexts=top+20`);
    void actions.grow();
    await later();
    const html = await draw('tree');
    expect(html.match(/class="graph-node"/g)).toHaveLength(store.getState().grown!.tree.nodes.length);
    expect(html).toMatch(/aria-label="Feature 7[^"]*, Block 3, residual\. 3 parents shown\."/);
    expect(html).toMatch(/aria-label="Feature 22[^"]* 60\.0\u202F% of feature 7[^"]* goes with it/);
    expect(html).toContain('12 under 1\u202F%');
    expect(html).toContain('On 2 contexts (its highest contexts, of moby-dick)');
    expect(html).toContain('No controls were measured');
  });

  it('shows of an edge each context, the one where the child is off too', async () => {
    const { actions, draw, store } = await screen(`#/circuits/tree/${TARGET}/7?contexts=top+20&controls=1`);
    void actions.grow();
    await later();
    const { parent, child } = store.getState().grown!.tree.edges[0];
    actions.choose(`${parent} → ${child}`);
    const html = await draw('tree');
    expect(html).toContain('60.0\u202F% (50.0\u202F% to 70.0\u202F%)');
    expect(html).toContain('A random direction');
    expect(html).toContain('>off<');
  });

  it('that failed says why', async () => {
    const { actions, draw } = await screen(`#/circuits/tree/${TARGET}/7?contexts=list`);
    void actions.grow();
    await later();
    expect(await draw('tree')).toContain('The list of contexts is empty.');
  });
});

describe('a prompt circuit', () => {
  it('says what its nodes explain beside as many at random', async () => {
    const { actions, draw } = await screen('#/circuits/prompt');
    await later();
    void actions.measure();
    await later();
    actions.setShown(2);
    const html = await draw('prompt');
    expect(html.match(/class="graph-node"/g)).toHaveLength(2);
    expect(html).toContain('faithfulness <strong>50.0\u202F%</strong>');
    expect(html).toContain('completeness <strong>50.0\u202F%</strong>');
    expect(html).toMatch(/aria-label="1\. Feature 0[^"]*: effect \+1\.00/);
  });
});
