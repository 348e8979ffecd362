/** What a prompt circuit measures of a residual: the difference of two tokens' logits, or one token's log-probability. */
import { throwIfStopped, UsageError } from '../../../core/errors.ts';
import { rowStatistics } from '../../../core/lm/statistics.ts';
import type { HookedModel } from '../../model/hookedModel.ts';
import { unembed } from '../../model/unembed.ts';
import { unembedRows } from '../memory.ts';
import type { Machine } from './bases.ts';

/** Of last residuals [n, d_model]. */
export type Measure = (resid: Float32Array) => Promise<Float64Array>;

/** @throws UsageError for a token that does not exist */
export async function openMeasure(machine: Machine, plus: number, minus: number | undefined): Promise<Measure> {
  const { d_vocab } = machine.model.config;
  for (const [name, token] of Object.entries({ plus, ...(minus !== undefined && { minus }) })) {
    if (!Number.isInteger(token) || token < 0 || token >= d_vocab) {
      throw new UsageError(`\`${name}\` must be a token id from 0 to ${d_vocab - 1}.`);
    }
  }
  return minus === undefined
    ? (resid) => logprobs(machine, resid, plus)
    : differences(machine.model, await readColumns(machine, plus, minus));
}

async function logprobs({ model, stop }: Machine, resid: Float32Array, token: number): Promise<Float64Array> {
  const D = model.config.d_model;
  const n = resid.length / D;
  const out = new Float64Array(n);
  const starts = Array.from({ length: n }, (_, i) => i * D);
  const read = (i: number, logits: Float32Array) => (out[i] = logits[token] - rowStatistics(logits).logZ);
  await unembed(model, resid, starts, read, stop, unembedRows(model.config, n, 1));
  return out;
}

function differences(model: HookedModel, along: Float64Array): Measure {
  const D = model.config.d_model;
  return async (resid) => {
    const n = resid.length / D;
    if (n === 0) return new Float64Array(0);
    // One row alone would go another way through the runtime.
    const x = new Float32Array(Math.max(2, n) * D);
    x.set(resid);
    const { ln_final } = await model.finalNorm.run({ x: model.runtime.tensor(x, [x.length / D, D]) }, ['ln_final']);
    const rows = await model.runtime.read(ln_final);
    return Float64Array.from({ length: n }, (_, r) => {
      let sum = 0;
      for (let i = 0; i < D; i++) sum += rows[r * D + i] * along[i];
      return sum;
    });
  };
}

/** W_U[:, plus] − W_U[:, minus]: logits of unit vectors. [d_model] */
async function readColumns({ model, stop }: Machine, plus: number, minus: number): Promise<Float64Array> {
  const { d_model: D } = model.config;
  const out = new Float64Array(D);
  const most = Math.min(16, unembedRows(model.config, D, 1));
  for (let first = 0; first < D; first += most) {
    throwIfStopped(stop);
    const count = Math.min(most, D - first);
    const x = new Float32Array(count * D);
    for (let i = 0; i < count; i++) x[i * D + first + i] = 1;
    const { logits } = await model.unembed.run({ x: model.runtime.tensor(x, [count, D]) }, ['logits']);
    const rows = await model.runtime.read(logits);
    const V = rows.length / count;
    for (let i = 0; i < count; i++) out[first + i] = rows[i * V + plus] - rows[i * V + minus];
  }
  return out;
}
