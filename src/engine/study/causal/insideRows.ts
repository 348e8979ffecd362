/** Rows that change a hook inside a block: as edits of it, batched by `runCandidates`. */
import type { Edit } from '../../../api/model.ts';
import { hookShape } from '../../../core/lm/hooks.ts';
import { runCandidates } from '../candidates.ts';
import { partsOf } from './bases.ts';
import { changedValue, type ChangedRow, type Deliver, type Ground, type Way } from './rows.ts';

/** @throws AbortedError; EngineError */
export async function runInside(way: Way, grounds: readonly Ground[], rows: readonly ChangedRow[], deliver: Deliver): Promise<void> {
  const { machine, bases, to } = way;
  for (const context of new Set(rows.map((row) => row.context))) {
    const own = [...rows.keys()].filter((r) => rows[r].context === context);
    await runCandidates({
      ...partsOf(machine),
      contexts: [bases[context].ids],
      candidates: own.map((r) => editsOf(way, grounds[context], rows[r])),
      read: [{ hook: to.name, positions: 'last' }],
      ...(way.batchSize !== undefined && { batchSize: way.batchSize }),
      memoryBytes: 2 * way.batchBytes,
      sharePrefix: way.sharePrefix,
      onBatch: (batch) => way.onBatch(batch.rows, batch.bytes),
      onResult: ({ candidate, acts }) => deliver(own[candidate], acts[to.name].data),
    });
  }
}

/** Sets what a row changes; where the ground is not the text's own, all of it. */
function editsOf({ from, machine: { model } }: Way, ground: Ground, row: ChangedRow): Edit[] {
  const { length, values, bytes } = ground;
  const F = values.length / length;
  const positions = bytes > 0 ? Array.from({ length }, (_, p) => p) : [...row.positions];
  if (positions.length === 0) return [];
  const data = new Float32Array(positions.length * F);
  positions.forEach((p, i) => changedValue(ground, p, row, data.subarray(i * F, (i + 1) * F)));
  const [, ...shape] = hookShape(from.site, model.config) as number[];
  return [{ hook: from.name, op: 'set', positions, value: { data, shape: [positions.length, ...shape] } }];
}
