/** `featurescope.models`: which model is in use, from the start on. */
import type { Lens } from '../../workers/lens/client.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type {
  CallOptions,
  DeviceInfo,
  HubModel,
  HubPlan,
  HubSource,
  LoadOptions,
  LoadProgress,
  ModelInfo,
  ModelSource,
  WantedModel,
} from '../api/model.ts';
import type { Kept } from './kept.ts';
import { createSignal } from './signal.ts';

export interface StartSettings {
  /** Where the page's files are, an absolute URL ending in a slash. */
  base: string;
  device: 'auto' | 'webgpu' | 'wasm';
  /** Id of the model to open first. */
  model: string;
  /** Model of the page that opens when the first is one of the hub that is not kept here (any more); absent: none does. */
  fallback?: string;
  onStartupProgress: (progress: LoadProgress) => void;
  startupSignal: AbortSignal;
}

interface Models {
  api: FeaturescopeApi['models'];
  /** Settles with the first model, or when a later one is open. */
  ready: () => Promise<void>;
  /** @throws before the device is open */
  device: () => DeviceInfo;
  /** A device that opened is known also when the model did not. */
  kind: Promise<DeviceInfo['kind']>;
  /** The model in use, without asking anybody but this page's own server for it; undefined before the first. */
  inUse: () => (WantedModel & { info: ModelInfo }) | undefined;
  /** Deletes what is kept of one of the hub. */
  remove: (id: string) => Promise<void>;
}

/** Names of models beyond those of the page. */
const modelSources = () => import('./modelSource.ts');

export function createModels(
  lens: Lens,
  settings: StartSettings,
  { tabs, settings: chosen }: Pick<Kept, 'tabs' | 'settings'>,
  askToPersist: () => void,
): Models {
  const changed = createSignal();
  const use = createModelInUse(lens, changed.tell);
  let device: DeviceInfo | undefined;
  const started = (async () => {
    device = await lens.models.open([{ device: settings.device, base: settings.base }]);
    await openFirst((source, options) => use.open(source, options), settings);
  })();
  // Nobody may be listening; the screen shows the sentence.
  started.catch(() => {});
  tabs.subscribe((change) => change === 'storage' && changed.tell());
  const kind = () => device?.kind ?? 'wasm';

  const load: FeaturescopeApi['models']['load'] = async (what, { keptOnly = false, ...options } = {}) => {
    // Names that hold neither are those of models of the page, which the first visit is not to wait for.
    const source =
      typeof what === 'string' && !/[/+]/.test(what)
        ? { id: what }
        : (await modelSources()).sourceOf(what, chosen.get('hub'), use.source());
    const info = await use.open(keptOnly && 'hub' in source ? { ...source, keptOnly } : source, options);
    // Files cannot be remembered; what was chosen before them stays.
    if (!('files' in source)) chosen.set('model', info.id);
    if ('hub' in source) {
      askToPersist();
      tabs.say('storage');
    }
    return info;
  };
  return {
    ready: () => (use.info() ? Promise.resolve() : started),
    device: () => device ?? notReady('device()'),
    kind: started.then(kind, kind),
    inUse() {
      const info = use.info();
      const source = use.source();
      return info && source && { info, source: 'hub' in source ? { ...source, keptOnly: true } : source };
    },
    async remove(id) {
      await lens.models.remove([id]);
      changed.tell();
      tabs.say('storage');
    },
    api: {
      list: () => lens.models.list(),
      load,
      current: () => use.info() ?? notReady('models.current()'),
      plan: (model, options) => planHub(lens, model, chosen.get('hub'), options),
      kept: () => lens.models.kept(),
      subscribe: changed.subscribe,
    },
  };
}

async function planHub(lens: Lens, model: HubModel, wanted: string | undefined, options: CallOptions = {}): Promise<HubPlan> {
  const { hub, revision, host } = (await modelSources()).sourceOf(model, wanted, undefined) as HubSource;
  return lens.models.planHub([{ hub, revision }, host], { signal: options.signal });
}

/** What the lens has open, and where that is to be had. */
function createModelInUse(lens: Lens, changed: () => void) {
  let current: ModelInfo | undefined;
  let currentSource: ModelSource | undefined;
  const adopt = (info: ModelInfo | undefined, source: ModelSource) => {
    current = info;
    currentSource = source;
    changed();
  };
  return {
    info: () => current,
    source: () => currentSource,
    async open(source: ModelSource, { onProgress, signal }: LoadOptions = {}): Promise<ModelInfo> {
      try {
        const info = await lens.models.load([source], { onProgress, signal });
        adopt(info, source);
        return info;
      } catch (error) {
        // A stop may have come too late to keep the old model; the worker knows which it is.
        const now = await lens.models.current().catch(() => current ?? null);
        if (now?.id !== current?.id || now?.hash !== current?.hash) adopt(now ?? undefined, source);
        throw error;
      }
    },
  };
}

/** Only what is kept here: a start fetches nothing from a hub. */
async function openFirst(
  open: (source: ModelSource, options: LoadOptions) => Promise<ModelInfo>,
  { model, fallback, onStartupProgress, startupSignal }: StartSettings,
): Promise<void> {
  const options = { onProgress: onStartupProgress, signal: startupSignal };
  if (!/[/+]/.test(model)) return void (await open({ id: model }, options));
  try {
    await open((await modelSources()).keptSource(model), options);
  } catch (error) {
    if (startupSignal.aborted || fallback === undefined) throw error;
    await open({ id: fallback }, options);
  }
}

function notReady(what: string): never {
  throw new Error(`${what} answers once \`featurescope.ready\` has settled and a model is open.`);
}
