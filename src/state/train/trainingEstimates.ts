/** What runs would take on this device: measured one after another, the form first, while nothing trains. */
import { isHere } from '../../core/train/runLife.ts';
import type { ModelInfo } from '../../api/model.ts';
import type { TrainConfig, TrainingApi } from '../../api/training.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import { lifeIn, type EstimateState, type TrainingStore } from './state.ts';
import { PRESETS } from './presets.ts';
import { configNow, readForm } from './trainingForm.ts';

/** Somebody who types is not asked for yet. */
const PAUSE_MS = 900;

/** What tells one estimate from another. */
export function estimateKey(config: TrainConfig, model: ModelInfo): string {
  const { name: _, ...counted } = config;
  return `${model.hash} ${JSON.stringify(counted)}`;
}

/** The settings of each preset with this model. */
export function presetConfigs(model: ModelInfo): TrainConfig[] {
  return PRESETS.flatMap(({ form }) => readForm(form(model), model, null).config ?? []);
}

export interface Estimator {
  /** Something may have changed. */
  update: () => void;
  /** Resolves when nothing is measured any more. */
  stop: () => Promise<void>;
}

export function createEstimator(
  api: Pick<TrainingApi, 'runs'>,
  store: TrainingStore,
  modelNow: () => ModelInfo | null,
  shown: () => boolean,
): Estimator {
  let ended: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: { key: string; stop: AbortController } | null = null;

  const busy = () => {
    const state = store.getState();
    if (state.busy.new !== undefined || state.runs.status !== 'done') return true;
    return state.runs.list.some((run) => {
      const life = lifeIn(state, run);
      // One that is paused here would be put aside by measuring.
      return isHere(life) || life.phase === 'elsewhere';
    });
  };
  const wanted = (): { key: string; config: TrainConfig } | undefined => {
    const model = modelNow();
    if (!model) return undefined;
    const form = configNow(store.getState(), model);
    const { estimates } = store.getState();
    return [...(form ? [form] : []), ...presetConfigs(model)]
      .map((config) => ({ config, key: estimateKey(config, model) }))
      .find(({ key }) => !estimates[key] || estimates[key].status === 'waiting');
  };
  const put = (key: string, state: EstimateState) => store.setState((s) => ({ estimates: { ...s.estimates, [key]: state } }));

  const next = async () => {
    timer = undefined;
    if (running || !shown() || busy()) return;
    const task = wanted();
    if (!task) return;
    const mine = { key: task.key, stop: new AbortController() };
    running = mine;
    put(task.key, { status: 'running' });
    try {
      const estimate = await api.runs.estimate(task.config, { signal: mine.stop.signal });
      put(task.key, { status: 'done', estimate });
    } catch (error) {
      // Stopped: measured again when there is time for it.
      const stopped = mine.stop.signal.aborted || isAbort(error);
      put(task.key, stopped ? { status: 'waiting' } : { status: 'failed', message: sentenceOf(error) });
    } finally {
      running = null;
      update();
    }
  };
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
    running?.stop.abort();
    return ended;
  };
  const update = () => {
    if (busy() || !shown()) return void stop();
    const model = modelNow();
    const form = model && configNow(store.getState(), model);
    const key = form ? estimateKey(form, model) : '';
    // What is being measured nobody asks for any more.
    if (running && key !== '' && running.key !== key && !store.getState().estimates[key]) running.stop.abort();
    clearTimeout(timer);
    timer = running
      ? undefined
      : setTimeout(() => {
          ended = next();
        }, PAUSE_MS);
  };
  return { update, stop };
}
