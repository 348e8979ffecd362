/** Isolation by the service worker: the worker's headers, and when the page reloads itself. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIsolation } from '../../../src/cache/offline/isolation.ts';
import { Isolator } from '../../../src/cache/offline/isolator.ts';
import type { Isolates } from '../../../src/cache/offline/manifest.ts';
import { fakeCaches } from '../../helpers/fakeCaches.ts';

const SCOPE = 'https://host/app/';
const COOP = 'cross-origin-opener-policy';
const COEP = 'cross-origin-embedder-policy';

describe('the service worker', () => {
  const page = (headers: Record<string, string> = {}) => Promise.resolve(new Response('page', { headers }));
  const create = (caches = fakeCaches()) => new Isolator({ caches: caches.storage, scope: SCOPE });

  it('adds the headers that are missing, to whole files only', async () => {
    const isolator = create();
    const dressed = await isolator.dress(new Response('text', { headers: { 'content-type': 'text/x', [COEP]: 'credentialless' } }));
    expect(Object.fromEntries(dressed.headers)).toMatchObject({
      'content-type': 'text/x',
      [COOP]: 'same-origin',
      [COEP]: 'credentialless',
    });
    expect(await dressed.text()).toBe('text');
    const part = new Response('t', { status: 206 });
    expect(await isolator.dress(part)).toBe(part);
  });

  it('is switched off and on, also for the worker that is started next', async () => {
    const caches = fakeCaches();
    expect(await create(caches).switch(false, page)).toEqual({ before: true, server: false, isolates: false });
    const response = new Response('text');
    expect(await create(caches).dress(response)).toBe(response);
    expect(await create(caches).switch(true, page)).toEqual({ before: false, server: false, isolates: true });
    expect((await create(caches).dress(response)).headers.get(COOP)).toBe('same-origin');
  });

  it('knows a server that isolates the page itself, and one whose own headers forbid it', async () => {
    const both = { [COOP]: 'same-origin', [COEP]: 'require-corp; report-to="x"' };
    expect(await create().switch(false, () => page(both))).toMatchObject({ server: true, isolates: true });
    expect(await create().switch(true, () => page({ [COOP]: 'unsafe-none' }))).toMatchObject({ server: false, isolates: false });
  });
});

describe('the page', () => {
  const reload = vi.fn();
  let stored: Record<string, string>;
  let answer: Isolates | undefined;
  let asked: unknown[];
  beforeEach(() => {
    vi.useFakeTimers();
    reload.mockReset();
    stored = {};
    asked = [];
    answer = { before: true, server: false, isolates: true };
  });
  afterEach(() => vi.useRealTimers());

  interface Way {
    isolated?: boolean;
    fresh?: boolean;
    served?: boolean;
    wanted?: boolean;
    useful?: boolean;
    used?: () => boolean;
    worker?: 'none' | 'later' | 'now';
    session?: () => Pick<Storage, 'getItem' | 'setItem'>;
  }
  const area = { getItem: (key: string) => stored[key] ?? null, setItem: (key: string, value: string) => void (stored[key] = value) };
  const controller = {
    postMessage(question: unknown, [port]: MessagePort[]) {
      asked.push(question);
      if (answer) port.postMessage(answer);
    },
  };
  function open({ worker = 'now', wanted = true, useful = true, used = () => false, ...way }: Way = {}) {
    const container = Object.assign(new EventTarget(), { controller: worker === 'now' ? controller : null });
    const isolation = createIsolation({
      wanted: { get: () => wanted, set: (now) => void (wanted = now) },
      useful: Promise.resolve(useful),
      used,
      quietFor: () => performance.now(),
      environment: {
        container: worker === 'none' ? undefined : (container as unknown as ServiceWorkerContainer),
        reload,
        isolated: way.isolated ?? false,
        fresh: way.fresh ?? true,
        served: way.served ?? false,
        session: way.session ?? (() => area),
      },
    });
    const serve = () => {
      container.controller = controller;
      container.dispatchEvent(new Event('controllerchange'));
    };
    return { isolation, serve };
  }
  /** Lets messages pass (they are no timers), then time. */
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      await new Promise((done) => setImmediate(done));
      await vi.advanceTimersByTimeAsync(4000);
    }
  };
  vi.setConfig({ testTimeout: 20_000 });

  it('reloads itself once when nobody uses it, and never again in this tab', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const first = open({ worker: 'later' });
    expect(first.isolation.status()).toEqual({ state: 'waiting', switchable: false });
    first.serve();
    await settle();
    expect(first.isolation.status()).toEqual({ state: 'ready', switchable: true });
    expect(reload).toHaveBeenCalledTimes(1);
    open();
    await settle();
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Way]>([
    ['somebody uses it', { used: () => true }],
    ['it was itself reloaded', { fresh: false }],
    ['threads would be of no use', { useful: false }],
    ['the tab could not remember it', { session: () => ({ getItem: () => null, setItem: () => undefined }) }],
    [
      'the browser refuses to remember',
      {
        session: () => {
          throw new Error('denied');
        },
      },
    ],
  ])('does not reload when %s', async (_, way) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { isolation } = open(way);
    await settle();
    expect(isolation.status().state).toBe('ready');
    expect(reload).not.toHaveBeenCalled();
  });

  it.each<[string, Way, Isolates | undefined, string]>([
    ['a browser that does not obey the headers', { served: true }, { before: true, server: false, isolates: true }, 'refused'],
    ['a server whose headers forbid it', {}, { before: true, server: false, isolates: false }, 'refused'],
    ['a person who does not want it', { wanted: false }, { before: true, server: false, isolates: false }, 'off'],
    ['no service worker', { worker: 'none' }, undefined, 'unsupported'],
    ['a service worker of an older build', {}, undefined, 'waiting'],
    ['a page that is isolated', { isolated: true, served: true }, { before: true, server: false, isolates: true }, 'isolated'],
  ])('says what is so: %s', async (_, way, said, state) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    answer = said;
    const { isolation } = open(way);
    await settle();
    expect(isolation.status().state).toBe(state);
    expect(reload).not.toHaveBeenCalled();
  });

  it('tells the worker of a switch, and reloads', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { isolation } = open({ isolated: true });
    await settle();
    const done = isolation.set(false);
    await settle();
    await done;
    expect(asked.at(-1)).toEqual({ type: 'isolate', on: false });
    expect(reload).toHaveBeenCalledTimes(1);
  });
});
