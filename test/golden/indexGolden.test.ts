/** The index of features against PyTorch: values of the golden texts; FEATURESCOPE_EVAL=eval.u16 counts 51,200 tokens too. */
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openIndex, writeIndex, type IndexPart } from '../../src/core/interp/featureIndex/indexFile.ts';
import { createSampleColumns } from '../../src/core/interp/featureIndex/sample.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import { openModelFolder, readIds } from '../../src/engine/node/engine.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { cutWindows } from '../../src/engine/study/featureIndex.ts';
import { buildParts, identityOf, startPart } from '../../src/engine/study/indexBuild.ts';
import { readAblations, type Ablation } from '../helpers/ablation.ts';
import type { Place } from '../helpers/bruteIndex.ts';
import { openShipped } from '../helpers/candidates.ts';
import { createNodeEngine } from '../helpers/kernels.ts';
import { expectNear } from '../helpers/nearIndex.ts';
import { createNodeRuntime } from '../helpers/nodeEngine.ts';

const EVAL = process.env.FEATURESCOPE_EVAL;
const EVAL_TOKENS = 51_200;
/** Stated in test/fixtures/interp/README.md; no pre-activation of the golden texts is nearer to 0. */
const TOLERANCE = 1e-4;

const ablations = readAblations();
const folderOf = ({ dictionary }: Ablation) => dictionary.replace('blocks.', '').replace(/(\d+)\.hook_(\w+)\/(.*)/, '$2_$1_$3');

let model: HookedModel;
let dictionaries: Map<string, Dictionary>;
beforeAll(async () => {
  ({ model } = await openModelFolder(createNodeRuntime(), join(resolve(import.meta.dirname, '../../public'), 'models/bookworm-9m')));
  dictionaries = await openShipped(...ablations.map(folderOf));
});

/** One pass for the dictionaries of some ablations. End-of-text tokens are read like others, as the goldens have them. */
async function build(subjects: readonly Ablation[], documents: Uint16Array[]): Promise<IndexPart[]> {
  const windows = cutWindows(documents, model.config.n_ctx, Infinity);
  const total = windows.reduce((sum, { length }) => sum + length, 0);
  const text = { name: 'golden', ids: documents[0], hash: 'h' };
  const plan = { documents, windows, total, text, shard: 0, shards: 1 };
  const parts = subjects.map((ablation) => {
    const dictionary = dictionaries.get(folderOf(ablation))!;
    return { dictionary, part: startPart(plan, identityOf(plan, model, dictionary, 'd'), dictionary) };
  });
  await buildParts({ model, engine: createNodeEngine(), plan, subjects: parts });
  return parts.map(({ part }) => part);
}

const recordOf = async ({ identity, state }: IndexPart, latent: number) => (await openIndex(writeIndex(identity, state))).record(latent);

/** The golden values; a latent that is off has no stated pre-activation. */
function goldenPlaces({ ids, values }: Ablation): Place[] {
  return ids.flatMap((text, document) => {
    const own = [...values.subarray(48 * document, 48 * (document + 1))];
    const place = (_: number, at: number) => ({ place: at, position: at, fires: own[at] > 0, value: own[at] || -Infinity });
    return text.map((id, at) => ({ document, ids: text, values: own, ...place(id, at) }));
  });
}

it.each(ablations)('feature $latent of $dictionary in its 8 texts is what PyTorch’s values say', async (ablation) => {
  const { ids, latent } = ablation;
  const [part] = await build(
    [ablation],
    ids.map((text) => Uint16Array.from(text)),
  );
  const places = goldenPlaces(ablation);
  const record = await recordOf(part, latent);
  // Nothing is near enough to 0 to be off here and on there.
  expect(expectNear({ record, places, latent, tolerance: TOLERANCE })).toBe(0);
  expect(record.top.length).toBeGreaterThan(5);
});

describe.skipIf(!EVAL)(`over ${EVAL_TOKENS} tokens of the evaluation corpus`, () => {
  let parts: IndexPart[];
  beforeAll(async () => {
    parts = await build(ablations, [readIds(EVAL!).subarray(0, EVAL_TOKENS)]);
  }, 1_200_000);

  it.each(ablations.map((ablation, i) => ({ ...ablation, i })))(
    'feature $latent of $dictionary has the density, maximum, mean, tokens and histogram of PyTorch',
    async ({ i, latent, density, maximum, mean, histogram, fires_on }) => {
      const record = await recordOf(parts[i], latent);
      const firings = record.density * EVAL_TOKENS;
      // One value may be within rounding of 0.
      expect(Math.abs(firings - density * EVAL_TOKENS)).toBeLessThanOrEqual(1);
      expect(Math.abs(record.maximum - maximum)).toBeLessThan(TOLERANCE);
      expect(Math.abs(record.mean * record.density - mean)).toBeLessThan(1e-5);
      const sums = Object.entries(histogram.counts).map(([id, counts]) => [id, counts.reduce((a, b) => a + b, 0)] as const);
      for (const [id, count] of sums.filter(([id]) => id !== 'other')) {
        const found = record.firing.find((token) => token.id === Number(id))?.count ?? 0;
        expect(Math.abs(found - count), id).toBeLessThanOrEqual(1);
      }
      for (const [id, , count] of fires_on) expect(record.firing.find((token) => token.id === id)!.count).toBeGreaterThanOrEqual(count);
      expectBins(parts[i], latent, histogram);
    },
  );
});

/** The fixture's edges are not the index's, so what lies below each is compared, in bins that are fine. */
function expectBins({ state }: IndexPart, latent: number, { edges, counts }: Ablation['histogram']): void {
  const fine = state.fine.of(latent);
  const width = 2 ** state.fine.exponents[latent];
  const below = (edge: number) => fine.subarray(0, Math.max(0, Math.floor(edge / width))).reduce((a, b) => a + b, 0);
  let wanted = 0;
  edges.slice(1).forEach((edge, b) => {
    for (const series of Object.values(counts)) wanted += series[b];
    expect(wanted, `below ${edge}`).toBeGreaterThanOrEqual(below(edge - TOLERANCE) - 1);
    expect(wanted, `below ${edge}`).toBeLessThanOrEqual(below(edge + TOLERANCE + width) + 1);
  });
  // All values are at hand where no more fired than samples keep; then tokens by bin can be counted, too.
  const sample = createSampleColumns(state.samples[latent].size);
  state.samples[latent].writeTo(sample, 0);
  if (state.counts[latent] > sample.values.length) return;
  const last = edges.length - 2;
  const binOf = (value: number) => Math.min(last, Math.floor(value / edges[1]));
  for (const [id, series] of Object.entries(counts)) {
    const isOwn = (token: number) => (id === 'other' ? !(String(token) in counts) : String(token) === id);
    const found = new Array<number>(last + 1).fill(0);
    sample.values.forEach((value, e) => isOwn(sample.tokens[e]) && found[binOf(value)]++);
    found.forEach((count, b) => expect(Math.abs(count - series[b]), `${id}, bin ${b}`).toBeLessThanOrEqual(1));
  }
}
