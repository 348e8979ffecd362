/** Page of the peers the benchmark compares with: `window.peers(method, argument)` asks its worker. */
import { connect } from '../../workers/rpc.ts';

const worker = new Worker(new URL('./peers.worker.ts', import.meta.url), { type: 'module' });
const caller = connect(worker);
Object.assign(window, { peers: (method: string, argument: unknown) => caller.call(method, [argument]) });
