/** What the page asks of a service worker, and waits for. */
import type { Ask } from './manifest.ts';

const ANSWER_MS = 120_000;

/** Settles when a worker is in that state no more, or after `ms`. */
export function leaves(worker: ServiceWorker, state: ServiceWorkerState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (worker.state === state && Date.now() < end) return;
      clearTimeout(timer);
      worker.removeEventListener('statechange', check);
      resolve();
    };
    const end = Date.now() + ms;
    const timer = setTimeout(check, ms);
    worker.addEventListener('statechange', check);
    check();
  });
}

/** The answer of a service worker; undefined when it gives none in time. */
export function ask<T>(worker: ServiceWorker, question: Ask, ms = ANSWER_MS): Promise<T | undefined> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const settle = (answer: T | undefined) => {
      clearTimeout(timer);
      port1.close();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(undefined), ms);
    port1.onmessage = ({ data }: MessageEvent<T | undefined>) => settle(data);
    worker.postMessage(question, [port2]);
  });
}

/** The worker that serves; undefined when the first one cannot be installed. */
export function activeOf({ active, installing, waiting }: ServiceWorkerRegistration): Promise<ServiceWorker | undefined> {
  const coming = installing ?? waiting;
  if (active || !coming) return Promise.resolve(active ?? undefined);
  return new Promise((resolve) => {
    const check = () => {
      if (coming.state === 'activated') resolve(coming);
      else if (coming.state === 'redundant') resolve(undefined);
    };
    coming.addEventListener('statechange', check);
    check();
  });
}
