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
  let loading: AbortController | null = null;

  /** What another made the lens do, a script or a stop that came too late: the screen shows the model that runs. */
  const follow = async () => {
    const { boot, model } = store.getState();
    if (loading || boot.status === 'loading') return;
    const now = currentModel();
    if (now && (now.id !== model?.id || now.hash !== model.hash)) await adopt();
    else await listModels();
  };
  const currentModel = () => {
    try {
      return api.models.current();
    } catch {
      return undefined;
    }
  };
  const listModels = async () => {
    const models = await api.models.list();
    store.setState({ models });
    return models;
  };
  // A list that cannot be read leaves the one there is.
  api.models.subscribe(() => void follow().catch(() => undefined));

  const adopt = async () => {
    const model = api.models.current();
    const { model: before, wantedModel } = store.getState();
    const stillWanted = wantedModel?.id === model.id ? null : wantedModel;
    follower.put({ boot: { status: 'ready' }, model, device: api.device(), wantedModel: stillWanted }, !before);
    // The start opens nothing from the hub that is not kept here; a link's own banner says so too.
    if (!before && startup.modelId.includes('/') && startup.modelId !== model.id && wantedModel?.id !== startup.modelId) {
      const text = `${startup.modelId} is not kept in this browser (any more), so ${model.id} is open. The Model menu fetches it from the hub.`;
      store.setState({ notice: { text, undo: null } });
    }
    follower.modelChanged();
    const models = await listModels();
    // A link may name another of the models that come with the page.
    if (!before && wantedModel && wantedModel.id !== model.id && models.some((m) => m.id === wantedModel.id)) {
      await load(wantedModel.id, wantedModel.id);
    }
  };

  const load = async (source: ToOpen, name: string) => {
    loading?.abort();
    const mine = new AbortController();
    loading = mine;
    store.setState({ load: { status: 'loading', name, progress: null } });
    try {
      await api.models.load(source, {
        // Names come from the list, whose models are at hand: what was deleted meanwhile is not fetched unasked.
        ...(typeof source === 'string' && { keptOnly: true }),
        signal: mine.signal,
        onProgress: (progress) => {
          if (loading === mine) store.setState({ load: { status: 'loading', name, progress } });
        },
      });
      if (loading !== mine) return;
      store.setState({ load: { status: 'idle' } });
      await adopt();
    } catch (error) {
      if (loading !== mine) return;
      const kept = store.getState().model?.id ?? null;
      const cancelled = mine.signal.aborted || isAbort(error);
      const again = isOfHub(source) && (error as Error).name === 'EngineError' && { again: source };
      store.setState({ load: cancelled ? { status: 'idle' } : { status: 'failed', name, message: sentenceOf(error), kept, ...again } });
      loading = null;
      await follow().catch(() => undefined);
    } finally {
      if (loading === mine) loading = null;
    }
  };

  return {
    async boot() {
      const unsubscribe = startup.subscribe((progress) => {
        if (store.getState().boot.status === 'loading') store.setState({ boot: { status: 'loading', progress } });
      });
      try {
        await api.ready;
        await adopt();
      } catch (error) {
        if (store.getState().boot.status === 'loading') store.setState({ boot: { status: 'failed', message: sentenceOf(error) } });
        await api.models.list().then(
          (models) => store.setState({ models }),
          // The failure on screen already says why; a missing list only leaves the picker to files.
          () => undefined,
        );
      } finally {
        unsubscribe();
      }
    },
    retryBoot: () => void load(startup.modelId, startup.modelId),
    load,
    cancel() {
      loading?.abort();
      loading = null;
      store.setState({ load: { status: 'idle' } });
    },
  };
}
