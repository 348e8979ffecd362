/** Training threads as nested workers. Called in a worker: the caller sleeps while helpers finish, which a page may not. */
import { Threads, type Helper, type HelperAnswer } from './threads.ts';

/**
 * @param count of threads, the caller's own among them
 * @returns undefined where one thread is all there is: asked for, or the page is not isolated, or helpers do not start
 */
export async function startBrowserThreads(count: number): Promise<Threads | undefined> {
  if (count < 2 || !globalThis.crossOriginIsolated || typeof SharedArrayBuffer !== 'function') return undefined;
  try {
    return await Threads.start(count, startHelper);
  } catch {
    return undefined;
  }
}

function startHelper(): Helper {
  const worker = new Worker(new URL('./threadWorker.ts', import.meta.url), { type: 'module', name: 'training thread' });
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, fail) => {
      worker.onmessage = ({ data }: MessageEvent<HelperAnswer>) => receive(data);
      worker.onerror = (event) => fail(new Error(event.message || 'A training thread could not be loaded.'));
    },
    close: () => worker.terminate(),
  };
}
