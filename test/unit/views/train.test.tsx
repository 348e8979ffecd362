import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { RunInfo } from '../../../src/api/training.ts';
import { createAppStore } from '../../../src/state/store.ts';
import type { TrainingFacts, TrainingStore } from '../../../src/state/train/state.ts';
import { createTrainingStore } from '../../../src/state/train/training.ts';
import { emptyForm } from '../../../src/state/train/trainingForm.ts';
import { ParetoPanel } from '../../../src/views/train/ParetoPanel.tsx';
import { RunsPanel } from '../../../src/views/train/RunsPanel.tsx';
import { SetupPanel } from '../../../src/views/train/SetupPanel.tsx';
import { Banners } from '../../../src/views/train/TrainBanner.tsx';
import { TrainingContext } from '../../../src/views/train/TrainingContext.tsx';
import { WatchPanel } from '../../../src/views/train/WatchPanel.tsx';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { fakeApi, fakeModel, fakeStartup } from '../../helpers/fakeApi.ts';
import { fakeRun, type FakeTrainingOptions } from '../../helpers/fakeTraining.ts';

const model = fakeModel();
const HOOK = 'blocks.3.hook_resid_post';
const settle = () => new Promise((resolve) => setTimeout(resolve, 120));
const asDrawn = <S extends { getState: () => unknown }>(store: S): S => ({ ...store, getInitialState: store.getState });

/** The screen as a server would draw it, after the fake has answered. */
async function screen(training: FakeTrainingOptions, facts: Partial<TrainingFacts> = {}, act?: (store: TrainingStore) => Promise<void>) {
  const api = fakeApi({ training: { byHand: true, ...training } });
  const app = createAppStore(api, fakeStartup());
  await settle();
  const store = createTrainingStore(api, app);
  store.getState().actions.setShown(true);
  await settle();
  store.setState(facts);
  await act?.(store);
  await settle();
  return renderToStaticMarkup(
    <StoreProvider store={asDrawn(app)}>
      <TrainingContext value={asDrawn(store)}>
        <Banners />
        <SetupPanel />
        <WatchPanel />
        <ParetoPanel />
        <RunsPanel />
      </TrainingContext>
    </StoreProvider>,
  );
}

const finished = fakeRun({ dictionaries: { hook: HOOK, alpha: [0.001, 0.004] } }, model, { created: 1 });
const of = (state: RunInfo['state'], step: number, patch: Partial<RunInfo> = {}) =>
  fakeRun({ dictionaries: { hook: HOOK } }, model, { state, step, created: 2, ...patch });

describe('the training screen', () => {
  it('says what will be here while there is no run', async () => {
    const html = await screen({});
    expect(html).toContain('No run yet.');
    expect(html).not.toContain('class="charts"');
    expect(html).toMatch(/α 0\.00400 averaged = 1\.02 summed \(equation 4, × d_in = 256\)/);
    expect(html).toMatch(/data-cell="blocks\.3\.hook_resid_post"[^>]*aria-selected="true"/);
    expect(html.match(/aria-selected="true"/g)).toHaveLength(1);
    expect(html).toContain('1\u202F024 features of 256 numbers');
  });

  it('writes what is wrong beside the field and names it to those who do not see it', async () => {
    const form = { ...emptyForm(model), numbers: { tokens: 'many' as const } };
    const html = await screen({}, { form });
    expect(html).toMatch(/aria-invalid="true" aria-describedby="([^"]+)-help \1-problem"/);
    expect(html).toContain('“many” is not a number.');
    expect(html).toContain('One setting is wrong; the note stands beside it.');
  });

  it('draws the curves of a run, a line for each dictionary, and their values', async () => {
    const html = await screen({ runs: [finished] });
    expect(html).toMatch(/Finished after .* Its 2 dictionaries are in the library\./);
    for (const title of ['Loss', 'Reconstruction', 'Sparsity', 'L0', 'FVU', 'Dead features', 'CE recovered', 'Perplexity'])
      expect(html).toMatch(new RegExp(`role="slider"[^>]*aria-label="${title}"[^>]*aria-valuetext="at [\\d.]+ [kM] tokens: α 0\\.001 `));
    expect(html).not.toContain('aria-label="Loss for dead features"');
    expect(html.match(/class="chart-line" d="M[^"]+L/g)?.length).toBeGreaterThanOrEqual(18);
    expect(html).toContain('perplexity of the untouched model');
    expect(html).not.toContain('NaN');
  });

  it('leaves a muted dictionary out of the charts', async () => {
    const html = await screen({ runs: [finished] }, { muted: [0] });
    expect(html).toMatch(/aria-label="Loss"[^>]*aria-valuetext="at [\d.]+ [kM] tokens: α 0\.004 /);
    expect(html).not.toMatch(/aria-label="Loss"[^>]*α 0\.001/);
  });

  it('puts every chart and the table at one cursor', async () => {
    const html = await screen({ runs: [finished] }, { cursor: 102_400 });
    expect(html).toContain('At 102 k tokens');
    expect(html.match(/aria-valuetext="at 102 k tokens:/g)).toHaveLength(8);
  });

  it.each([
    ['running', ['Pause', 'Stop and keep', 'Stop and discard'], /Training, at step 85/],
    ['paused', ['Resume', 'Stop and keep', 'Stop and discard'], /Paused at step 85/],
    ['interrupted', ['Resume', 'Forget'], /Interrupted at step 85/],
    ['failed', ['Resume', 'Remove'], /It failed at step 85/],
    ['elsewhere', [], /goes on in another tab/],
  ] as const)('offers what can be done with a run that is %s', async (state, buttons, words) => {
    const html = await screen({ runs: [of(state, 85)] });
    expect(html).toMatch(words);
    for (const button of ['Pause', 'Resume', 'Stop and keep', 'Stop and discard'])
      expect(html.includes(`>${button}</button>`), button).toBe((buttons as readonly string[]).includes(button));
  });

  it('offers an interrupted run in plain sight', async () => {
    const html = await screen({ runs: [of('interrupted', 420)] });
    expect(html).toMatch(/class="banner" role="status".*A training run was interrupted at 42\u202F%.*Resume.*Forget/s);
  });

  it('says of a resume that was not exact', async () => {
    expect(await screen({ runs: [of('running', 85, { exact: false, resumes: 1 })] })).toContain('not bit for bit');
  });

  it('shows a point for each dictionary, and the same as a table', async () => {
    const html = await screen({ runs: [finished, of('stopped', 300)] });
    expect(html.match(/class="chart-point/g)).toHaveLength(3);
    expect(html).toMatch(/aria-label="L0 against FVU"[^>]*aria-valuetext="[^"]*L0 [\d.]+, FVU 0\.\d+"/);
    expect(html).toMatch(/class="chart-words"[^]*As a table/);
  });

  it('says what failed', async () => {
    const failing = { runs: [finished], fail: { history: 'The curves are gone.', corpus: 'No list of texts.' } };
    const html = await screen(failing, {}, (store) => store.getState().actions.start());
    expect(html).toMatch(/role="alert">The curves are gone\./);
    expect(html).toMatch(/role="alert">No list of texts\./);
  });
});
