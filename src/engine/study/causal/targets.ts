/** Reads what rows come to at a hook as activations of the targets there. */
import { encodeFew, isLatentAlone } from '../../../core/sae/fewLatents.ts';
import type { Dictionary } from '../../../core/sae/dictionary.ts';
import { valueOf } from '../../../core/sae/latents.ts';
import { encodeRows } from '../../model/encodeRows.ts';
import { rowOf, valuesAt, type ContextBase, type Machine } from './bases.ts';
import type { Hook } from '../../../core/lm/hooks.ts';

export interface Target {
  dictionary: Dictionary;
  latent: number;
}

/** @param x [n, F]. @returns [n, targets]. @throws AbortedError */
export async function readTargets(machine: Machine, targets: readonly Target[], x: Float32Array): Promise<Float64Array> {
  const [first] = targets;
  const n = x.length / first.dictionary.config.d_in;
  const out = new Float64Array(n * targets.length);
  for (const dictionary of new Set(targets.map((target) => target.dictionary))) {
    const own = [...targets.keys()].filter((t) => targets[t].dictionary === dictionary);
    const values = await readLatents(
      machine,
      dictionary,
      own.map((t) => targets[t].latent),
      x,
    );
    for (let r = 0; r < n; r++) own.forEach((t, slot) => (out[r * targets.length + t] = values[r * own.length + slot]));
  }
  return out;
}

/** [n, latents] */
async function readLatents(
  { engine, stop }: Machine,
  dictionary: Dictionary,
  latents: readonly number[],
  x: Float32Array,
): Promise<Float64Array> {
  if (isLatentAlone(dictionary)) return encodeFew(dictionary, x, latents);
  const codes = await encodeRows(engine, dictionary, x, stop);
  const n = codes.rows.length - 1;
  return Float64Array.from({ length: n * latents.length }, (_, i) =>
    valueOf(codes, Math.floor(i / latents.length), latents[i % latents.length]),
  );
}

/** Clean activations at the last token of each context. [contexts][targets] */
export async function cleanTargets(
  machine: Machine,
  targets: readonly Target[],
  hook: Hook,
  bases: readonly ContextBase[],
): Promise<Float64Array[]> {
  const out: Float64Array[] = [];
  for (const base of bases) out.push(await readTargets(machine, targets, rowOf(valuesAt(base, hook), base.ids.length)));
  return out;
}
