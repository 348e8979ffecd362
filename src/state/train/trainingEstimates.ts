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
function presetConfigs(model: ModelInfo): TrainConfig[] {
  return PRESETS.flatMap(({ form }) => readForm(form(model), model, null).config ?? []);
}

interface Estimator {
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
  const self = new Estimates(api, store, modelNow, shown);
  return {
    update: () => self.update(),
    stop: () => self.stop(),
  };
}

class Estimates {
  readonly #api: Pick<TrainingApi, 'runs'>;
  readonly #store: TrainingStore;
  readonly #modelNow: () => ModelInfo | null;
  readonly #shown: () => boolean;
  #ended: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: { key: string; stop: AbortController } | null = null;

  constructor(api: Pick<TrainingApi, 'runs'>, store: TrainingStore, modelNow: () => ModelInfo | null, shown: () => boolean) {
    this.#api = api;
    this.#store = store;
    this.#modelNow = modelNow;
    this.#shown = shown;
  }

  #busy() {
    const state = this.#store.getState();
    if (state.busy.new !== undefined || state.runs.status !== 'done') return true;
    return state.runs.list.some((run) => {
      const life = lifeIn(state, run);
      // One that is paused here would be put aside by measuring.
      return isHere(life) || life.phase === 'elsewhere';
    });
  }

  #wanted(): { key: string; config: TrainConfig } | undefined {
    const model = this.#modelNow();
    if (!model) return undefined;
    const form = configNow(this.#store.getState(), model);
    const { estimates } = this.#store.getState();
    return [...(form ? [form] : []), ...presetConfigs(model)]
      .map((config) => ({ config, key: estimateKey(config, model) }))
      .find(({ key }) => !estimates[key] || estimates[key].status === 'waiting');
  }

  #put(key: string, state: EstimateState) {
    return this.#store.setState((s) => ({ estimates: { ...s.estimates, [key]: state } }));
  }

  async #next() {
    this.#timer = undefined;
    if (this.#running || !this.#shown() || this.#busy()) return;
    const task = this.#wanted();
    if (!task) return;
    const mine = { key: task.key, stop: new AbortController() };
    this.#running = mine;
    this.#put(task.key, { status: 'running' });
    try {
      const estimate = await this.#api.runs.estimate(task.config, { signal: mine.stop.signal });
      this.#put(task.key, { status: 'done', estimate });
    } catch (error) {
      // Stopped: measured again when there is time for it.
      const stopped = mine.stop.signal.aborted || isAbort(error);
      this.#put(task.key, stopped ? { status: 'waiting' } : { status: 'failed', message: sentenceOf(error) });
    } finally {
      this.#running = null;
      this.update();
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running?.stop.abort();
    return this.#ended;
  }

  update() {
    if (this.#busy() || !this.#shown()) return void this.stop();
    const model = this.#modelNow();
    const form = model && configNow(this.#store.getState(), model);
    const key = form ? estimateKey(form, model) : '';
    // What is being measured nobody asks for any more.
    if (this.#running && key !== '' && this.#running.key !== key && !this.#store.getState().estimates[key]) this.#running.stop.abort();
    clearTimeout(this.#timer);
    this.#timer = this.#running
      ? undefined
      : setTimeout(() => {
          this.#ended = this.#next();
        }, PAUSE_MS);
  }
}
