/** The scripting interface on top of the lens worker. */
import { UsageError } from '../core/errors.ts';
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

  const load = async (id: string | FileIn[], options?: LoadOptions) => {
    const { onProgress, signal } = options ?? {};
    const source = typeof id === 'string' ? { id } : { files: toFiles(id) };
    try {
      current = await lens.call('load', [source], { onProgress, signal });
      return current;
    } catch (error) {
      // A stop may have come too late to keep the old model; the worker knows which it is.
      const now = await lens.call('current', []).catch(() => current ?? null);
      if (now?.id !== current?.id || now?.hash !== current?.hash) current = now ?? undefined;
      throw error;
    }
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
    live: () => lens.call('live', []),
    tokenize: (text) => lens.call('tokenize', [text]),
    run: async (input, options) => {
      const { signal, ...rest } = options ?? {};
      return lens.call('run', [input, rest], { signal });
    },
    predict: async (input, options) => {
      const { signal, ...rest } = options ?? {};
      return lens.call('predict', [input, rest], { signal });
    },
    encode: (source, dictionary, options) => lens.call('encode', [source, dictionary], { signal: options?.signal }),
    decode: (dictionary, latents, options) => lens.call('decode', [dictionary, latents, options ?? {}]),
    reconstruct: (source, dictionary, options) => lens.call('reconstruct', [source, dictionary], { signal: options?.signal }),
    dictionaries: {
      list: () => lens.call('listDictionaries', []),
      import: async (files, options) => {
        const { onProgress, signal, ...rest } = options ?? {};
        const imported = await lens.call('importDictionaries', [toFiles(files), rest], { onProgress, signal });
        // Now there is something to keep: ask the browser not to evict it. A no changes nothing.
        void globalThis.navigator?.storage?.persist?.().catch(() => false);
        return imported;
      },
      export: (id, format) => lens.call('exportDictionary', [id, format]),
      remove: (id) => lens.call('removeDictionary', [id]),
      vectors: (id, latent) => lens.call('vectors', [id, latent]),
    },
    generate: async (input, options) => {
      const { signal, onToken, ...rest } = options ?? ({} as typeof options);
      const onProgress = onToken && (({ id, text }: { id: number; text: string }) => onToken(id, text));
      return lens.call('generate', [input, rest], { signal, onProgress });
    },
  };
}

function notReady(what: string): never {
  throw new Error(`${what} answers once \`featurescope.ready\` has settled and a model is open.`);
}

/**
 * Files with the path they had in the dropped folder; a bare File has only its name.
 * @throws UsageError when something in the list is no file
 */
function toFiles(files: FileIn[]): { path: string; data: Blob }[] {
  if (!Array.isArray(files)) throw new UsageError('models.load takes the id of a model or a list of files.');
  return files.map((file, i) => {
    if (file instanceof File) return { path: file.webkitRelativePath || file.name, data: file };
    const { path, data } = (file ?? {}) as Partial<Exclude<FileIn, File>>;
    const blob = data instanceof Uint8Array ? new Blob([data as Uint8Array<ArrayBuffer>]) : data;
    if (typeof path !== 'string' || !(blob instanceof Blob)) {
      throw new UsageError(`Item ${i} of the list is neither a File nor { path, data } with a Blob or Uint8Array.`);
    }
    return { path, data: blob };
  });
}
