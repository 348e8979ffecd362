/** The page's handle on the lens worker. */
import { handleOf, type Remote, type WorkerHandle } from '../remote.ts';
import type { LensServices } from './services.ts';

export type { LensServices };
export type Lens = Remote<LensServices>;

export function startLens(): WorkerHandle {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'lens' });
  return handleOf(worker, 'The part of the page that runs the model was ended.');
}
