/** From what was asked for, or is kept, to a run that has made a step. */
import { StorageError, type RunRecord, type StoredRun } from '../../src/cache/runStore.ts';
import { throwIfStopped, UsageError } from '../../src/core/errors.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';
import type { RunInfo } from '../../src/core/train/runTypes.ts';
import { startingRun } from '../../src/core/train/startingRun.ts';
import { resolvePlan } from '../../src/engine/training/plan.ts';
import { TrainingRun } from '../../src/engine/training/run.ts';
import type { RunCheckpoint } from '../../src/engine/training/types.ts';
import type { WantedModel } from '../../src/api/model.ts';
import type { ModelHolder } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';
import type { BeginJob } from './api.ts';
import { equip, knownOf, type Equipment, type Platform, type Trainers } from './equip.ts';
import { HeldRun } from './heldRun.ts';

/** Layout of checkpoints that this build goes on from. */
const CHECKPOINT_VERSION = 1;

const CHANGED_TEXT = 'The text of this run is not what it was when the run began, so the run cannot go on exactly. Begin a new one.';

/** A run before its first step here. */
interface Start {
  record: RunRecord;
  /** What the store has of it; undefined for a new one. */
  kept: StoredRun | undefined;
  model: WantedModel;
  context: CallContext<RunInfo>;
}

/** A run that fails to begin leaves nothing; one that was kept stays as it was. @throws AbortedError, and with a sentence */
export async function beginRun(
  platform: Platform,
  holder: ModelHolder,
  context: CallContext<RunInfo>,
  { id, config, model }: BeginJob,
): Promise<{ held: HeldRun; trainers: Trainers }> {
  const { runs } = platform;
  throwIfStopped(context.signal);
  const kept = config ? undefined : await runs.get(id);
  if (!config && !kept) throw new UsageError(`There is no training run ${id} here any more.`);
  if (!model) throw new UsageError('There is no model to train on.');
  const record: RunRecord = kept ? { info: kept.info, model: kept.model } : newRecord(id, config!, model);
  // So that a tab that goes away now is found again; without storage the run lives as long as the page.
  if (!kept) await runs.save(record).catch(passUnlessFull);
  try {
    return await equipAndStart(platform, holder, { record, kept, model, context });
  } catch (error) {
    await (kept ? runs.save(kept) : runs.remove(id)).catch(() => undefined);
    throw error;
  }
}

async function equipAndStart(platform: Platform, holder: ModelHolder, start: Start): Promise<{ held: HeldRun; trainers: Trainers }> {
  const { record, model, context } = start;
  const say = (message: string) => context.progress({ ...record.info, state: 'starting', message, updated: Date.now() });
  const equipment = await equip(platform, holder, record.info.config, model, { signal: context.signal, say });
  let run: TrainingRun | undefined;
  try {
    const checkpoint = start.kept && (await readCheckpoint(platform, start.kept));
    say('Making the first step.');
    run = await startRun(equipment, start, checkpoint);
    await run.advance(context.signal);
    throwIfStopped(context.signal);
    const held = holdRun(platform, run, start, equipment, checkpoint);
    await platform.runs.save({ ...record, info: held.info() }).catch(passUnlessFull);
    // The page has given it up, and nobody would ever end it.
    throwIfStopped(context.signal);
    return { held, trainers: equipment.trainers };
  } catch (error) {
    run?.release();
    equipment.trainers.release();
    throw error;
  }
}

function startRun(equipment: Equipment, { record, model, context }: Start, checkpoint: RunCheckpoint | undefined): Promise<TrainingRun> {
  const { parts, text } = equipment;
  const { config } = record.info;
  if (!checkpoint) return TrainingRun.begin(parts, resolvePlan(config, knownOf(model, config, equipment)), context.signal);
  if (text.hash !== checkpoint.plan.corpus.hash) throw new UsageError(CHANGED_TEXT);
  return TrainingRun.resume(parts, checkpoint, context.signal);
}

function holdRun(
  { runs }: Platform,
  run: TrainingRun,
  { record, kept }: Start,
  { parts, trainers }: Equipment,
  checkpoint: RunCheckpoint | undefined,
): HeldRun {
  const resumed = kept && continued(kept.info, checkpoint?.kernels, run.progress().kernels, checkpoint?.step ?? 0);
  const info: RunInfo = { ...record.info, ...resumed, name: run.plan.name, state: 'running', threads: trainers.threads };
  return new HeldRun({
    run,
    record: { ...record, info },
    store: runs,
    lost: () => parts.model.runtime.lost,
    ...(checkpoint && { savedStep: checkpoint.step }),
  });
}

/** @returns undefined when none was ever made; one that cannot be read would be lost if the run began again */
async function readCheckpoint({ runs }: Platform, { info: { id, name }, bytes }: StoredRun): Promise<RunCheckpoint | undefined> {
  const found = await runs.checkpoint(id, CHECKPOINT_VERSION).catch(() => undefined);
  if (found || bytes === 0) return found;
  throw new UsageError(
    `The checkpoint of "${name}" cannot be read: it is damaged, or another version of this page made it. It is left as it is; remove the run and begin it anew.`,
  );
}

function passUnlessFull(error: unknown): void {
  if (!(error instanceof StorageError) || error.full) throw error;
}

function newRecord(id: string, config: TrainConfig, { info }: WantedModel): RunRecord {
  return { info: startingRun(id, config), model: { id: info.id, hash: info.hash, source: info.source } };
}

/** What a resume from the store changes: how often it was, and whether it is exact. */
function continued(old: RunInfo, before: string | undefined, now: string, step: number): Partial<RunInfo> {
  const same = before === undefined || before === now;
  const message = same
    ? undefined
    : `The run went on at step ${step} with other kernels (${now} instead of ${before}), so its numbers are not exactly those of a run without interruption.`;
  const rest: Partial<RunInfo> = { resumes: old.resumes + 1, exact: old.exact && same };
  return { ...rest, message };
}
