/** One batch of candidates: rows of equal shape that begin at the same hook, run on from clean values. */
import type { Tensor } from 'onnxruntime-common';
import type { CheckedEdit } from '../../core/lm/editContext.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { encodeBlocked } from '../../core/sae/encodeBlocked.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { encodeRows } from '../model/encodeRows.ts';
import { forward } from '../model/forward.ts';
import type { EncodeArriving } from '../model/forwardJob.ts';
import type { CandidatesJob, Values } from './candidates.ts';
import type { CandidateRow } from './candidateRows.ts';
import { readFinal } from './finalReading.ts';
import { isReached, type HookReading, type Reading } from './reading.ts';

/** @throws AbortedError between blocks; EngineError */
export async function runBatch(job: CandidatesJob, reading: Reading, rows: readonly CandidateRow[]): Promise<void> {
  const { model, stop } = job;
  const [{ start, past, pos, clean }] = rows;
  const length = clean.ids.length;
  const reads = reading.hooks.filter(({ hook }) => isReached(hook, start.first) && hook.site !== 'ln_final.hook_normalized');
  const picked = new Map<string, Float32Array[]>();
  const resid = await forward({
    model,
    at: { firstRow: 0, rows: rows.length, firstPos: past, pos, lengths: rows.map(() => length) },
    ids: [],
    edits: editsByHook(rows),
    encode: encoder(job, rows),
    reads: new Set(reads.map(({ hook }) => hook.name)),
    onRead: (hook, values) =>
      picked.set(
        hook,
        pickRows(
          reads.find((r) => r.hook.name === hook)!,
          rows,
          values,
        ),
      ),
    from: { layer: start.layer, resid: gatherResid(rows), ...(start.visit !== undefined && { visit: start.visit }) },
    until: Math.max(reading.until, start.layer),
    ...(past > 0 && { past: (layer: number) => gatherKeys(job, rows, layer) }),
    ...(stop && { stop }),
  });
  try {
    const contexts = rows.map(({ context }) => context);
    await readFinal(job, reading, contexts, await model.runtime.read(resid), pos, past, (r, final) => {
      job.onResult({ ...valuesOf(reading, rows[r], r, picked, final), candidate: rows[r].candidate, context: rows[r].context, ran: true });
    });
  } finally {
    model.runtime.dispose(resid);
  }
}

/** Each row's edits for that row alone. */
function editsByHook(rows: readonly CandidateRow[]): Map<string, CheckedEdit[]> {
  const byHook = new Map<string, CheckedEdit[]>();
  rows.forEach(({ edits }, r) => {
    const only = new Set([r]);
    for (const edit of edits) byHook.set(edit.hook.name, [...(byHook.get(edit.hook.name) ?? []), { ...edit, rows: only }]);
  });
  return byHook;
}

/** At the first edited hook every row still has the values of its text, whose latents are known. */
function encoder({ engine, stop }: CandidatesJob, rows: readonly CandidateRow[]): EncodeArriving {
  const { first } = rows[0].start;
  return (dictionary, x, hook) => {
    if (hook === first.name) return gatherCodes(dictionary, rows);
    return engine ? encodeRows(engine, dictionary, x, stop) : encodeBlocked(dictionary, x);
  };
}

/** Latents of the positions run, of rows that edit through the dictionary; the others have none. */
function gatherCodes(dictionary: Dictionary, rows: readonly CandidateRow[]): Latents {
  const [{ past, pos }] = rows;
  const parts = rows.map(({ clean, edits }) => {
    const uses = edits.some((edit) => 'dictionary' in edit && edit.dictionary === dictionary);
    return uses ? clean.codes.get(dictionary) : undefined;
  });
  const ends = (codes: Latents | undefined) => (codes ? [codes.rows[past], codes.rows[past + pos]] : [0, 0]);
  const total = parts.reduce((sum, codes) => sum + ends(codes)[1] - ends(codes)[0], 0);
  const out: Latents = {
    rows: new Uint32Array(rows.length * pos + 1),
    latents: new Uint32Array(total),
    values: new Float32Array(total),
    d_sae: dictionary.config.d_sae,
  };
  if (parts.some((codes) => codes?.scale)) out.scale = new Float32Array(rows.length * pos);
  let at = 0;
  parts.forEach((codes, r) => {
    const [from, to] = ends(codes);
    for (let p = 0; p < pos; p++) out.rows[r * pos + p + 1] = at + (codes ? codes.rows[past + p + 1] - from : 0);
    if (!codes) return;
    out.latents.set(codes.latents.subarray(from, to), at);
    out.values.set(codes.values.subarray(from, to), at);
    if (codes.scale) out.scale!.set(codes.scale.subarray(past, past + pos), r * pos);
    at += to - from;
  });
  return out;
}

/** [rows, pos, d_model] */
function gatherResid(rows: readonly CandidateRow[]): Float32Array {
  const [{ start, past, clean, pos }] = rows;
  const D = clean.resids.get(start.first.name)!.length / clean.ids.length;
  const out = new Float32Array(rows.length * pos * D);
  rows.forEach((row, r) => out.set(row.clean.resids.get(start.first.name)!.subarray(past * D), r * pos * D));
  return out;
}

/** Keys and values of a block for the positions before those run, [rows, heads, past, d_head]. */
function gatherKeys({ model }: CandidatesJob, rows: readonly CandidateRow[], layer: number): { k: Tensor; v: Tensor } {
  const { n_heads: H, d_head: E } = model.config;
  const [{ past, clean }] = rows;
  const length = clean.ids.length;
  const gather = (which: 'k' | 'v') => {
    const out = new Float32Array(rows.length * H * past * E);
    rows.forEach((row, r) => {
      const all = row.clean.keys[layer][which];
      for (let h = 0; h < H; h++) out.set(all.subarray(h * length * E, (h * length + past) * E), (r * H + h) * past * E);
    });
    return model.runtime.tensor(out, [rows.length, H, past, E]);
  };
  return { k: gather('k'), v: gather('v') };
}

/** The positions asked for of each row's values [rows, pos, F]; those before the ones run are left 0. */
function pickRows({ F, positions }: HookReading, rows: readonly CandidateRow[], values: Float32Array): Float32Array[] {
  return rows.map(({ context, past, pos }, r) => {
    const data = new Float32Array(positions[context].length * F);
    positions[context].forEach((p, slot) => {
      const from = (r * pos + p - past) * F;
      if (p >= past) data.set(values.subarray(from, from + F), slot * F);
    });
    return data;
  });
}

/** A row's values: its own where it ran, the clean ones before. */
function valuesOf(
  reading: Reading,
  { clean, context, past }: CandidateRow,
  r: number,
  picked: ReadonlyMap<string, Float32Array[]>,
  final: Values,
): Values {
  const before = (data: Float32Array, width: number, positions: readonly number[], own: Float32Array) => {
    positions.forEach((p, slot) => {
      if (p < past) data.set(own.subarray(slot * width, (slot + 1) * width), slot * width);
    });
    return data;
  };
  const acts: Values['acts'] = {};
  for (const { hook, F, positions } of reading.hooks) {
    const own = clean.values.acts[hook.name];
    const data = picked.get(hook.name)?.[r] ?? final.acts[hook.name]?.data;
    acts[hook.name] = data ? { data: before(data, F, positions[context], own.data), shape: own.shape } : own;
  }
  const values: Values = { acts };
  const wanted = reading.logits[context];
  if (final.logits && clean.values.logits) {
    const { data, shape } = final.logits;
    values.logits = { data: before(data, shape[1], wanted, clean.values.logits.data), shape };
  }
  return values;
}
