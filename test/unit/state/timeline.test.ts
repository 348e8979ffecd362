import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAppStore } from '../../../src/state/store.ts';
import { NO_STEPS, record, stepBack, stepForward, type Scene } from '../../../src/state/explore/timeline.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MIDDLE = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const FIRST = 'bookworm-9m/blocks.0.hook_resid_post/r4';

async function ready() {
  const store = createAppStore(fakeApi(), fakeStartup(), { text: 'the sea and the hat' });
  await vi.advanceTimersByTimeAsync(1000);
  return { get: store.getState, act: store.getState().actions };
}

const later = () => vi.advanceTimersByTimeAsync(500);

describe('undo and redo', () => {
  it('take back whatever was set up, one after the other, and bring it back', async () => {
    const { act, get } = await ready();
    expect(get().timeline.past).toEqual([]);
    act.setRanking('sum');
    act.pin(7);
    act.setSpan([1, 3]);
    act.setHook('blocks.1.hook_resid_post');
    act.ablate(7);
    act.chooseDictionary(FIRST);
    act.replaceText('a sample');
    act.setCompare('two');
    await later();
    const words = get().timeline.past.map((s) => s.words);
    expect(words).toEqual([
      'ranked features another way',
      'pinned feature 7',
      'chose tokens 1–2',
      'looked at blocks.1.hook_resid_post',
      'added an edit (feature 7)',
      'chose the dictionary blocks.0.hook_resid_post r4',
      'replaced the text',
      'opened a comparison',
    ]);
    for (const word of words.toReversed()) {
      act.undo();
      expect(get().notice?.text).toBe(`Undone: ${word}.`);
      await later();
    }
    expect(get()).toMatchObject({ ranking: 'rare', pins: [], span: null, dictionary: MIDDLE, text: 'the sea and the hat', compare: null });
    expect(get().bench.edits).toEqual([]);
    expect(get().features?.dictionary.id).toBe(MIDDLE);
    expect(get().analysis).toMatchObject({ text: 'the sea and the hat', after: null });
    act.undo();
    for (const _ of words) {
      act.redo();
      await later();
    }
    expect(get()).toMatchObject({ ranking: 'sum', pins: [{ latent: 7 }], dictionary: FIRST, text: 'a sample', compare: { text: 'two' } });
    expect(get().features?.dictionary.id).toBe(FIRST);
    expect(get().timeline.future).toEqual([]);
  });

  it('lose nothing typed since a sample was chosen', async () => {
    const { act, get } = await ready();
    act.replaceText('a sample');
    act.setText('a sample, and more');
    act.undo();
    expect(get().text).toBe('the sea and the hat');
    act.redo();
    expect(get().text).toBe('a sample, and more');
  });

  it('count a brush that is being dragged, and a number, as one step', async () => {
    const { act, get } = await ready();
    act.setSpan([1, 2]);
    act.setSpan([1, 3]);
    act.setSpan([1, 4]);
    expect(get().timeline.past).toHaveLength(1);
    act.undo();
    expect(get().span).toBeNull();
    act.addEdit({ hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 1 }, where: { kind: 'all' } });
    act.changeEdit(1, { change: { op: 'scale', factor: 2 } }, 'amount');
    act.changeEdit(1, { change: { op: 'scale', factor: 3 } }, 'amount');
    act.undo();
    expect(get().bench.edits[0].change).toEqual({ op: 'scale', factor: 1 });
  });

  it('count clearing a brush as a step of its own', async () => {
    const { act, get } = await ready();
    act.setSpan([1, 2]);
    act.setSpan([1, 4]);
    act.setSpan(null);
    act.undo();
    expect(get().notice?.text).toBe('Undone: cleared the chosen tokens.');
    expect(get().span).toEqual([1, 4]);
    act.redo();
    expect(get().span).toBeNull();
    act.undo();
    act.undo();
    expect(get().span).toBeNull();
    act.setSpan([0, 1]);
    act.setSpan(null);
    act.setSpan([0, 1]);
    expect(get().timeline.past).toHaveLength(3);
  });

  it('cut a brush to the text that is there now', async () => {
    const { act, get } = await ready();
    act.setSpan([1, 4]);
    act.setSpan([4, 5]);
    act.setText('the sea');
    await later();
    act.undo();
    expect(get().span).toEqual([1, 2]);
    act.setSpan([0, 1]);
    act.setText('');
    await later();
    act.setText('the');
    await later();
    act.undo();
    expect(get().span).toBeNull();
  });

  it('are offered by a notice only while its own step is the last', async () => {
    const { act, get } = await ready();
    act.ablate(7);
    act.ablate(7);
    expect(get().notice).toEqual({ text: 'Edit removed.', undo: 'edits' });
    act.setText('typing is no step');
    expect(get().notice?.undo).toBe('edits');
    act.pin(7);
    expect(get().notice).toEqual({ text: 'Edit removed.', undo: null });
    act.undo();
    expect(get()).toMatchObject({ pins: [], notice: { text: 'Undone: pinned feature 7.', undo: null } });
    const other = { run: () => undefined };
    act.setNotice({ text: 'Of something else.', undo: other });
    act.pin(7);
    expect(get().notice?.undo).toBe(other);
  });

  it('leave out what another model does not have', async () => {
    const { act, get } = await ready();
    act.setHook('blocks.1.hook_resid_post');
    act.undo();
    expect(get().hook).toBe('blocks.3.hook_resid_post');
  });
});

describe('samples', () => {
  const file = { name: 'long', text: '', file: { path: 'corpora/x.txt', characters: 12 } };
  const open = async (readText?: (path: string) => Promise<string>) => {
    const store = createAppStore(fakeApi(), { ...fakeStartup(), ...(readText && { readText }) }, { text: 'mine' });
    await vi.advanceTimersByTimeAsync(1000);
    return { get: store.getState, act: store.getState().actions };
  };

  it('replace the text by whole paragraphs of a file, and can be taken back', async () => {
    const { act, get } = await open(() => Promise.resolve('one two\n\nthree four five'));
    await act.openSample(file);
    expect(get().text).toBe('one two');
    expect(get().notice).toMatchObject({ undo: 'edits' });
    act.undo();
    expect(get().text).toBe('mine');
  });

  it('that cannot be fetched leave the text as it is', async () => {
    const { act, get } = await open(() => Promise.reject(new Error('The network is gone.')));
    await act.openSample(file);
    expect(get()).toMatchObject({
      text: 'mine',
      notice: { text: 'The sample could not be opened. The network is gone. Your text is as it was.' },
    });
    const none = await open();
    await none.act.openSample(file);
    expect(none.get().text).toBe('mine');
    expect(none.get().notice?.text).toContain('does not come with this copy');
  });

  it('become the second text where that was asked for, those from files too', async () => {
    const { act, get } = await open(() => Promise.resolve('one two\n\nthree four five'));
    act.setCompare('');
    await act.openSample(file, 'second');
    expect(get()).toMatchObject({ text: 'mine', compare: { text: 'one two' } });
    act.undo();
    expect(get()).toMatchObject({ text: 'mine', compare: { text: '' } });
  });

  it('give way to what was typed meanwhile', async () => {
    let arrive = (_text: string) => {};
    const { act, get } = await open(() => new Promise((resolve) => (arrive = resolve)));
    const opening = act.openSample(file);
    act.setText('typed');
    arrive('late');
    await opening;
    expect(get().text).toBe('typed');
  });
});

describe('a list of steps', () => {
  const scene = (ranking: string) => ({ ranking }) as unknown as Scene;
  it('forgets what was undone when something new is done, and the oldest beyond a hundred', () => {
    let timeline = NO_STEPS;
    for (let i = 0; i < 120; i++) timeline = record(timeline, { words: `${i}`, patch: scene(`${i}`) });
    expect(timeline.past).toHaveLength(100);
    const back = stepBack(timeline, scene('now'))!;
    expect(back.step.patch).toEqual({ ranking: '119' });
    const again = stepForward(back.timeline, scene('119'))!;
    expect(again.step.patch).toEqual({ ranking: 'now' });
    expect(record(back.timeline, { words: 'new', patch: {} }).future).toEqual([]);
    expect(stepForward(timeline, scene('now'))).toBeNull();
  });
});
