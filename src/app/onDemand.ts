/** A worker beside the lens: started when first needed, opened once, ended when it has been idle or has died. */
import type { Calls, WorkerHandle } from '../../workers/remote.ts';
import { EngineError } from '../core/errors.ts';

export interface OnDemand extends Calls {
  /** @param wanted whether something lives in the worker, so that it must not be ended */
  keep(wanted: boolean): void;
  /** Ends the worker now, whatever it does; open calls reject, and the next one starts another. */
  end(): void;
}

interface OnDemandNeeds {
  start: () => WorkerHandle;
  /** The first call, which settles before all others are sent. */
  open: (worker: Calls) => Promise<unknown>;
  idleMs: number;
  /** The sentence of calls that were open when it died. */
  died: string;
}

export function onDemand({ start, open, idleMs, died }: OnDemandNeeds): OnDemand {
  let client: { worker: WorkerHandle; opened: Promise<unknown> } | undefined;
  let calls = 0;
  let kept = false;
  let idle: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    client?.worker.terminate();
    client = undefined;
  };
  const settle = () => {
    clearTimeout(idle);
    if (client && calls === 0 && !kept) idle = setTimeout(end, idleMs);
  };
  const ready = async () => {
    if (!client) {
      const worker = start();
      client = { worker, opened: open(worker) };
    }
    const { worker, opened } = client;
    await opened;
    return worker;
  };
  return {
    async call(method, args, options) {
      clearTimeout(idle);
      calls++;
      try {
        return await (await ready()).call(method, args, options);
      } catch (error) {
        if ((error as { code?: string }).code !== 'dead') throw error;
        end();
        throw new EngineError(died, { cause: error });
      } finally {
        calls--;
        settle();
      }
    },
    end,
    keep(wanted) {
      kept = wanted;
      settle();
    },
  };
}
