/** What a run would take here, from a few of its steps on one small block of its text. */
import { throwIfStopped, type Stop } from '../../src/core/errors.ts';
import type { RunPlan, TrainConfig } from '../../src/core/train/config.ts';
import type { RunEstimate } from '../../src/core/train/runTypes.ts';
import { runNumber } from '../../src/core/train/settings.ts';
import { listBlocks } from '../../src/engine/training/blocks.ts';
import { resolvePlan, type Known } from '../../src/engine/training/plan.ts';
import { TrainingRun } from '../../src/engine/training/run.ts';
import type { RunParts } from '../../src/engine/training/types.ts';

/** Rows harvested and trained on, in batches of the run: enough to see past the first steps. */
const BATCHES = 4;
const MOST_SECONDS = 10;
const FLOAT_BYTES = 4;
const MIB = 2 ** 20;
/** Measuring runs the model over its text this many times as often as training does: all layers, clean, spliced and ablated. */
const MEASURE_FACTOR = 4;

/** @throws UsageError for a config that is wrong; AbortedError */
export async function estimateRun(parts: RunParts, config: TrainConfig, known: Known, stop?: Stop): Promise<RunEstimate> {
  const plan = resolvePlan(config, known);
  const width = plan.hooks.reduce((sum, { d_in }) => sum + d_in, 0);
  const buffer = (BATCHES * plan.batch * width * FLOAT_BYTES) / MIB;
  const small = resolvePlan(
    { ...config, buffer_mib: Math.min(config.buffer_mib ?? runNumber('buffer_mib').range.most, buffer), evaluate_every: 0 },
    known,
    // The first block is read in the first step, which tells how long reading takes.
    false,
  );
  const [block] = listBlocks(small, parts.ids);
  const run = await TrainingRun.begin(parts, small, stop);
  try {
    const began = performance.now();
    const spent = () => (performance.now() - began) / 1000;
    await run.advance(stop);
    const first = spent();
    let steps = 1;
    while (steps < block.steps && spent() < MOST_SECONDS) {
      throwIfStopped(stop);
      await run.advance(stop);
      steps++;
    }
    const step = steps > 1 ? (spent() - first) / (steps - 1) : 0;
    const harvest = Math.max(0, first - step) / block.rows;
    const rowSeconds = harvest + step / small.batch;
    const bytes = run.progress().bytes + blockBytes(plan, width) - block.rows * width * FLOAT_BYTES;
    return { tokensPerSecond: 1 / rowSeconds, seconds: plan.tokens * rowSeconds + measureSeconds(plan, harvest), bytes };
  } finally {
    run.release();
  }
}

function blockBytes({ chunksPerBlock, model }: RunPlan, width: number): number {
  return chunksPerBlock * model.n_ctx * width * FLOAT_BYTES;
}

function measureSeconds({ evaluateEvery, evaluateTokens, steps, dictionaries, heldOut }: RunPlan, harvest: number): number {
  if (heldOut === 0) return 0;
  const times = evaluateEvery > 0 ? Math.ceil(steps / evaluateEvery) : 1;
  return times * dictionaries.length * evaluateTokens * harvest * MEASURE_FACTOR;
}
