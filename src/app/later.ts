/** Parts of the page that the first picture does not need, and their stand-ins until they have come. */
import type { Isolation, IsolationStatus } from '../api/storage.ts';
import { NOWHERE, type Offline } from '../cache/offline/offline.ts';
import { createSignal } from './signal.ts';

/** Begins to load with `start`. */
export function offlineLater(load: () => Promise<Offline>): Offline {
  const signal = createSignal();
  const before = { ...NOWHERE, supported: 'serviceWorker' in navigator };
  let here: Offline | undefined;
  let coming: Promise<Offline> | undefined;
  const get = () =>
    (coming ??= load().then((offline) => {
      here = offline;
      offline.subscribe(signal.tell);
      offline.start();
      signal.tell();
      return offline;
    }));
  return {
    status: () => here?.status() ?? before,
    subscribe: signal.subscribe,
    // Without it the page works while it is connected, as where there are no service workers.
    start: () => void get().catch(() => undefined),
    keep: async (o) => (await get()).keep(o),
    update: () => here?.update(),
    bytes: async () => (await get()).bytes(),
    remove: async () => (await get()).remove(),
  };
}

/** Begins to load at once. */
export function isolationLater(load: () => Promise<Isolation>): Isolation {
  const signal = createSignal();
  const before: IsolationStatus = { state: crossOriginIsolated ? 'isolated' : 'waiting', switchable: false };
  let here: Isolation | undefined;
  load().then(
    (isolation) => {
      here = isolation;
      isolation.subscribe(signal.tell);
      signal.tell();
    },
    () => undefined,
  );
  return {
    status: () => here?.status() ?? before,
    subscribe: signal.subscribe,
    set: async (on) => here?.set(on),
    reload: () => here?.reload(),
  };
}
