/** The page's side of a new build, on stand-ins for the browser's objects. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOffline, TAKE_OVER_MS } from '../../../src/cache/offline/client.ts';
import type { Ask } from '../../../src/cache/offline/manifest.ts';

class FakeWorker extends EventTarget {
  readonly asked: Ask[] = [];
  state: ServiceWorkerState;
  constructor(state: ServiceWorkerState) {
    super();
    this.state = state;
  }
  become(state: ServiceWorkerState): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
  postMessage(ask: Ask, [port]: MessagePort[]): void {
    this.asked.push(ask);
    port.postMessage(ask.type === 'takeOver' ? { done: ask.force, tabs: 2 } : { cached: 1, total: 1, ready: true, most: 2, missing: 1 });
  }
}

class FakeRegistration extends EventTarget {
  active: FakeWorker | null = new FakeWorker('activated');
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
}

const reload = vi.fn();
let container: EventTarget & { controller: FakeWorker | null };

function open(registration: FakeRegistration) {
  container = Object.assign(new EventTarget(), {
    controller: registration.active,
    getRegistration: () => Promise.resolve(registration),
  });
  const offline = createOffline({
    scope: 'http://localhost/',
    device: Promise.resolve('wasm'),
    quietFor: () => 1e6,
    wanted: { get: () => false, set: () => undefined },
    everything: { get: () => false, set: () => undefined },
    opened: () => Promise.resolve([]),
    environment: { container: container as unknown as ServiceWorkerContainer, entry: '', saveData: false, caches: undefined, reload },
  });
  offline.start();
  return offline;
}

beforeEach(() => {
  reload.mockReset();
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('addEventListener', () => undefined);
});
afterEach(() => vi.unstubAllGlobals());

describe('a new build', () => {
  it('takes over also when it says that it is installed before the registration calls it waiting', async () => {
    const registration = new FakeRegistration();
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().ready).toBe(true));
    const next = (registration.installing = new FakeWorker('installing'));
    registration.dispatchEvent(new Event('updatefound'));
    expect(offline.status().update).toBe(false);
    next.become('installed');
    expect(offline.status().update).toBe(true);
    offline.update();
    await vi.waitFor(() => expect(next.asked).toEqual([{ type: 'takeOver', force: true }]));
    expect(registration.active?.asked.at(-1)).toEqual({ type: 'rest' });
    expect(reload).not.toHaveBeenCalled();
  });

  it('is offered also to a page so busy that it is installed when the page hears of it', async () => {
    const registration = new FakeRegistration();
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().ready).toBe(true));
    registration.waiting = new FakeWorker('installed');
    registration.dispatchEvent(new Event('updatefound'));
    expect(offline.status().update).toBe(true);
  });

  it('that waits when the page starts is asked to start unless other tabs are open, and then offered', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status()).toMatchObject({ ready: true, update: true }));
    expect(waiting.asked).toEqual([{ type: 'takeOver', force: false }]);
    offline.update();
    await vi.waitFor(() => expect(waiting.asked.at(-1)).toEqual({ type: 'takeOver', force: true }));
  });

  it('is asked again for as long as it does not begin, and the page goes on', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().update).toBe(true));
    waiting.asked.length = 0;
    vi.useFakeTimers();
    offline.update();
    offline.update();
    expect(offline.status().starting).toBe(true);
    await vi.advanceTimersByTimeAsync(10 * TAKE_OVER_MS + 100);
    const asked = waiting.asked.length;
    expect(asked).toBeGreaterThan(3);
    expect(reload).not.toHaveBeenCalled();
    waiting.become('activating');
    waiting.become('activated');
    await vi.advanceTimersByTimeAsync(2 * TAKE_OVER_MS);
    expect(waiting.asked).toHaveLength(asked);
    expect(reload).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });

  it('that goes away while it is waited for is looked for by a reload', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().update).toBe(true));
    offline.update();
    waiting.become('redundant');
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce());
  });

  it('reloads a tab once, however often it is told', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().update).toBe(true));
    offline.update();
    container.dispatchEvent(new Event('controllerchange'));
    waiting.become('activating');
    waiting.become('activated');
    expect(reload).toHaveBeenCalledOnce();
  });

  it('that took over reloads also a tab that heard of no other controller', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().update).toBe(true));
    waiting.become('activating');
    expect(reload).not.toHaveBeenCalled();
    waiting.become('activated');
    expect(reload).toHaveBeenCalledOnce();
  });

  it('that has gone again is looked for by a reload', async () => {
    const registration = new FakeRegistration();
    const waiting = (registration.waiting = new FakeWorker('installed'));
    const offline = open(registration);
    await vi.waitFor(() => expect(offline.status().update).toBe(true));
    registration.waiting = null;
    waiting.become('redundant');
    offline.update();
    expect(reload).toHaveBeenCalledOnce();
  });
});

describe('a first worker that cannot be installed', () => {
  it('is told with its reason, also when that arrives after the news that it is gone', async () => {
    const registration = new FakeRegistration();
    const worker = new FakeWorker('installing');
    Object.assign(registration, { active: null, installing: worker });
    const offline = open(registration);
    const kept = offline.keep().catch((error: Error) => error.message);
    await vi.waitFor(() => expect(offline.status().saving).toBe(true));
    worker.become('redundant');
    await new Promise((done) => setTimeout(done, 100));
    container.dispatchEvent(new MessageEvent('message', { data: { type: 'installFailed', failed: 'full' } }));
    expect(await kept).toMatch(/^There is no room left/);
  });
});
