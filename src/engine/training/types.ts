/** What a training run is made of, in Node and in the trainer worker alike. */
import type { TrainableConfig } from '../../core/train/architectures/index.ts';
import type { RunPlan } from '../../core/train/config.ts';
import type { RunEvaluation, RunHistory, RunPoint } from '../../core/train/runTypes.ts';
import type { Parameters } from '../../core/train/types.ts';
import type { KernelName, SaeEngine } from '../../kernels/engine.ts';
import type { StepTrainer, TrainerState } from '../../kernels/trainer.ts';
import type { HookedModel } from '../model/hookedModel.ts';

export interface RunParts {
  model: HookedModel;
  /** Encodes and decodes for the measurements. */
  engine: SaeEngine;
  /** The corpus: documents one after another, each begun by the end-of-text token. */
  ids: Uint16Array | Uint32Array;
  createTrainer(settings: TrainableConfig, parameters: Parameters, maxRows: number): Promise<StepTrainer>;
}

/** All that is needed to go on as if nothing had happened; structured-cloneable, every array its own buffer. */
export interface RunCheckpoint {
  version: 1;
  plan: RunPlan;
  kernels: KernelName;
  /** Steps made. */
  step: number;
  /** Seconds of work. */
  seconds: number;
  /** Factor on the rows of each hook, in the plan's order of hooks. */
  scales: number[];
  history: RunHistory;
  dictionaries: TrainerState[];
}

/** What can be asked at any moment without waiting. */
export interface RunProgress {
  step: number;
  seconds: number;
  tokensPerSecond: number;
  bytes: number;
  kernels: KernelName;
  last: (RunPoint | null)[];
  evaluations: (RunEvaluation | null)[];
}
