/** The trainer worker's work, without the worker: texts, and one run at a time. */
import { ModelHolder } from '../modelHolder.ts';
import { CorporaService } from './corpora.ts';
import type { Platform } from './equip.ts';
import { RunsService } from './runs.ts';

export type TrainerServices = ReturnType<typeof createTrainerServices>;

export function createTrainerServices(platform: Platform) {
  const holder = new ModelHolder(platform);
  return { corpora: new CorporaService(platform.corpora, holder), runs: new RunsService(platform, holder) };
}
