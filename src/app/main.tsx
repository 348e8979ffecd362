/** Wires worker, scripting interface and screens together; the only file that knows them all. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { download } from '../cache/download.ts';
import { startLens, type LensServices } from '../../workers/lens/client.ts';
import { createRemote } from '../../workers/remote.ts';
import { pageAddress } from './address.ts';
import { App } from './App.tsx';
import { createApi } from './createApi.ts';
import type { LoadProgress } from '../api/model.ts';
import { createKept } from './kept.ts';
import { isolationLater, offlineLater } from './later.ts';
import { watchActivity } from './quiet.ts';
import type { Startup } from '../state/shared/startup.ts';

declare const __VERSION__: string;

const DEFAULT_MODEL = 'bookworm-9m';

const query = new URLSearchParams(location.search);
const asked = query.get('device');
const listeners = new Set<(progress: LoadProgress) => void>();
const startupStop = new AbortController();

const kept = createKept();
const modelId = query.get('model') ?? kept.settings.get('model') ?? DEFAULT_MODEL;
const worker = startLens();
const { calls, quietFor, used, take } = watchActivity(worker);
const background = () => import('./background.ts');
const base = new URL('.', document.baseURI).href;

const lens = createRemote<LensServices>(calls);
const api = createApi(lens, {
  version: __VERSION__,
  base,
  device: asked === 'webgpu' || asked === 'wasm' ? asked : 'auto',
  model: modelId,
  fallback: DEFAULT_MODEL,
  onStartupProgress: (progress) => listeners.forEach((listener) => listener(progress)),
  startupSignal: startupStop.signal,
  kept,
  // The development server has no list of files.
  ...(import.meta.env.PROD && {
    offline: (device) =>
      offlineLater(async () => {
        const { createOffline, environment } = await background();
        return createOffline({
          scope: base,
          device,
          quietFor,
          wanted: unlessRefused('offline'),
          everything: {
            get: () => kept.settings.get('offlineEverything') === true,
            set: (everything) => kept.settings.set('offlineEverything', everything || undefined),
          },
          // Not counted as something going on, or saving would wait for itself.
          opened: () => createRemote<LensServices>(worker).models.files(),
          environment,
        });
      }),
  }),
});
// A script that took hold of the page is not reloaded under its hands.
Object.defineProperty(window, 'featurescope', { configurable: true, enumerable: true, get: () => (take(), api) });

const startup: Startup = {
  modelId,
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  cancel: () => startupStop.abort(),
  isolation: isolationLater(async () => {
    const { createIsolation, environment } = await background();
    return createIsolation({
      wanted: unlessRefused('isolation'),
      useful: api.ready.then(
        () => api.device().kind === 'wasm' && navigator.hardwareConcurrency > 1,
        () => false,
      ),
      used,
      quietFor,
      environment,
    });
  }),
  address: pageAddress(),
  async readText(path) {
    const file = await download(new URL(path, document.baseURI).href, { label: 'The text' });
    return file ? file.text() : '';
  },
};

/** A setting that only a no is kept of. */
function unlessRefused(name: 'offline' | 'isolation') {
  return {
    get: () => kept.settings.get(name) !== false,
    set: (wanted: boolean) => kept.settings.set(name, wanted ? undefined : false),
  };
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App api={api} startup={startup} />
  </StrictMode>,
);
