/** Every latent that fires in a prompt, at every position, taken out alone; and every reconstruction error. */
import type { CircuitNode } from '../../../api/causal.ts';
import { parseHook } from '../../../core/lm/hooks.ts';
import type { ContextBase } from './bases.ts';
import type { Measure } from './measure.ts';
import type { Meter } from './meter.ts';
import type { ChangedRow } from './rows.ts';
import { openRunner } from './runner.ts';
import { lastResidual } from './sets.ts';
import { dictionarySource, type Source } from './sources.ts';
import type { Placed } from './treeJob.ts';

/** Rows between two reports. */
const TOGETHER = 512;

interface NodesJob {
  base: ContextBase;
  dictionaries: readonly Placed[];
  measure: Measure;
  meter: Meter;
  /** Of the prompt as it is. */
  whole: number;
  onPart: (done: number, total: number, nodes: readonly CircuitNode[]) => void;
}

/** Those of dictionaries near the end first, since they cost least. @throws AbortedError; EngineError */
export async function measureNodes(job: NodesJob, n_layers: number): Promise<CircuitNode[]> {
  const { base, dictionaries, measure, meter, whole } = job;
  const to = parseHook(lastResidual(n_layers), n_layers);
  const D = base.entering[n_layers].length / base.ids.length;
  const nodes: CircuitNode[] = [];
  const all = dictionaries.toReversed().map((placed) => {
    const source = dictionarySource(placed, placed.hook, [base], undefined);
    return { placed, rows: rowsOf(source, placed.id, base) };
  });
  const total = all.reduce((sum, { rows }) => sum + rows.length, 0);
  meter.naive += total;
  for (const { placed, rows } of all) {
    const runner = await openRunner(meter.wayOf(placed.hook, to), [0]);
    for (let at = 0; at < rows.length; at += TOGETHER) {
      const some = rows.slice(at, at + TOGETHER);
      const felt = some.filter(({ row }) => runner.isFelt(row));
      const resid = new Float32Array(felt.length * D);
      await runner.run(
        felt.map(({ row }) => row),
        (r, values) => resid.set(values, r * D),
      );
      const measured = await measure(resid);
      felt.forEach(({ node }, i) => (node.effect = whole - measured[i]));
      for (const { node } of some) nodes.push(node);
      job.onPart(nodes.length, total, nodes);
    }
  }
  return nodes;
}

/** The nodes of a dictionary, their effects still 0, each with what taking it out changes. */
function rowsOf({ columns: [columns], vector, minusError }: Source, dictionary: string, { ids }: ContextBase) {
  const rows: { node: CircuitNode; row: ChangedRow }[] = [];
  for (const [latent, { positions, values }] of columns.byLatent) {
    const dec = vector(latent);
    positions.forEach((position, slot) => {
      const amount = -values[slot] * columns.scaleAt(position);
      const row: ChangedRow = {
        context: 0,
        positions: [position],
        along: { vector: dec, amounts: [amount] },
        addTo: (_, out) => addScaled(out, dec, amount),
      };
      rows.push({ node: { dictionary, latent, position, value: values[slot], effect: 0 }, row });
    });
  }
  const added = minusError!(0);
  const F = added.length / ids.length;
  for (let position = 0; position < ids.length; position++) {
    const own = added.subarray(position * F, (position + 1) * F);
    const value = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0));
    const row: ChangedRow = { context: 0, positions: [position], addTo: (_, out) => addScaled(out, own, 1) };
    rows.push({ node: { dictionary, latent: null, position, value, effect: 0 }, row });
  }
  return rows;
}

function addScaled(out: Float32Array, vector: Float32Array, amount: number): void {
  for (let i = 0; i < out.length; i++) out[i] += amount * vector[i];
}
