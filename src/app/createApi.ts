/** The scripting interface on top of the lens worker. */
import type { LensClient } from '../../workers/lens/client.ts';
import type { DeviceInfo, FeaturescopeApi, FileIn, LoadOptions, LoadProgress, ModelInfo } from './api.ts';

export interface ApiSettings {
  version: string;
  /** Where the page's files are, an absolute URL ending in a slash. */
  base: string;
  device: 'auto' | 'webgpu' | 'wasm';
  /** Model to load first. */
  model: string;
  onStartupProgress: (progress: LoadProgress) => void;
  startupSignal: AbortSignal;
}

export function createApi(lens: LensClient, settings: ApiSettings): FeaturescopeApi {
  let device: DeviceInfo | undefined;
  let current: ModelInfo | undefined;

  const load = async (id: string | FileIn[], { onProgress, signal }: LoadOptions = {}) => {
    const source = typeof id === 'string' ? { id } : { files: toFiles(id) };
    current = await lens.call('load', [source], { onProgress, signal });
    return current;
  };
  const start = async () => {
    device = await lens.call('open', [{ device: settings.device, base: settings.base }]);
    await load(settings.model, { onProgress: settings.onStartupProgress, signal: settings.startupSignal });
  };
  const ready = start();
  // Nobody may be listening; the screen shows the sentence.
  ready.catch(() => {});

  return {
    version: settings.version,
    ready,
    device: () => device ?? notReady('device()'),
    models: {
      list: () => lens.call('list', []),
      load,
      current: () => current ?? notReady('models.current()'),
    },
    tokenize: (text) => lens.call('tokenize', [text]),
    run: (input, { signal, ...options } = {}) => lens.call('run', [input, options], { signal }),
    predict: (input, { signal, ...options } = {}) => lens.call('predict', [input, options], { signal }),
    generate: (input, options) => {
      const { signal, onToken, ...rest } = options;
      const onProgress = onToken && (({ id, text }: { id: number; text: string }) => onToken(id, text));
      return lens.call('generate', [input, rest], { signal, onProgress });
    },
  };
}

function notReady(what: string): never {
  throw new Error(`${what} answers once \`featurescope.ready\` has settled and a model is open.`);
}

/** Files with the path they had in the dropped folder; a bare File has only its name. */
function toFiles(files: FileIn[]): { path: string; data: Blob }[] {
  if (!Array.isArray(files)) throw new TypeError('models.load takes the id of a model or a list of files.');
  return files.map((file) => {
    if (file instanceof File) return { path: file.webkitRelativePath || file.name, data: file };
    const data = file.data instanceof Blob ? file.data : new Blob([file.data as Uint8Array<ArrayBuffer>]);
    return { path: String(file.path), data };
  });
}
