import { describe, expect, it, vi } from 'vitest';
import { AbortedError } from '../../../src/core/errors.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { createTrainingStore } from '../../../src/state/train/training.ts';
import { watchedRun } from '../../../src/state/train/state.ts';
import { pointSeries, valuesAt } from '../../../src/state/train/trainingCurves.ts';
import { dictionaryNames, differences, figuresOf, paretoPoints, rangeWords } from '../../../src/state/train/trainingTable.ts';
import { durationWords, secondsLeft, spokenWords, stateWords } from '../../../src/state/train/trainingWords.ts';
import { fakeApi, fakeModel, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';
import { fakeRun, type FakeTrainingOptions } from '../../helpers/fakeTraining.ts';

const HOOK = 'blocks.3.hook_resid_post';
const model = fakeModel();
const until = (what: () => void) => vi.waitFor(what, { timeout: 3000 });

async function screen(training: FakeTrainingOptions = {}, options: FakeOptions = {}) {
  const api = fakeApi({ ...options, training: { byHand: true, ...training } });
  const app = createAppStore(api, fakeStartup(), { text: 'the sea' });
  const store = createTrainingStore(api, app);
  const { actions } = store.getState();
  actions.setShown(true);
  const runs = () => {
    const { runs: listed } = store.getState();
    return listed.status === 'done' ? listed.list : [];
  };
  await until(() => expect([store.getState().form, store.getState().runs.status]).toEqual([expect.anything(), 'done']));
  return { api, app, store, actions, runs, get: store.getState };
}

describe('a run', () => {
  it('is started, watched, paused, resumed and finished, and its dictionary explored', async () => {
    const { api, app, actions, runs, get } = await screen();
    await actions.start();
    await until(() => expect(runs()[0]?.state).toBe('running'));
    api.advance(300);
    await until(() => expect(get().curves).toMatchObject({ status: 'done', id: runs()[0].id }));
    await until(() => {
      const { curves } = get();
      expect(curves.status === 'done' && curves.history[0].points.at(-1)?.step).toBe(300);
    });
    await actions.pause(runs()[0].id);
    await until(() => expect(runs()[0].state).toBe('paused'));
    await actions.resume(runs()[0].id);
    api.advance(10_000);
    await until(() => expect(runs()[0].state).toBe('finished'));
    const [{ id }] = runs()[0].dictionaries;
    await app.getState().actions.exploreDictionary(id!);
    expect([app.getState().view, app.getState().dictionary]).toEqual(['explore', id]);
  });

  it('is looked through while it goes on', async () => {
    const { api, app, actions, runs } = await screen();
    app.getState().actions.show('train');
    await actions.start();
    api.advance(50);
    await until(() => expect(runs()[0]?.step).toBe(50));
    await actions.preview(runs()[0].id, 0);
    expect([app.getState().view, app.getState().dictionary]).toEqual(['explore', `${runs()[0].id}/0/preview`]);
    expect(runs()[0].state).toBe('running');
  });

  it('stopped and kept leaves its dictionaries, discarded none', async () => {
    const { api, actions, runs } = await screen();
    for (const keep of [true, false]) {
      await actions.start();
      api.advance(20);
      await actions.stop(runs()[0].id, keep);
      await until(() => expect(runs()[0].state).toBe('stopped'));
      expect(runs()[0].dictionaries[0].id !== null).toBe(keep);
    }
  });

  it('that fails says why, and goes on from its checkpoint', async () => {
    const { api, actions, runs } = await screen({ failAt: 100 });
    await actions.start();
    api.advance(100);
    await until(() => expect(runs()[0].state).toBe('failed'));
    expect(stateWords(runs()[0])).toMatch(/^It failed at step 0 .*learning rate 0\.001/);
    await actions.resume(runs()[0].id);
    await until(() => expect(runs()[0].state).toBe('running'));
  });

  it('that cannot start leaves a sentence', async () => {
    const { actions, get } = await screen({ fail: { train: 'The corpus is empty.' } });
    await actions.start();
    expect(get().failures.new).toBe('The corpus is empty.');
    expect(get().busy).toEqual({});
  });

  it('that was given up while it started is no failure', async () => {
    const { api, actions, get } = await screen();
    vi.spyOn(api, 'train').mockRejectedValue(new AbortedError());
    await actions.start();
    expect([get().failures, get().busy]).toEqual([{}, {}]);
  });

  it('that was put aside is no longer here: it can be stopped, and measuring goes on', async () => {
    const { api, actions, runs, get } = await screen();
    const begin = api.train;
    let putAside!: (reason: Error) => void;
    const done = new Promise<never>((_, reject) => (putAside = reject));
    vi.spyOn(api, 'train').mockImplementation(async (config) => ({ ...(await begin(config)), done }));
    await actions.start();
    const [{ id }] = await api.runs.list();
    await actions.pause(id);
    await until(() => expect(runs()[0].state).toBe('paused'));
    expect(get().here).toEqual([id]);
    putAside(new Error('It was put aside.'));
    await until(() => expect(get().here).toEqual([]));
    await actions.stop(id, false);
    await until(() => expect(runs()).toEqual([]));
  });

  it('of an earlier visit that is paused is forgotten when it is discarded', async () => {
    const run = fakeRun({ dictionaries: { hook: HOOK } }, model, { state: 'paused', step: 5 });
    const { actions, runs } = await screen({ runs: [run] });
    await actions.stop(run.id, false);
    await until(() => expect(runs()).toEqual([]));
  });

  it('in another tab keeps a second from starting', async () => {
    const run = fakeRun({ dictionaries: { hook: HOOK } }, model, { state: 'elsewhere', step: 5 });
    const { actions, get } = await screen({ runs: [run] });
    await actions.start();
    expect(get().failures.new).toMatch(/another tab/);
  });
});

describe('the screen', () => {
  it('measures the form first, then the presets, and nothing while a run goes on', async () => {
    const { api, get, actions } = await screen();
    await until(() => expect(Object.values(get().estimates).some(({ status }) => status === 'done')).toBe(true));
    const asked = vi.spyOn(api.runs, 'estimate');
    await actions.start();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(asked).not.toHaveBeenCalled();
  });

  it('says so when runs cannot be listed', async () => {
    const api = fakeApi({ training: { byHand: true, fail: { list: 'The store is broken.' } } });
    const store = createTrainingStore(api, createAppStore(api, fakeStartup()));
    await until(() => expect(store.getState().runs).toEqual({ status: 'failed', message: 'The store is broken.' }));
  });

  it('chooses a text that was added, and lets go of one that was removed', async () => {
    const { actions, get } = await screen();
    await actions.addText('mine', 'Some words.');
    expect(get().form?.corpus).toEqual(['moby-dick', 'mine']);
    await actions.removeText('mine');
    expect(get().form?.corpus).toEqual(['moby-dick']);
    expect(await actions.addText('nothing', ' ')).toBe(false);
    expect(get().failures.corpus).toMatch(/nothing is empty/);
  });

  it('shows the run chosen, else the one that goes on, else the newest', () => {
    const at = (created: number, state: 'finished' | 'running') => fakeRun({ dictionaries: { hook: HOOK } }, model, { created, state });
    const list = [at(3, 'finished'), at(2, 'running'), at(1, 'finished')];
    const shown = (watched: string | null, runs = list) => watchedRun({ watched, runs: { status: 'done', list: runs } })?.created;
    expect([shown('run-1'), shown(null), shown('gone'), shown(null, [list[0], list[2]])]).toEqual([1, 2, 2, 3]);
  });

  it('takes the settings of a run into the form', async () => {
    const run = fakeRun({ dictionaries: { hook: HOOK, alpha: [0.001, 0.002] }, tokens: 4096 }, model);
    const { actions, get } = await screen({ runs: [run] });
    actions.takeSettingsOf(run);
    expect(get().form).toMatchObject({ numbers: { tokens: '4096' }, dictionaries: [{ alpha: '0.001, 0.002' }] });
  });
});

describe('runs side by side', () => {
  const sweep = fakeRun({ dictionaries: { hook: HOOK, alpha: [0.001, 0.002, 0.004] } }, model, { created: 1 });
  const topk = fakeRun({ dictionaries: { hook: HOOK, architecture: 'topk', k: 16 }, batch: 512 }, model, { created: 2 });

  it('show only the settings in which they differ', () => {
    const { names, values } = differences([sweep, topk]);
    expect(names).toEqual(['architecture', 'sparsity', 'batch']);
    expect(values.map(({ sparsity }) => sparsity)).toEqual(['α 0.001 … 0.004 (3)', 'k 16']);
    expect(differences([sweep]).names).toEqual([]);
  });

  it('give a point for each dictionary, joined by place, size and architecture', () => {
    const points = paretoPoints([sweep, topk]);
    expect(points.map(({ name }) => name)).toEqual(['α 0.001', 'α 0.002', 'α 0.004', 'k 16']);
    expect(new Set(points.map(({ group }) => group))).toHaveLength(2);
    expect(points.every(({ measured }) => measured)).toBe(true);
  });

  it('name dictionaries by what sets them apart', () => {
    const crossed = fakeRun({ dictionaries: { hook: [HOOK, 'hook_embed'], ratio: [1, 2], alpha: 0.001 } }, model);
    expect(dictionaryNames(crossed.plan!)[1]).toBe('3 resid_post, 512 features, α 0.001');
  });

  it('tell measured figures from those of the last batch', () => {
    const early = fakeRun({ dictionaries: { hook: HOOK } }, model, { state: 'interrupted', step: 3 });
    expect(figuresOf(early.dictionaries[0])).toMatchObject({ measured: false, ce_recovered: NaN });
    expect(figuresOf({ last: null, evaluation: null, id: null })).toBeNull();
    expect(rangeWords([3, 1, NaN], String)).toBe('1 to 3');
    expect(rangeWords([NaN], String)).toBe('–');
  });
});

describe('words', () => {
  it.each([
    [0.2, 'under 1 s'],
    [89, '89 s'],
    [120, '2 min'],
    [7200, '2 h'],
    [9000, '2 h 30 min'],
    [NaN, 'unknown'],
  ])('%d seconds are %s', (seconds, words) => expect(durationWords(seconds)).toBe(words));

  it('say how each state stands', () => {
    const run = (patch: Parameters<typeof fakeRun>[2]) => fakeRun({ dictionaries: { hook: HOOK }, tokens: 1024 * 100 }, model, patch);
    expect(stateWords(run({ state: 'running', step: 50, tokensPerSecond: 1024 }))).toBe(
      'Training, at step 50 of 100 (50\u202F%); about 50 s left.',
    );
    expect(stateWords(run({ state: 'paused', step: 43 }))).toMatch(/A checkpoint is kept/);
    expect(stateWords(run({ state: 'paused', step: 43, unkept: 'full' }))).toMatch(
      /No checkpoint of this step is kept.*only while the page is open/,
    );
    expect(stateWords(run({ state: 'paused', step: 0 }))).toMatch(/begins again/);
    expect(stateWords(run({ state: 'interrupted', step: 43 }))).toMatch(/43\u202F%.*checkpoint is kept/);
    expect(stateWords(run({ state: 'finished' }))).toMatch(/in the library/);
    expect(stateWords(run({ state: 'stopped', step: 3 }))).toMatch(/No dictionary of it was kept/);
    expect(stateWords(run({ state: 'elsewhere', step: 3 }))).toMatch(/another tab/);
    expect(secondsLeft(run({ state: 'running', step: 50, tokensPerSecond: 0 }))).toBeNaN();
  });

  it('are spoken at changes of state and each quarter only', () => {
    const said = Array.from({ length: 101 }, (_, step) =>
      spokenWords(fakeRun({ dictionaries: { hook: HOOK }, tokens: 1024 * 100 }, model, { state: 'running', step })),
    );
    expect(new Set(said).size).toBe(5);
  });
});

describe('curves', () => {
  it('have the values known at a place', async () => {
    const { api, actions, runs } = await screen();
    await actions.start();
    api.advance(400);
    const [history] = await api.runs.history(runs()[0].id);
    expect(pointSeries(history.points, 'l0').ys).toHaveLength(history.points.length);
    const { point, evaluation } = valuesAt(history, 150 * 1024);
    expect([point?.step, evaluation?.step]).toEqual([150, 98]);
    expect(valuesAt(history, 0)).toEqual({ point: null, evaluation: null });
    expect(valuesAt(history, null).point).toBe(history.points.at(-1));
  });
});
