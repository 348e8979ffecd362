/** The trainer worker: started when first needed, opened once, ended when it has been idle or has died. */
import type { TrainerClient } from '../../workers/trainer/client.ts';
import { EngineError } from '../core/errors.ts';
import type { TrainingNeeds } from './training.ts';

/** A trainer with nothing to do gives its memory back after this long. */
const IDLE_MS = 60_000;

export function createTrainerHandle(start: () => TrainerClient, { base, device }: TrainingNeeds) {
  let client: { worker: TrainerClient; open: Promise<void> } | undefined;
  let calls = 0;
  let kept = false;
  let idle: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    client?.worker.terminate();
    client = undefined;
  };
  const settle = () => {
    clearTimeout(idle);
    if (client && calls === 0 && !kept) idle = setTimeout(end, IDLE_MS);
  };
  const opened = async () => {
    if (!client) {
      const worker = start();
      client = { worker, open: device.then((kind) => worker.call('open', [{ device: kind, base }])) };
    }
    const { worker, open } = client;
    await open;
    return worker;
  };
  return {
    call: (async (method, args, options) => {
      clearTimeout(idle);
      calls++;
      try {
        return await (await opened()).call(method, args, options);
      } catch (error) {
        if ((error as { code?: string }).code !== 'dead') throw error;
        end();
        throw new EngineError(
          'The part of the page that trains has stopped, perhaps for lack of memory. The last checkpoint is kept; resume the run.',
          {
            cause: error,
          },
        );
      } finally {
        calls--;
        settle();
      }
    }) as TrainerClient['call'],
    /** @param wanted whether a run lives in the worker */
    keep(wanted: boolean) {
      kept = wanted;
      settle();
    },
  };
}
