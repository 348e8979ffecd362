import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TYPING_PAUSE_MS } from '../../../src/state/explore/reader.ts';
import { activeEdits, chosenPosition } from '../../../src/state/explore/selectors.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';
import { readyStore } from '../../helpers/readyStore.ts';

// Fetched when first needed, which fake clocks do not wait for.
beforeAll(() => import('../../../src/state/explore/generator.ts'));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('start', () => {
  it('reads the text as soon as the model is open', async () => {
    const { get } = await readyStore();
    expect(get().boot).toEqual({ status: 'ready' });
    expect(get().analysis?.before.tokens).toEqual(['the', ' sea']);
    expect(get().hook).toBe('blocks.3.hook_resid_post');
    expect(get().activations?.values.shape).toEqual([2, 256]);
    expect(get().device?.kind).toBe('wasm');
  });

  it('keeps what was typed before the model was there', async () => {
    let open = () => {};
    const api = fakeApi({ ready: new Promise((resolve) => (open = resolve)) });
    const store = createAppStore(api, fakeStartup());
    store.getState().actions.setText('a hat');
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls).toEqual([]);
    open();
    await vi.advanceTimersByTimeAsync(500);
    expect(store.getState().analysis?.text).toBe('a hat');
  });

  it('shows the sentence of a failed start, and can try again', async () => {
    const api = fakeApi({ ready: Promise.reject(new Error('No such model.')) });
    const store = createAppStore(api, fakeStartup());
    await vi.advanceTimersByTimeAsync(100);
    expect(store.getState().boot).toEqual({ status: 'failed', message: 'No such model.' });
    expect(store.getState().models).toHaveLength(1);
    store.getState().actions.retryBoot();
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.getState().boot).toEqual({ status: 'ready' });
  });
});

describe('typing', () => {
  it('answers the first key of a burst at once and the rest together', async () => {
    const { api, act, get } = await readyStore();
    api.calls.length = 0;
    for (const text of ['h', 'ha', 'hat']) {
      act.setText(text);
      await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS / 2);
    }
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls.filter((c) => c.startsWith('predict'))).toEqual(['predict h', 'predict hat']);
    expect(get().analysis?.text).toBe('hat');
  });

  it('drops an answer that comes after a newer question', async () => {
    const { act, get } = await readyStore({ delayMs: (call, text) => (call === 'predict' && text === 'slow' ? 5000 : 10) });
    act.setText('slow');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS + 100);
    act.setText('quick');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS + 100);
    expect(get().analysis?.text).toBe('quick');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(get().analysis?.text).toBe('quick');
    expect(get().reading).toEqual({ status: 'done' });
  });

  it('has nothing to show for an empty text', async () => {
    const { act, get } = await readyStore();
    act.setText('');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().reading).toEqual({ status: 'empty' });
    expect(get().analysis).toBeNull();
  });

  it('shows the sentence of a failed call beside what was there', async () => {
    const options: FakeOptions = {};
    const { act, get } = await readyStore(options);
    options.fail = { predict: 'The worker stopped.' };
    act.setText('more');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().reading).toEqual({ status: 'failed', message: 'The worker stopped.' });
    expect(get().analysis?.text).toBe('the sea');
    expect(get().activations?.text).toBe('more');
  });
});

describe('position', () => {
  it('follows the last token until one is chosen, and stays inside the text', async () => {
    const { act, get } = await readyStore();
    expect(chosenPosition(get())).toBe(1);
    act.setText('the sea and the hat');
    await vi.advanceTimersByTimeAsync(500);
    expect(chosenPosition(get())).toBe(4);
    act.selectPosition(3);
    expect(chosenPosition(get())).toBe(3);
    act.setText('the sea');
    await vi.advanceTimersByTimeAsync(500);
    expect(chosenPosition(get())).toBe(1);
  });
});

describe('edits', () => {
  const zero = { hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 0 }, where: { kind: 'all' } } as const;

  it('compares with the unedited run, which is not asked for again', async () => {
    const { api, act, get } = await readyStore();
    api.calls.length = 0;
    act.addEdit(zero);
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls.filter((c) => c.startsWith('predict'))).toHaveLength(1);
    expect(get().analysis?.after?.kl).toHaveLength(2);
    expect(get().activations?.edited).toBe(true);
    expect(get().activations?.values.data.every((x) => x === 0)).toBe(true);
  });

  it('undoes and redoes, and the screen follows', async () => {
    const { act, get } = await readyStore();
    act.addEdit(zero);
    await vi.advanceTimersByTimeAsync(500);
    act.undo();
    await vi.advanceTimersByTimeAsync(500);
    expect(get().bench.edits).toEqual([]);
    expect(get().analysis?.after).toBeNull();
    act.redo();
    await vi.advanceTimersByTimeAsync(500);
    expect(get().analysis?.after).not.toBeNull();
    act.changeEdit(1, { on: false });
    await vi.advanceTimersByTimeAsync(500);
    expect(get().analysis?.after).toBeNull();
  });

  it('keeps vectors with where they came from', async () => {
    const { act, get } = await readyStore();
    act.keepVector(new Float32Array([1, 2]), 1);
    expect(get().bench.vectors).toEqual([
      { id: 1, values: new Float32Array([1, 2]), hook: 'blocks.3.hook_resid_post', position: 1, token: '·sea', excerpt: 'the sea' },
    ]);
  });

  it('never take another vector for one that was removed', async () => {
    const { act, get } = await readyStore();
    act.keepVector(new Float32Array(256).fill(1), 0);
    act.keepVector(new Float32Array(256).fill(2), 1);
    act.addEdit({ hook: zero.hook, change: { op: 'add', vector: 2, strength: 1 }, where: { kind: 'all' } });
    expect(activeEdits(get())).toHaveLength(1);
    act.removeVector(2);
    act.keepVector(new Float32Array(256).fill(3), 0);
    expect(get().bench.vectors.map((v) => v.id)).toEqual([1, 3]);
    expect(activeEdits(get())).toEqual([]);
    act.undo();
    act.undo();
    expect(activeEdits(get())).toHaveLength(1);
    act.keepVector(new Float32Array(256).fill(4), 0);
    expect(get().bench.vectors.map((v) => v.id)).toEqual([1, 2, 4]);
  });

  it('reads again when an edit sits at the selected position and the selection moves', async () => {
    const { api, act } = await readyStore();
    act.addEdit({ ...zero, where: { kind: 'selected' } });
    await vi.advanceTimersByTimeAsync(500);
    api.calls.length = 0;
    act.selectPosition(0);
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls.filter((c) => c.startsWith('predict'))).toHaveLength(1);
  });
});

describe('models', () => {
  it('keeps the model it had when another is refused', async () => {
    const options: FakeOptions = {};
    const { act, get } = await readyStore(options);
    options.fail = { load: 'This is not a GPT-NeoX model.' };
    void act.loadModel([], 'bert');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().load).toEqual({ status: 'failed', name: 'bert', message: 'This is not a GPT-NeoX model.', kept: 'bookworm-9m' });
    expect(get().model?.id).toBe('bookworm-9m');
    expect(get().analysis?.text).toBe('the sea');
    act.dismissLoad();
    expect(get().load).toEqual({ status: 'idle' });
  });

  it('reports progress, adopts the new model and reads the text with it', async () => {
    const { act, get } = await readyStore({ delayMs: 10 });
    void act.loadModel([], 'mine');
    await vi.advanceTimersByTimeAsync(25);
    expect(get().load).toMatchObject({ status: 'loading', progress: { stage: 'fetching', loaded: 7_200_000 } });
    await vi.advanceTimersByTimeAsync(500);
    expect(get().load).toEqual({ status: 'idle' });
    expect(get().model?.id).toBe('from-files');
    expect(get().models).toHaveLength(2);
    expect(get().analysis?.text).toBe('the sea');
  });

  it('says nothing of a load that was cancelled', async () => {
    const { act, get } = await readyStore({ delayMs: 10 });
    void act.loadModel([], 'mine');
    await vi.advanceTimersByTimeAsync(15);
    act.cancelLoad();
    await vi.advanceTimersByTimeAsync(500);
    expect(get().load).toEqual({ status: 'idle' });
    expect(get().model?.id).toBe('bookworm-9m');
  });
});

describe('continuing the text', () => {
  it('runs plain and edited one after the other', async () => {
    const { act, get } = await readyStore();
    act.addEdit({ hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 0 }, where: { kind: 'all' } });
    await vi.advanceTimersByTimeAsync(500);
    act.setSettings({ tokens: 3 });
    void act.generate();
    await vi.advanceTimersByTimeAsync(500);
    const { generation } = get();
    expect(generation.status).toBe('done');
    const outputs = generation.status === 'idle' ? [] : generation.outputs;
    expect(outputs.map((o) => o.name)).toEqual(['plain', 'edited']);
    expect(outputs.every((o) => o.finished && o.text !== '')).toBe(true);
  });

  it('asks for no more tokens than fit, and goes on from the end of a text that fills the context', async () => {
    const { api, act, get } = await readyStore({ n_ctx: 4 });
    void act.generate();
    await vi.advanceTimersByTimeAsync(500);
    const pieces = (text: string) => text.match(/<\|endoftext\|>| ?[a-z]+|\n|[^a-z]/g)?.length;
    const { generation } = get();
    expect(generation.status !== 'idle' && pieces(generation.outputs[0].text)).toBe(2);
    act.setText('a b c d e');
    await vi.advanceTimersByTimeAsync(500);
    api.calls.length = 0;
    void act.generate();
    await vi.advanceTimersByTimeAsync(500);
    expect(get().generation.status).toBe('done');
    expect(api.calls.filter((c) => c.startsWith('generate'))).toEqual(['generate  d e', 'generate  d e']);
  });

  it('keeps what was written when stopped', async () => {
    const { act, get } = await readyStore({ delayMs: 10 });
    act.setSettings({ tokens: 50 });
    void act.generate();
    await vi.advanceTimersByTimeAsync(100);
    act.stopGenerating();
    await vi.advanceTimersByTimeAsync(500);
    const { generation } = get();
    expect(generation.status).toBe('stopped');
    expect(generation.status !== 'idle' && generation.outputs[0].text.length).toBeGreaterThan(5);
  });
});
