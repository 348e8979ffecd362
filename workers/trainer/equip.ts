/** All that a run computes with: device, model, text, and what trains a dictionary. */
import { throwIfStopped, UsageError } from '../../src/core/errors.ts';
import { checkThreads } from '../../src/core/train/checkConfig.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import { corpusNames, type Text } from '../../src/engine/text/corpora.ts';
import type { Known } from '../../src/engine/training/plan.ts';
import type { RunParts } from '../../src/engine/training/types.ts';
import type { WantedModel } from '../../src/api/model.ts';
import type { HolderPlatform, ModelHolder, Reading } from '../modelHolder.ts';
import type { TrainingStore } from './heldRun.ts';

export interface Platform extends HolderPlatform {
  runs: TrainingStore;
  /** How a dictionary is trained on this runtime's device. @param threads wanted; fewer where there are no more */
  createTrainers(runtime: Runtime, threads: number | undefined): Promise<Trainers>;
}

export interface Trainers {
  create: RunParts['createTrainer'];
  threads: number;
  /** Ends what only serves trainers; nothing may be made afterwards. */
  release(): void;
}

export interface Equipment {
  parts: RunParts;
  trainers: Trainers;
  text: Text;
}

/** @throws UsageError for a config that is wrong; AbortedError; what opening model and text throws */
export async function equip(
  platform: Pick<Platform, 'createTrainers'>,
  holder: ModelHolder,
  config: TrainConfig,
  model: WantedModel,
  reading: Reading,
): Promise<Equipment> {
  if (typeof config !== 'object' || config === null) throw new UsageError('A training run is described by an object.');
  checkThreads(config.threads);
  const { runtime, engine } = await holder.device();
  const loaded = await holder.load(model, reading);
  const text = await holder.read(corpusNames(config.corpus), loaded, reading);
  throwIfStopped(reading.signal);
  const trainers = await platform.createTrainers(runtime, config.threads);
  return { parts: { model: loaded.model, engine, ids: text.ids, createTrainer: trainers.create }, trainers, text };
}

/** What a plan is made from, beside the config. */
export function knownOf(model: WantedModel, config: TrainConfig, { parts, text: { ids, hash } }: Equipment): Known {
  const { config: modelConfig, hash: modelHash } = parts.model;
  return { model: { id: model.info.id, hash: modelHash, config: modelConfig }, corpus: { names: corpusNames(config.corpus), ids, hash } };
}
