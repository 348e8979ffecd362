/** What crosses between the page and the trainer worker, beside what src/api has. */
import type { WantedModel } from '../../src/api/model.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';

export interface BeginJob {
  id: string;
  /** Of a new run; absent: the run is kept, here or in the store, and goes on. */
  config?: TrainConfig;
  /** Absent: not had; a run that is still in memory goes on without. */
  model?: WantedModel;
}

/** How a run ended; `ids` are those of its dictionaries in the library, null for what is not there. */
export interface RunEnd {
  state: 'finished' | 'stopped' | 'paused';
  ids: (string | null)[];
  message?: string;
}
