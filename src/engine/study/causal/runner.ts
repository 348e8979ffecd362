/** Chooses the way from a hook to the target's, and gives each row what it comes to there. */
import type { BlockOutput } from '../../../core/lm/graphs.ts';
import type { Hook } from '../../../core/lm/hooks.ts';
import { disposeCache, forward } from '../../model/forward.ts';
import type { KeyValues } from '../../model/forwardJob.ts';
import { readKeys, rowOf, valuesAt, type ContextBase } from './bases.ts';
import { runBlocks } from './blocks.ts';
import { runInside } from './insideRows.ts';
import { runLastBlock } from './lastBlock.ts';
import type { ChangedRow, Deliver, Ground, Way } from './rows.ts';
import { entryOf, placeOf } from './sites.ts';
import type { Source } from './sources.ts';

/** Each site's value among the outputs of its block. */
const OUTPUTS: Partial<Record<Hook['site'], BlockOutput>> = {
  'ln1.hook_normalized': 'ln1',
  'ln2.hook_normalized': 'ln2',
  'attn.hook_v': 'v',
  'attn.hook_z': 'z',
  hook_attn_out: 'attn_out',
  'mlp.hook_pre': 'pre',
  'mlp.hook_post': 'post',
  hook_mlp_out: 'mlp_out',
  hook_resid_post: 'resid_post',
};

export interface Runner {
  /** By context; of those that were asked for. */
  grounds: readonly Ground[];
  /** Of what the grounds hold beside the clean values. */
  bytes: number;
  /** Whether the target sees anything of a row. */
  isFelt(row: ChangedRow): boolean;
  /** Rows that are felt. @throws AbortedError; EngineError */
  run(rows: readonly ChangedRow[], deliver: Deliver): Promise<void>;
}

/**
 * @param contexts those that rows will be of
 * @param without whose latents are off in the ground
 * @throws AbortedError; EngineError
 */
export async function openRunner(way: Way, contexts: readonly number[], without?: Source): Promise<Runner> {
  const { from, bases } = way;
  const entry = entryOf(from);
  const grounds: Ground[] = [];
  const runner = { grounds, bytes: 0 };
  for (const context of contexts) grounds[context] = cleanGround(way, bases[context]);
  const parts = { ...runner, ...partsOf(way, entry, grounds) };
  if (!without) return parts;
  for (const context of contexts) {
    const values = withoutLatents(grounds[context], without, context);
    grounds[context] = await groundOf(way, entry, grounds[context], values, context);
    parts.bytes += grounds[context].bytes;
  }
  if (entry === undefined) {
    // What the ground itself comes to is a row with nothing put back.
    const nothing = contexts.map((context): ChangedRow => ({ context, positions: [], addTo: () => {} }));
    await parts.run(nothing, (r, values) => (grounds[nothing[r].context].last = values.slice()));
  }
  return parts;
}

/** How rows run. */
function partsOf(way: Way, entry: number | undefined, grounds: Ground[]): Pick<Runner, 'isFelt' | 'run'> {
  const { to } = way;
  if (entry === undefined) {
    return { isFelt: () => true, run: (rows, deliver) => runInside(way, grounds, rows, deliver) };
  }
  const place = placeOf(to);
  const layer = place === undefined ? to.layer : place - 1;
  if (entry > layer) {
    const isLast = (row: ChangedRow) => row.positions.at(-1) === grounds[row.context].length - 1;
    return { isFelt: isLast, run: (rows, deliver) => Promise.resolve(addAlong(grounds, rows, deliver)) };
  }
  const output = OUTPUTS[to.site === 'hook_resid_pre' ? 'hook_resid_post' : to.site]!;
  if (entry === layer) return { isFelt: () => true, run: (rows, deliver) => runLastBlock(way, { layer, output, grounds }, rows, deliver) };
  const blocks = { first: entry, until: layer + 1, grounds, ...(place === undefined && { inside: to.name }) };
  return { isFelt: () => true, run: (rows, deliver) => runBlocks(way, blocks, rows, deliver) };
}

/** Where a change is added to what is read, no model is needed. */
function addAlong(grounds: readonly Ground[], rows: readonly ChangedRow[], deliver: Deliver): void {
  rows.forEach((row, r) => {
    const values = grounds[row.context].last.slice();
    row.addTo(row.positions.length - 1, values);
    deliver(r, values);
  });
}

function cleanGround({ from, to }: Way, base: ContextBase): Ground {
  const { length } = base.ids;
  const entry = entryOf(from);
  const values = entry === undefined ? valuesAt(base, from) : base.entering[entry];
  return { length, values, keys: base.keys, last: rowOf(valuesAt(base, to), length), bytes: 0 };
}

/** x − Σ c·dec at every position, the reconstruction error staying. [pos, F] */
function withoutLatents({ values, length }: Ground, source: Source, context: number): Float32Array {
  const out = values.slice();
  const F = values.length / length;
  const columns = source.columns[context];
  for (const [latent, { positions, values: c }] of columns.byLatent) {
    const dec = source.vector(latent);
    positions.forEach((p, slot) => {
      const amount = c[slot] * columns.scaleAt(p);
      for (let i = 0; i < F; i++) out[p * F + i] -= amount * dec[i];
    });
  }
  return out;
}

/** A text run on from other values at the hook, with what its rows go on from. */
async function groundOf(way: Way, entry: number | undefined, clean: Ground, values: Float32Array, context: number): Promise<Ground> {
  const { length } = clean;
  const place = placeOf(way.to);
  const until = place ?? way.to.layer + 1;
  if (entry === undefined) return { ...clean, values, bytes: values.byteLength };
  if (entry >= until) return { ...clean, values, last: rowOf(values, length), bytes: values.byteLength };
  const { model, stop } = way.machine;
  const cache: KeyValues = { length: 0, k: [], v: [] };
  let inside: Float32Array | undefined;
  way.onBatch(1, 0);
  const resid = await forward({
    model,
    at: { firstRow: 0, rows: 1, firstPos: 0, pos: length, lengths: [length] },
    ids: [way.bases[context].ids],
    edits: new Map(),
    reads: new Set(place === undefined ? [way.to.name] : []),
    onRead: (_, read) => (inside = read.slice()),
    from: { layer: entry, resid: values.slice() },
    until,
    cache,
    ...(stop && { stop }),
  });
  try {
    const keys = await readKeys(model, cache);
    const last = rowOf(inside ?? (await model.runtime.read(resid)), length).slice();
    const bytes = values.byteLength + keys.reduce((sum, one) => sum + (one ? one.k.byteLength + one.v.byteLength : 0), 0);
    return { length, values, keys, last, bytes };
  } finally {
    model.runtime.dispose(resid);
    disposeCache(model, cache);
  }
}
