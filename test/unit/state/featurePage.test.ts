/** The slice of the feature page on a fake api: what it asks for, what it stops, and that no feature gets another's numbers. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFeatureStore } from '../../../src/state/feature/feature.ts';
import { caseOf, findPlace } from '../../../src/state/feature/state.ts';
import type { FeaturePlace } from '../../../src/state/shared/featureAddress.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeFeatures, fakeRecord, type FakeFeaturesOptions } from '../../helpers/fakeFeatures.ts';

const R4 = 'bookworm-9m/blocks.3.hook_resid_post/r4';
const OTHER = 'bookworm-9m/blocks.0.hook_resid_post/r4';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const later = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

async function screen(options: FakeFeaturesOptions = { indexed: [R4] }, { absent = false } = {}) {
  const features = fakeFeatures(options);
  const api = fakeApi();
  const page = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await later();
  const store = createFeatureStore(
    { ...api, ...(absent ? { index: undefined, effects: undefined, weights: undefined, neighbours: undefined } : features) },
    page,
  );
  const { actions } = store.getState();
  actions.setShown(true);
  actions.setText('the sea');
  const at = (latent: number, dictionary = R4): FeaturePlace => ({ dictionary, latent });
  const open = (latent: number, dictionary = R4) => page.getState().actions.openFeature(at(latent, dictionary));
  const known = (latent: number, dictionary = R4) => caseOf(store.getState(), at(latent, dictionary));
  return { api, page, store, actions, open, known, features, get: store.getState };
}

describe('a feature that is looked at', () => {
  it('gets its record, what it does in the text, its weights and its neighbours, with the names of all tokens', async () => {
    const { open, known, get, features } = await screen();
    open(0);
    await later();
    const { firing, inText, weights, neighbours, textEffects, corpusEffects } = known(0);
    expect(firing.status === 'done' && firing.value.record).toEqual(fakeRecord(0));
    expect(inText).toMatchObject({ status: 'done', value: { text: 'the sea', tokens: 2 } });
    expect([weights.status, neighbours.status, textEffects.status, corpusEffects.status]).toEqual(['done', 'done', 'done', 'waiting']);
    const { record, texts } = firing.status === 'done' ? firing.value : expect.fail();
    expect(record.firing.every(({ id }) => get().names.has(id))).toBe(true);
    expect([...record.top, ...record.near].every((context) => texts.get(context)?.ids === context.ids)).toBe(true);
    expect(get().summary?.dictionary).toBe(R4);
    // Each was asked once.
    expect(features.calls.filter((call) => /^(feature|weights|neighbours|effects) /.test(call))).toEqual([
      'feature 0',
      'weights 0',
      'neighbours 0',
      'effects 0 text',
    ]);
  });

  it('is known when a person comes back to it', async () => {
    const { open, known, features } = await screen();
    open(0);
    await later();
    open(1);
    await later();
    const { length } = features.calls;
    open(0);
    expect(known(0).firing.status).toBe('done');
    await later();
    expect(features.calls).toHaveLength(length);
  });

  it('that is passed on the way costs nothing, and what is asked for is stopped', async () => {
    const { open, known, features } = await screen({ indexed: [R4], delayMs: 500 });
    open(0);
    await later(300);
    open(1);
    open(4);
    await later(3000);
    expect(features.calls).toContain('stopped weights 0');
    expect(features.calls).not.toContain('weights 1');
    expect(known(0).weights.status).toBe('waiting');
    const shown = known(4).firing;
    expect(shown.status === 'done' && shown.value.record.density).toBe(fakeRecord(4).density);
    // Its late answer stays where it belongs.
    expect(known(0).firing.status).toBe('waiting');
  });

  it('of another dictionary has its own case', async () => {
    const { open, known } = await screen({ indexed: [R4] });
    open(0);
    await later();
    open(0, OTHER);
    await later();
    expect(known(0, OTHER).firing.status).toBe('waiting');
    expect(known(0).firing.status).toBe('done');
  });

  it('keeps thirty, the ones looked at last', async () => {
    const { open, get, known } = await screen();
    for (let latent = 0; latent < 35; latent++) {
      open(latent);
      await later(400);
    }
    expect(get().cases.size).toBe(30);
    expect([known(4).firing.status, known(5).firing.status, known(34).firing.status]).toEqual(['waiting', 'done', 'done']);
  });

  it('says why a part is not to be had, and asks again', async () => {
    const fail: FakeFeaturesOptions['fail'] = { weights: 'The weights are gone.' };
    const { open, known, actions } = await screen({ indexed: [R4], fail });
    open(0);
    await later();
    expect(known(0).weights).toEqual({ status: 'failed', message: 'The weights are gone.' });
    delete fail.weights;
    actions.retry('weights');
    await later();
    expect(known(0).weights.status).toBe('done');
  });

  it('is asked nothing of while nobody looks', async () => {
    const { open, actions, features } = await screen();
    actions.setShown(false);
    open(0);
    await later();
    expect(features.calls.filter((call) => !call.startsWith('list'))).toEqual([]);
  });

  it('is read in the new text when that changes', async () => {
    const { open, known, actions } = await screen();
    open(0);
    await later();
    actions.setText('the hat and the sea');
    await later();
    expect(known(0).inText).toMatchObject({ value: { text: 'the hat and the sea' } });
    expect(known(0).textEffects).toMatchObject({ value: { text: 'the hat and the sea' } });
  });
});

describe('without what it needs', () => {
  it('a page without these methods says so for each part', async () => {
    const { open, known, get } = await screen({}, { absent: true });
    open(0);
    await later();
    expect(get().indices.status).toBe('absent');
    const { firing, weights, neighbours, corpusEffects, textEffects, inText } = known(0);
    expect([firing, weights, neighbours, corpusEffects, textEffects].map(({ status }) => status)).toEqual(new Array(5).fill('absent'));
    expect(inText.status).toBe('done');
  });

  it.each([
    [R4, 5000, 'beyond'],
    [R4, NaN, 'no number'],
    ['nobody/knows', 1, 'unknown'],
  ])('%s %d: %s', async (dictionary, latent, status) => {
    const { open, page, features } = await screen();
    open(latent, dictionary);
    await later();
    expect(findPlace(page.getState(), { dictionary, latent }).status).toBe(status);
    expect(features.calls.filter((call) => !call.startsWith('list'))).toEqual([]);
  });
});

describe('an index', () => {
  it('is built with progress, and the feature on screen gets its record', async () => {
    const { open, known, actions, get } = await screen({ delayMs: 100 });
    open(0);
    await later(400);
    expect(known(0).firing.status).toBe('waiting');
    void actions.buildIndex(R4, 100_000);
    await later(250);
    expect(get().build).toMatchObject({ status: 'running', dictionary: R4, done: 50_000, total: 100_000 });
    await later(3000);
    expect(get().build).toBeNull();
    expect(known(0).firing.status).toBe('done');
  });

  it('can be stopped, and a failure is a sentence', async () => {
    const { actions, get } = await screen({ delayMs: 100 });
    void actions.buildIndex(R4, 100_000);
    await later(150);
    actions.stopBuilding();
    expect(get().build).toBeNull();
    await later();
    expect(get().build).toBeNull();
    const failing = await screen({ fail: { build: 'There is no room.' } });
    await Promise.all([failing.actions.buildIndex(R4, 100_000), later()]);
    expect(failing.get().build).toEqual({ status: 'failed', dictionary: R4, message: 'There is no room.' });
  });

  it('that is being made is looked into now and then, the old figures staying meanwhile', async () => {
    const { open, known, actions } = await screen({ delayMs: 3000 });
    open(0);
    await later();
    const tokens = () => {
      const { firing } = known(0);
      return firing.status === 'done' ? firing.value.record.tokens : NaN;
    };
    void actions.buildIndex(R4, 100_000);
    await later(7000);
    expect(tokens()).toBe(25_000);
    await later(2500);
    expect(tokens()).toBe(25_000);
    await later(20_000);
    expect(tokens()).toBe(100_000);
  });

  it.each(['finds nothing', 'finds what was counted by then'])(
    'that ends while it is looked into, and the look %s, is shown',
    async (look) => {
      const { open, known, actions, features, get } = await screen({ delayMs: 400 });
      const { feature } = features.index;
      // The answer to the first look comes 3 s late, when the index stands.
      features.index.feature = async () => {
        features.index.feature = feature;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        if (look === 'finds nothing') throw new Error('There is no index of it.');
        return fakeRecord(0, 25_000);
      };
      open(0);
      await later(600);
      void actions.buildIndex(R4, 100_000);
      await later(2500);
      expect(get().build).toBeNull();
      expect(known(0).firing.status).toBe('running');
      await later(3000);
      expect(known(0).firing).toMatchObject({ status: 'done', value: { record: { tokens: 100_000 } } });
    },
  );
});

describe('what a person does', () => {
  it('measures the effect on a corpus, and stops it by a press or by leaving', async () => {
    const { open, known, actions, features } = await screen({ indexed: [R4], delayMs: 200 });
    open(0);
    await later(3000);
    actions.measureEffects(20_000);
    await later(300);
    expect(known(0).corpusEffects).toEqual({ status: 'running', done: 10_000, total: 20_000 });
    actions.stop('corpusEffects');
    expect(known(0).corpusEffects.status).toBe('waiting');
    actions.measureEffects(20_000);
    await later(100);
    open(1);
    expect(features.calls.filter((call) => /^stopped effects 0 (corpus|second)/.test(call))).toHaveLength(2);
    open(0);
    actions.measureEffects(20_000);
    await later(3000);
    expect(known(0).corpusEffects).toMatchObject({ status: 'done', value: { positions: 20_000 } });
  });

  it('counts which fire together with it', async () => {
    const { open, known, actions } = await screen();
    open(0);
    await later();
    actions.countTogether(20_000);
    await later();
    expect(known(0).together).toMatchObject({
      status: 'done',
      value: expect.arrayContaining([{ latent: 11, jaccard: 0.4, correlation: 0.8 / 3 }]) as never,
    });
  });

  it('steps to the features beside it, never beyond the ends, as one step of going back', async () => {
    const { open, page, actions } = await screen();
    open(1);
    actions.step(-1);
    actions.step(-1);
    expect(page.getState().feature).toMatchObject({ latent: 0, from: { latent: 1 } });
    actions.step(1);
    expect(page.getState().feature).toMatchObject({ latent: 1, from: { latent: 1 } });
    open(1023);
    actions.step(1);
    expect(page.getState().feature).toEqual({ dictionary: R4, latent: 1023 });
  });

  it('draws a feature at random, never one that is known to be dead', async () => {
    const { page, actions } = await screen();
    await later();
    const random = vi.spyOn(Math, 'random').mockReturnValue(2.5 / 1023);
    actions.random(R4);
    await later();
    // 2 is dead.
    expect(page.getState()).toMatchObject({ view: 'feature', feature: { dictionary: R4, latent: 3 } });
    random.mockRestore();
  });

  it('writes a label, which the page then has', async () => {
    const { open, page, get } = await screen();
    open(7);
    await later();
    await page.getState().actions.label(R4, 7, 'sea words');
    await later();
    expect(get().named.byLatent.get(7)).toBe('sea words');
  });

  it('opens another model: nothing of the one before stays', async () => {
    const { open, page, known, get } = await screen();
    open(0);
    await later();
    page.setState({ model: { ...page.getState().model!, id: 'another' } });
    expect([known(0).weights.status, get().names.size]).toEqual(['waiting', 0]);
  });
});
