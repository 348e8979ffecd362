/** The page's handle on the study worker. */
import { handleOf, type Remote, type WorkerHandle } from '../remote.ts';
import type { StudyServices } from './services.ts';

export type { StudyServices };
export type Study = Remote<StudyServices>;

export function startStudy(): WorkerHandle {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'study' });
  return handleOf(worker, 'The part of the page that measures was ended.');
}
