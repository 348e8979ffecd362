/** A run of which nothing is known yet but what was asked. */
import type { TrainConfig } from './config.ts';
import type { RunInfo } from './runTypes.ts';

const UNNAMED = 'New run';
const LONGEST_NAME = 120;

/** @param config as it came, so anything; absent: the run is resumed and its settings are not read yet */
export function startingRun(id: string, config: TrainConfig | undefined): RunInfo {
  const now = Date.now();
  const given = typeof config?.name === 'string' ? config.name.trim() : '';
  return {
    id,
    name: given.slice(0, LONGEST_NAME) || UNNAMED,
    state: 'starting',
    config: config ?? { dictionaries: [] },
    plan: null,
    step: 0,
    seconds: 0,
    tokensPerSecond: 0,
    bytes: 0,
    kernels: '',
    threads: 0,
    created: now,
    updated: now,
    dictionaries: [],
    resumes: 0,
    exact: true,
  };
}
