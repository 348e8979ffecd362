/** What is read behind the last block: the final norm and logits of the rows that ask for them. */
import { throwIfStopped } from '../../core/errors.ts';
import { unembed } from '../model/unembed.ts';
import type { CandidatesJob, Values } from './candidates.ts';
import { unembedRows } from './memory.ts';
import { finalReading, type Reading } from './reading.ts';

/**
 * @param contexts the context of each row, all of equal length
 * @param resid [rows, pos, d_model], the positions from `past` on
 * @param deliver called once for each row, with what was computed: positions before `past` are left 0, and nothing where the
 *   final norm and logits are not asked for. The arrays are good during the call.
 */
export async function readFinal(
  job: CandidatesJob,
  reading: Reading,
  contexts: readonly number[],
  resid: Float32Array,
  pos: number,
  past: number,
  deliver: (row: number, values: Values) => void,
): Promise<void> {
  const { model, stop } = job;
  const { d_model: D, d_vocab: V } = model.config;
  const norm = finalReading(reading);
  const logits = new Map<number, Float32Array>();
  const targets = contexts.flatMap((context, row) =>
    reading.logits[context].flatMap((p, slot) => (p < past ? [] : [{ row, slot, from: (row * pos + p - past) * D }])),
  );
  const left = contexts.map((_, row) => targets.filter((t) => t.row === row).length);
  const finish = async (row: number) => {
    const context = contexts[row];
    const values: Values = { acts: {} };
    if (norm) values.acts[norm.hook.name] = await normRow(job, norm.positions[context], resid, row * pos - past, past);
    const wanted = reading.logits[context].length;
    if (wanted > 0) values.logits = { data: logits.get(row) ?? new Float32Array(wanted * V), shape: [wanted, V] };
    logits.delete(row);
    deliver(row, values);
  };
  const most = Math.max(0, ...contexts.map((context) => reading.logits[context].length));
  const rowsAtOnce = unembedRows(model.config, contexts.length, most);
  let done = 0;
  for (let first = 0; first < targets.length; first += rowsAtOnce) {
    const some = targets.slice(first, first + rowsAtOnce);
    await unembed(
      model,
      resid,
      some.map((t) => t.from),
      (i, row) => {
        const target = some[i];
        const wanted = reading.logits[contexts[target.row]].length;
        const data = logits.get(target.row) ?? new Float32Array(wanted * V);
        logits.set(target.row, data);
        data.set(row, target.slot * V);
        left[target.row]--;
      },
      stop,
      rowsAtOnce,
    );
    for (; done < contexts.length && left[done] === 0; done++) await finish(done);
  }
  for (; done < contexts.length; done++) {
    throwIfStopped(stop);
    await finish(done);
  }
}

/** The final norm at the positions asked for. @param start index of position 0 among rows of `resid` */
async function normRow(
  { model }: CandidatesJob,
  positions: readonly number[],
  resid: Float32Array,
  start: number,
  past: number,
): Promise<Values['acts'][string]> {
  const D = model.config.d_model;
  const x = new Float32Array(positions.length * D);
  positions.forEach((p, slot) => {
    if (p >= past) x.set(resid.subarray((start + p) * D, (start + p + 1) * D), slot * D);
  });
  const { ln_final } = await model.finalNorm.run({ x: model.runtime.tensor(x, [positions.length, D]) }, ['ln_final']);
  return { data: ln_final.data as Float32Array, shape: [positions.length, D] };
}
