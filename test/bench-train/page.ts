/** Page of the training benchmark: `window.bench(method, argument)` asks its worker. */
import { connect } from '../../workers/rpc.ts';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
// A worker that does not load never answers; the script that drives this page shows page errors.
worker.onerror = (event) => {
  throw new Error(`worker: ${event.message}`);
};
const caller = connect(worker);
Object.assign(window, { bench: (method: string, argument: unknown) => caller.call(method, [argument]) });
