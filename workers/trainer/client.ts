/** The page's handle on the trainer worker. */
import { handleOf, type Remote, type WorkerHandle } from '../remote.ts';
import type { TrainerServices } from './services.ts';

export type { TrainerServices };
export type Trainer = Remote<TrainerServices>;

export function startTrainer(): WorkerHandle {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'trainer' });
  return handleOf(worker, 'The part of the page that trains was ended.');
}
