/**
 * The page's side of isolation (isolator.ts): asks the service worker to add the headers, knows whether the next load
 * has threads, and makes that load by itself where nobody loses anything by it: once a tab, and never when that
 * cannot be remembered (docs/decisions/offline.md).
 */
import type { Isolation, IsolationStatus } from '../../api/storage.ts';
import { QUIET_MS, type OfflineEnvironment } from './environment.ts';
import type { Isolates } from './manifest.ts';
import { ask } from './workerCalls.ts';

interface IsolationNeeds {
  /** Whether the person left it on. */
  wanted: { get: () => boolean; set: (wanted: boolean) => void };
  /** Whether this page would use threads; settles when the model answers. */
  useful: Promise<boolean>;
  /** Whether anybody has used this page, so that a reload would be in their way. */
  used: () => boolean;
  quietFor: () => number;
  environment: IsolationEnvironment;
}

interface IsolationEnvironment extends Pick<OfflineEnvironment, 'container' | 'reload'> {
  isolated: boolean;
  /** Opened by a link, an address or a bookmark: a page that was reloaded never reloads itself. */
  fresh: boolean;
  /** It came from the service worker. */
  served: boolean;
  /** Throws where the browser refuses it. */
  session: () => Pick<Storage, 'getItem' | 'setItem'>;
}

const ANSWER_MS = 10_000;
const LOOK_AGAIN_MS = 500;
const RELOADED = 'featurescope.isolation.reloaded';

export function createIsolation({ wanted, useful, used, quietFor, environment }: IsolationNeeds): Isolation {
  const { container, isolated, fresh, served, session, reload } = environment;
  const listeners = new Set<() => void>();
  let status = startOf(environment, wanted.get());
  const change = (now: IsolationStatus) => {
    status = now;
    listeners.forEach((listener) => listener());
  };
  const tell = async (on: boolean) => container?.controller && ask<Isolates>(container.controller, { type: 'isolate', on }, ANSWER_MS);

  const look = async () => {
    const on = wanted.get();
    const answer = await tell(on);
    // A worker of a build before this does not know the question.
    if (!answer) return;
    const state = stateOf({ isolated, on, served, ...answer });
    change({ state, switchable: !answer.server });
    if (state === 'ready') await reloadUnlessUsed();
  };
  const reloadUnlessUsed = async () => {
    if (!fresh || !(await useful)) return;
    while (!used() && quietFor() < QUIET_MS) await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    if (!used() && status.state === 'ready' && remember(session)) reload();
  };

  container?.addEventListener('controllerchange', () => void look());
  void look();

  return {
    status: () => status,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async set(on) {
      wanted.set(on);
      await tell(on);
      reload();
    },
    reload,
  };
}

/** Before the service worker was asked, and where there is none. */
function startOf({ isolated, container }: IsolationEnvironment, on: boolean): IsolationStatus {
  if (isolated) return { state: 'isolated', switchable: false };
  if (!container) return { state: 'unsupported', switchable: false };
  return on ? { state: 'waiting', switchable: false } : { state: 'off', switchable: true };
}

interface Seen extends Isolates {
  isolated: boolean;
  on: boolean;
  served: boolean;
}

function stateOf({ isolated, on, served, before, server, isolates }: Seen): IsolationStatus['state'] {
  if (isolated) return 'isolated';
  if (!on && !server) return 'off';
  // It came with the headers, and the browser did not isolate it; or the server's own headers forbid it.
  if (!isolates || (served && (before || server))) return 'refused';
  return 'ready';
}

/** @returns whether this tab has not reloaded itself before, and will know that it did */
function remember(session: IsolationEnvironment['session']): boolean {
  try {
    const area = session();
    if (area.getItem(RELOADED) !== null) return false;
    area.setItem(RELOADED, 'yes');
    return area.getItem(RELOADED) === 'yes';
  } catch {
    return false;
  }
}
