/** Training threads in Node. */
import { Worker } from 'node:worker_threads';

/**
 * For `Threads.start` of src/kernels/wasm/threads.ts: a way to start helpers.
 * @param {Function} help that module's `help`, whose source the helper is given: Node itself does not read TypeScript
 * @returns {() => import('../src/kernels/wasm/threads.ts').Helper}
 */
export function nodeHelpers(help) {
  const port = '{ post: (a) => parentPort.postMessage(a), listen: (receive) => parentPort.on("message", receive) }';
  const source = `const { parentPort } = require('node:worker_threads'); (${help.toString()})(${port});`;
  return () => {
    const worker = new Worker(source, { eval: true });
    // A sleeping helper must not keep the process alive.
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      listen: (receive, fail) => {
        worker.on('message', receive);
        worker.on('error', fail);
      },
      close: () => void worker.terminate(),
    };
  };
}
