/** Opens models: the one of the start, one from the list, one from files. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { ModelInfo } from '../../api/model.ts';
import type { Startup } from '../shared/startup.ts';
import type { ModelFacts, ToOpen } from '../shared/model.ts';
import type { SharedFacts } from '../shared/state.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';

/** What the rest of the page does when another model is open. */
interface ModelFollower {
  /** Puts the facts of the new model into the state, with all that changes in the same moment. @param first whether it is the first of the page */
  put: (facts: Partial<ModelFacts> & { model: ModelInfo }, first: boolean) => void;
  modelChanged: () => void;
}

interface ModelLoader {
  boot: () => Promise<void>;
  retryBoot: () => void;
  load: (source: ToOpen, name: string) => Promise<void>;
  cancel: () => void;
}

/** What has arrived of such a model is kept, so that trying again goes on. */
function isOfHub(source: ToOpen): boolean {
  return typeof source === 'string' ? source.includes('/') : 'hub' in source;
}

export function createModelLoader(
  api: FeaturescopeApi,
  startup: Startup,
  store: StoreApi<SharedFacts>,
  follower: ModelFollower,
): ModelLoader {
  const self = new Loader(api, startup, store, follower);
  return {
    boot: () => self.boot(),
    retryBoot: () => self.retryBoot(),
    load: (source, name) => self.load(source, name),
    cancel: () => self.cancel(),
  };
}

class Loader {
  readonly #api: FeaturescopeApi;
  readonly #startup: Startup;
  readonly #store: StoreApi<SharedFacts>;
  readonly #follower: ModelFollower;
  #loading: AbortController | null = null;

  constructor(api: FeaturescopeApi, startup: Startup, store: StoreApi<SharedFacts>, follower: ModelFollower) {
    this.#api = api;
    this.#startup = startup;
    this.#store = store;
    this.#follower = follower;
    // A list that cannot be read leaves the one there is.
    this.#api.models.subscribe(() => void this.#follow().catch(() => undefined));
  }

  /** What another made the lens do, a script or a stop that came too late: the screen shows the model that runs. */
  async #follow() {
    const { boot, model } = this.#store.getState();
    if (this.#loading || boot.status === 'loading') return;
    const now = this.#currentModel();
    if (now && (now.id !== model?.id || now.hash !== model.hash)) await this.#adopt();
    else await this.#listModels();
  }

  #currentModel() {
    try {
      return this.#api.models.current();
    } catch {
      return undefined;
    }
  }

  async #listModels() {
    const models = await this.#api.models.list();
    this.#store.setState({ models });
    return models;
  }

  async #adopt() {
    const model = this.#api.models.current();
    const { model: before, wantedModel } = this.#store.getState();
    const stillWanted = wantedModel?.id === model.id ? null : wantedModel;
    this.#follower.put({ boot: { status: 'ready' }, model, device: this.#api.device(), wantedModel: stillWanted }, !before);
    // The start opens nothing from the hub that is not kept here; a link's own banner says so too.
    if (!before && this.#startup.modelId.includes('/') && this.#startup.modelId !== model.id && wantedModel?.id !== this.#startup.modelId) {
      const text = `${this.#startup.modelId} is not kept in this browser (any more), so ${model.id} is open. The Model menu fetches it from the hub.`;
      this.#store.setState({ notice: { text, undo: null } });
    }
    this.#follower.modelChanged();
    const models = await this.#listModels();
    // A link may name another of the models that come with the page.
    if (!before && wantedModel && wantedModel.id !== model.id && models.some((m) => m.id === wantedModel.id)) {
      await this.load(wantedModel.id, wantedModel.id);
    }
  }

  async load(source: ToOpen, name: string) {
    this.#loading?.abort();
    const mine = new AbortController();
    this.#loading = mine;
    this.#store.setState({ load: { status: 'loading', name, progress: null } });
    try {
      await this.#api.models.load(source, {
        // Names come from the list, whose models are at hand: what was deleted meanwhile is not fetched unasked.
        ...(typeof source === 'string' && { keptOnly: true }),
        signal: mine.signal,
        onProgress: (progress) => {
          if (this.#loading === mine) this.#store.setState({ load: { status: 'loading', name, progress } });
        },
      });
      if (this.#loading !== mine) return;
      this.#store.setState({ load: { status: 'idle' } });
      await this.#adopt();
    } catch (error) {
      if (this.#loading !== mine) return;
      const kept = this.#store.getState().model?.id ?? null;
      const cancelled = mine.signal.aborted || isAbort(error);
      const again = isOfHub(source) && (error as Error).name === 'EngineError' && { again: source };
      this.#store.setState({
        load: cancelled ? { status: 'idle' } : { status: 'failed', name, message: sentenceOf(error), kept, ...again },
      });
      this.#loading = null;
      await this.#follow().catch(() => undefined);
    } finally {
      if (this.#loading === mine) this.#loading = null;
    }
  }

  async boot() {
    const unsubscribe = this.#startup.subscribe((progress) => {
      if (this.#store.getState().boot.status === 'loading') this.#store.setState({ boot: { status: 'loading', progress } });
    });
    try {
      await this.#api.ready;
      await this.#adopt();
    } catch (error) {
      if (this.#store.getState().boot.status === 'loading')
        this.#store.setState({ boot: { status: 'failed', message: sentenceOf(error) } });
      await this.#api.models.list().then(
        (models) => this.#store.setState({ models }),
        // The failure on screen already says why; a missing list only leaves the picker to files.
        () => undefined,
      );
    } finally {
      unsubscribe();
    }
  }

  retryBoot() {
    return void this.load(this.#startup.modelId, this.#startup.modelId);
  }

  cancel() {
    this.#loading?.abort();
    this.#loading = null;
    this.#store.setState({ load: { status: 'idle' } });
  }
}
