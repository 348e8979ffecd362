/** Directions beside a feature, on a fake api: what is made, indexed and asked for, what is kept of it, and how it is stopped. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { directionsHere } from '../../../src/state/feature/beside.ts';
import { besideCsv, besideTable } from '../../../src/state/feature/besideWords.ts';
import { createFeatureStore } from '../../../src/state/feature/feature.ts';
import { caseOf } from '../../../src/state/feature/state.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';
import { fakeFeatures, fakeRecord, type FakeFeaturesOptions } from '../../helpers/fakeFeatures.ts';

const R4 = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const HOOK = 'blocks.3.hook_resid_post';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const later = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

async function screen(options: FakeFeaturesOptions = { indexed: [R4] }, without: object = {}) {
  const features = fakeFeatures(options);
  const api = fakeApi();
  const page = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await later();
  const store = createFeatureStore({ ...api, ...features, ...without }, page);
  const { actions } = store.getState();
  actions.setShown(true);
  const open = (latent: number) => page.getState().actions.openFeature({ dictionary: R4, latent });
  const known = (latent: number) => caseOf(store.getState(), { dictionary: R4, latent });
  const done = (latent: number) => {
    const { beside } = known(latent);
    return beside.status === 'done' ? beside.value : expect.fail(`it is ${beside.status}`);
  };
  open(0);
  await later();
  return {
    store,
    actions,
    open,
    known,
    done,
    features,
    calls: () => features.calls.filter((call) => /^(stopped )?(make|build)/.test(call)),
  };
}

describe('directions beside a feature', () => {
  it('are made and indexed where they are not here, and have the figures of their own record', async () => {
    const { actions, known, done, calls } = await screen();
    expect(known(0).beside.status).toBe('waiting');
    actions.lookBeside(['pca', 'neurons']);
    await later();
    // In the order in which they stand, not in that of the asking.
    expect(calls()).toEqual(['make neurons', 'make pca', 'build 5000', 'build 10000', 'build 15000', 'build 20000']);
    const { own, columns } = done(0);
    expect(own).toMatchObject({ dictionary: R4, latent: 0, token: { share: 0.5, entropy: 2 } });
    expect(own.firing.record).toEqual(fakeRecord(0));
    expect(columns.map(({ kind, dictionary, latent, correlation }) => [kind, dictionary, latent, correlation])).toEqual([
      ['neurons', `neurons of ${HOOK}`, 7, 0.5],
      ['pca', `pca of ${HOOK}`, 8, 0.25],
    ]);
    columns.forEach(({ firing, latent }) => expect(firing.record).toEqual(fakeRecord(latent)));
    expect(columns.every(({ firing: { record, texts } }) => record.top.every((context) => texts.get(context)?.ids === context.ids))).toBe(
      true,
    );
  });

  it('are indexed with the feature’s own dictionary where that has no index', async () => {
    const { actions, known, done } = await screen({});
    actions.lookBeside(['neurons']);
    await later();
    expect(done(0).own.firing.record.tokens).toBeGreaterThan(0);
    await later();
    expect(known(0).firing.status).toBe('done');
  });

  it('are measured when asked, the feature first', async () => {
    const { actions, known, features } = await screen();
    actions.measureBeside();
    expect(known(0).besideEffects.status).toBe('waiting');
    actions.lookBeside(['neurons', 'random']);
    await later();
    actions.measureBeside();
    await later();
    const { besideEffects } = known(0);
    expect(besideEffects.status === 'done' && besideEffects.value.effects).toHaveLength(3);
    expect(features.calls.filter((call) => call.startsWith('effects') && call.endsWith('corpus'))).toEqual([
      'effects 0 corpus',
      'effects 7 corpus',
      'effects 8 corpus',
    ]);
    // Looked for anew, what was measured of others goes.
    actions.retry('beside');
    actions.lookBeside(['pca']);
    expect(known(0).besideEffects.status).toBe('waiting');
  });

  it('say how far they are, and are stopped by a press or by leaving', async () => {
    const { actions, known, open, calls } = await screen({ indexed: [R4], delayMs: 300 });
    await later(3000);
    actions.lookBeside(['pca']);
    await later(200);
    expect(known(0).beside).toMatchObject({ status: 'running' });
    await later(500);
    expect(known(0).beside).toEqual({ status: 'running', done: 5000, total: 20_000, message: 'Reading the text' });
    actions.stop('beside');
    expect(known(0).beside.status).toBe('waiting');
    actions.lookBeside(['neurons']);
    await later(100);
    open(1);
    await later(3000);
    expect(calls()).toEqual(['make pca', 'build 5000', 'build 10000', 'stopped build 10000', 'make neurons', 'stopped make neurons']);
    expect([known(0).beside.status, known(1).beside.status]).toEqual(['waiting', 'waiting']);
  });

  it('that cannot be had say why', async () => {
    const fail: FakeFeaturesOptions['fail'] = { make: 'There is no room.' };
    const { actions, known } = await screen({ indexed: [R4], fail });
    actions.lookBeside(['pca']);
    await later();
    expect(known(0).beside).toEqual({ status: 'failed', message: 'There is no room.' });
    const without = await screen({ indexed: [R4] }, { baselines: undefined });
    without.actions.lookBeside(['pca']);
    expect(without.known(0).beside).toEqual({ status: 'absent' });
  });

  it('stand as rows, with what was measured', async () => {
    const { actions, known, done, store } = await screen();
    actions.lookBeside(['neurons']);
    await later();
    const plain = besideTable(done(0), [], store.getState().names);
    expect(plain.rows.map(([what, , latent, correlation]) => [what, latent, correlation])).toEqual([
      ['feature', '0', ''],
      ['neurons', '7', '0.500'],
    ]);
    actions.measureBeside();
    await later();
    const { besideEffects } = known(0);
    const effects = besideEffects.status === 'done' ? besideEffects.value.effects : [];
    const whole = besideTable(done(0), effects, store.getState().names);
    expect(whole.columns.slice(-4)).toEqual(['mean delta', 'KL', 'helped', 'harmed']);
    expect(whole.rows.every((row) => row.length === whole.columns.length)).toBe(true);
    expect(besideCsv(whole).trim().split('\n')).toHaveLength(3);
  });
});

it('only directions of the hook that fit, with their own signs, count as here', () => {
  const [first] = fakeDictionaries(true);
  const of = (architecture: string, patch: object = {}) => ({ ...first, id: architecture, hook: HOOK, architecture, ...patch });
  const here = (list: (typeof first)[]) => [...directionsHere(list, HOOK).keys()];
  expect(here([of('random'), of('tied'), of('pca_topk'), of('neurons')])).toEqual(['neurons', 'random']);
  expect(here([of('pca', { hook: 'blocks.2.hook_resid_post' }), of('ica', { fits: false })])).toEqual([]);
});
