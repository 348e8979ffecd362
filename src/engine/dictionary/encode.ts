/** Latents of text or of given activations, in pieces that let messages in between. */
import { UsageError, type Stop } from '../../core/errors.ts';
import { assertArray2 } from '../../core/lm/numbers.ts';
import { hookWidth, parseHook } from '../../core/lm/hooks.ts';
import type { Array2 } from '../../api/model.ts';
import type { Latents } from '../../api/dictionaries.ts';
import { tokenWindows } from '../../core/lm/windows.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { run, type Rows } from '../model/run.ts';
import { encodeRows } from '../model/encodeRows.ts';

/** Windows of long text run in one batch. */
const WINDOWS_AT_ONCE = 8;

/** Rows of activations [n, d_in] and how many belong to each text. */
export interface Activations {
  data: Float32Array;
  lengths: number[];
}

/** @throws UsageError unless acts is [n, d_in] of the dictionary */
export function checkActs(acts: Array2, { config }: Dictionary): Activations {
  assertArray2(acts, 'acts');
  if (acts.shape.length !== 2 || acts.shape[1] !== config.d_in) {
    throw new UsageError(`\`acts\` has shape [${acts.shape.join(', ')}], but this dictionary reads [n, ${config.d_in}].`);
  }
  const bad = acts.data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new UsageError(`\`acts\` holds ${acts.data[bad]} at ${bad}; every number must be finite.`);
  return { data: acts.data, lengths: [acts.shape[0]] };
}

/**
 * Whether a model has what the dictionary reads.
 * @returns '' or the sentence that says what is missing
 */
export function misfit({ config }: Dictionary, model: Pick<HookedModel, 'config'>): string {
  if (!config.hook_name) return 'The dictionary does not say which hook it reads; give it activations with { acts }.';
  try {
    const hook = parseHook(config.hook_name, model.config.n_layers);
    if (hook.site === 'attn.hook_pattern') return 'No dictionary reads attention patterns.';
    const width = hookWidth(hook.site, model.config);
    if (width === config.d_in) return '';
    return `The dictionary reads ${config.d_in} numbers for each token of ${hook.name}, but this model has ${width} there.`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The hook's activations for every token, text longer than the context in windows. @throws UsageError */
export async function readActivations(model: HookedModel, rows: Rows, dictionary: Dictionary, stop?: Stop): Promise<Activations> {
  const problem = misfit(dictionary, model);
  if (problem) throw new UsageError(problem);
  const hook = dictionary.config.hook_name!;
  const d = dictionary.config.d_in;
  const lengths = rows.ids.map((ids) => ids.length);
  const data = new Float32Array(lengths.reduce((a, b) => a + b, 0) * d);
  let offset = 0;
  for (const ids of rows.ids) {
    const windows = tokenWindows(ids.length, model.config.n_ctx);
    if (windows.length === 0) throw new UsageError('The text has no tokens; the model needs at least one.');
    for (let first = 0; first < windows.length; first += WINDOWS_AT_ONCE) {
      const some = windows.slice(first, first + WINDOWS_AT_ONCE);
      const batch = some.map(({ start, end }) => ids.slice(start, end));
      const { acts } = await run(model, { ids: batch, isBatch: true }, { read: [hook] }, stop);
      const values = acts[hook].data;
      const longest = Math.max(...batch.map((b) => b.length));
      some.forEach(({ start, end, keepFrom }, w) => {
        const from = (w * longest + keepFrom - start) * d;
        data.set(values.subarray(from, from + (end - keepFrom) * d), (offset + keepFrom) * d);
      });
    }
    offset += ids.length;
  }
  return { data, lengths };
}

/** @throws AbortedError between pieces */
export async function encodeActivations(
  engine: SaeEngine,
  dictionary: Dictionary,
  { data, lengths }: Activations,
  stop?: Stop,
): Promise<Latents> {
  return { ...(await encodeRows(engine, dictionary, data, stop)), lengths };
}
