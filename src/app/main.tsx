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
import { createOffline } from '../cache/offline/client.ts';
import { createKept } from './kept.ts';
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
const { calls, quietFor } = watchActivity(startLens());
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
      createOffline({
        scope: base,
        device,
        quietFor,
        wanted: {
          get: () => kept.settings.get('offline') !== false,
          set: (wanted) => kept.settings.set('offline', wanted ? undefined : false),
        },
        everything: {
          get: () => kept.settings.get('offlineEverything') === true,
          set: (everything) => kept.settings.set('offlineEverything', everything || undefined),
        },
        opened: () => lens.models.files(),
      }),
  }),
});
window.featurescope = api;

const startup: Startup = {
  modelId,
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  cancel: () => startupStop.abort(),
  isolated: crossOriginIsolated,
  address: pageAddress(),
  async readText(path) {
    const file = await download(new URL(path, document.baseURI).href, { label: 'The text' });
    return file ? file.text() : '';
  },
};

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App api={api} startup={startup} />
  </StrictMode>,
);
