/** The slice of the Circuits screen on a fake api: what it asks for, what it stops, and that no target gets another's tree. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TreeOptions } from '../../../src/api/causal.ts';
import { createCircuitsStore } from '../../../src/state/circuits/circuits.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeCausal } from '../../helpers/fakeCausal.ts';
import { fakeFeatures } from '../../helpers/fakeFeatures.ts';

const dictionary = (layer: number) => `bookworm-9m/blocks.${layer}.hook_resid_post/r4`;
const TARGET = `#/circuits/tree/${dictionary(3)}/7?contexts=top+20`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const later = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

async function screen({ hash = TARGET, fail = '' } = {}) {
  const causal = fakeCausal({ fail });
  const api = fakeApi();
  const page = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await later();
  page.setState({ view: 'circuits', circuits: hash });
  const features = fakeFeatures({ indexed: [dictionary(3)] });
  const { index, weights } = features;
  const store = createCircuitsStore({ ...api, index, weights, tree: causal.tree, circuit: causal.circuit }, page);
  const { actions } = store.getState();
  actions.setVisible(true);
  actions.setExplore('the sea');
  await later();
  const trees = () => causal.calls.filter(({ kind }) => kind === 'tree').map(({ options }) => options as TreeOptions);
  return { page, store, actions, causal, trees, get: store.getState };
}

describe('a tree', () => {
  it('is asked for as the form says it, and grows as it comes in', async () => {
    const { actions, trees, get } = await screen();
    void actions.grow();
    await later(60);
    expect(get().treeTask).toMatchObject({ status: 'running', done: 1, total: 2, message: 'first level' });
    expect(get().grown?.tree.nodes).toHaveLength(1);
    await later();
    expect(trees()).toEqual([
      {
        target: { dictionary: dictionary(3), latent: 7 },
        dictionaries: [2, 1, 0].map(dictionary),
        contexts: { kind: 'top', count: 20, corpus: 'moby-dick' },
        mode: 'zero',
        parents: 3,
        threshold: 0.01,
        expand: 'paper',
        controls: false,
        seed: 0,
      },
    ]);
    expect(get().treeTask).toBeNull();
    const { tree } = get().grown!;
    expect(tree.nodes[0].id).toBe(`7 ${dictionary(3)}`);
    expect(tree.edges.every(({ parent, child }) => [parent, child].every((id) => tree.nodes.some((node) => node.id === id)))).toBe(true);
    // With the contexts as text, the names of the nodes, and what the target writes.
    expect(get().contexts).toHaveLength(2);
    expect(get().writes).toHaveLength(5);
    expect(get().tokens.size).toBeGreaterThan(0);
  });

  it('takes the text in Explore where the target fires in it, unless a person chose', async () => {
    const { actions, trees, get } = await screen({ hash: `#/circuits/tree/${dictionary(3)}/7` });
    const { latents } = await encoded(dictionary(3));
    actions.setTree({ latent: latents[0] });
    await later();
    expect(get().fires).toBe(true);
    void actions.grow();
    await later();
    expect(trees().at(-1)!.contexts).toEqual({ text: 'the sea' });
    actions.setTree({ contexts: { kind: 'list', lines: 'the sea\n\nthe man' } });
    void actions.grow();
    await later();
    expect(trees().at(-1)!.contexts).toEqual({ ids: [expect.any(Array), expect.any(Array)] });
    actions.setTree({ contexts: { kind: 'list', lines: ' \n' } });
    void actions.grow();
    await later();
    expect(get().treeTask).toMatchObject({ status: 'failed', message: expect.stringContaining('The list of contexts is empty') as string });
  });

  it('that is stopped keeps what there was, and says so', async () => {
    const { actions, get, causal } = await screen();
    void actions.grow();
    await later(60);
    actions.stopTree();
    await later();
    expect(get().treeTask).toEqual({ status: 'stopped' });
    expect(get().grown?.tree.nodes).toHaveLength(1);
    expect(causal.calls.at(-1)?.kind).toBe('stopped');
  });

  it('is never shown under another target, nor after the model changed', async () => {
    const { actions, get, page, causal } = await screen();
    void actions.grow();
    await later(60);
    page.setState({ circuits: `#/circuits/tree/${dictionary(2)}/9?contexts=top+20` });
    expect([get().grown, get().treeTask]).toEqual([null, null]);
    await later();
    expect(get().grown).toBeNull();
    expect(causal.calls.at(-1)?.kind).toBe('stopped');
    void actions.grow();
    await later(60);
    page.setState({ model: { ...page.getState().model!, hash: 'another' } });
    await later();
    expect([get().grown, get().tokens.size === 0 || get().grown === null]).toEqual([null, true]);
  });

  it('says why it was not grown', async () => {
    const failing = await screen({ fail: 'There is no index of it.' });
    void failing.actions.grow();
    await later();
    expect(failing.get().treeTask).toEqual({ status: 'failed', message: 'There is no index of it.' });
  });
});

async function encoded(id: string) {
  const answer = fakeApi().encode({ text: 'the sea' }, id);
  await later();
  return answer;
}

describe('a tree that a person grows on', () => {
  async function grown() {
    const made = await screen();
    void made.actions.grow();
    await later();
    const leaf = made
      .get()
      .grown!.tree.nodes.find(({ id, dictionary: d }) => d !== null && !made.get().grown!.tree.edges.some(({ child }) => child === id))!;
    return { ...made, leaf };
  }

  it('asks for one level on the contexts of the root, and undo takes it back', async () => {
    const { actions, trees, get, leaf } = await grown();
    const before = get().grown;
    void actions.regrow(leaf.id, { parents: 2, mode: 'mean' });
    await later();
    expect(trees().at(-1)).toMatchObject({
      target: { dictionary: leaf.dictionary, latent: leaf.latent },
      contexts: {
        ids: [
          [10, 11, 12],
          [13, 14],
        ],
      },
      mode: 'mean',
      parents: 2,
      depth: 1,
    });
    const after = get().grown!;
    expect(after.tree.edges.filter(({ child }) => child === leaf.id)).toHaveLength(2);
    expect(after.growths.get(leaf.id)).toMatchObject({ mode: 'mean', parents: 2 });
    expect(after.tree.continuations).toBe(80);
    actions.undo();
    expect(get().grown).toBe(before);
    actions.redo();
    expect(get().grown).toBe(after);
  });

  it('keeps what is hidden, pinned and closed in the address, and takes each back', async () => {
    const { actions, get, page, leaf } = await grown();
    actions.hide(leaf.id);
    actions.pin(get().grown!.tree.nodes[1].id);
    actions.close(get().grown!.tree.nodes[0].id);
    const { look } = get().place;
    expect(page.getState().circuits).toContain('hidden=');
    const other = await screen({ hash: page.getState().circuits });
    expect(other.get().place.look).toEqual(look);
    actions.undo();
    actions.undo();
    actions.undo();
    expect(get().place.look).toMatchObject({ hidden: [], pinned: [], closed: [] });
    expect(get().history.past).toHaveLength(0);
    actions.undo();
    expect(get().grown).not.toBeNull();
  });

  it('measures an edge again on other contexts, beside the first', async () => {
    const { actions, trees, get } = await grown();
    const { parent, child } = get().grown!.tree.edges[0];
    void actions.askAgain(`${parent} → ${child}`, { kind: 'spread', count: 20 });
    await later();
    expect(trees().at(-1)).toMatchObject({
      contexts: { kind: 'spread', count: 20 },
      controls: true,
      only: [{ latent: expect.any(Number) as number }],
    });
    expect(get().again.get(`${parent} → ${child}`)).toMatchObject({ status: 'done', words: expect.any(String) as string });
  });
});

describe('a prompt circuit', () => {
  it('is asked for with what the form leaves open filled in', async () => {
    const { actions, causal, get } = await screen({ hash: '#/circuits/prompt' });
    await later();
    expect(get().prompt).toMatchObject({ text: 'the sea' });
    void actions.measure();
    await later();
    const asked = causal.calls.at(-1)!.options as Parameters<typeof causal.circuit>[0];
    expect(asked).toMatchObject({ input: { text: 'the sea' }, position: 1, nodes: 40, edges: 80, seed: 0 });
    expect(asked.minus).toBeUndefined();
    expect(asked.dictionaries).toHaveLength(6);
    expect(get().made?.circuit.nodes).toHaveLength(4);
    actions.setShown(2);
    expect(get().place.shown).toBe(2);
    // No new call.
    expect(causal.calls.filter(({ kind }) => kind === 'circuit')).toHaveLength(1);
  });

  it('refuses what is typed for a token and is several', async () => {
    const { actions, get } = await screen({ hash: '#/circuits/prompt' });
    expect(await typed(actions.typeToken('minus', 'the old man'))).toMatch(/That is \d+ tokens/);
    expect(get().place.prompt.minus).toBeNull();
    expect(await typed(actions.typeToken('minus', 'the'))).toBe('');
    expect(get().place.prompt.minus).not.toBeNull();
  });

  it('that is stopped leaves the one before', async () => {
    const { actions, get } = await screen({ hash: '#/circuits/prompt' });
    await later();
    void actions.measure();
    await later();
    const { made } = get();
    void actions.measure();
    await later(60);
    actions.stopCircuit();
    await later();
    expect(get().made).toBe(made);
    expect(get().circuitTask).toEqual({ status: 'stopped' });
  });
});

async function typed(answer: Promise<string>): Promise<string> {
  await later();
  return answer;
}
