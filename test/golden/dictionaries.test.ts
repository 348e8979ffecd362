/** Dictionaries through the scripting interface: encoding, reconstruction, edits, import and export. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Array2, Edit } from '../../src/api/model.ts';
import type { DictionaryInfo, Latents } from '../../src/api/dictionaries.ts';
import { explainWindow } from '../../src/core/sae/explained.ts';
import { relativeToTolerance } from '../helpers/goldens.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/dictionaries/saelens-v6');
const LAYER_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';
const HOOK_3 = 'blocks.3.hook_resid_post';
const TEXT = 'The old man looked at the sea and said that the wind had changed.';

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

interface Golden {
  x: number[][];
  f: number[][];
  xhat: number[][];
  files: Record<string, unknown>;
}

const array2 = (rows: number[][]): Array2 => ({ data: Float32Array.from(rows.flat()), shape: [rows.length, rows[0].length] });

function dense({ rows, latents, values, d_sae }: Latents): number[][] {
  return Array.from({ length: rows.length - 1 }, (_, r) => {
    const row = new Array<number>(d_sae).fill(0);
    for (let i = rows[r]; i < rows[r + 1]; i++) row[latents[i]] = values[i];
    return row;
  });
}

/** fixtures/README.md: |a − b| ≤ 1e-5 + 1e-5|b|. */
function expectWithin(actual: number[], golden: number[]): void {
  const worst = Math.max(...golden.map((b, i) => Math.abs(actual[i] - b) / (1e-5 + 1e-5 * Math.abs(b))));
  expect(worst).toBeLessThanOrEqual(1);
}

async function importFolder(folder: string): Promise<DictionaryInfo> {
  const { files } = JSON.parse(readFileSync(join(FIXTURES, folder, 'golden.json'), 'utf8')) as Golden;
  const { dictionaries } = await node.api.dictionaries.import(diskFiles(join(FIXTURES, folder), Object.keys(files)));
  expect(dictionaries).toHaveLength(1);
  return dictionaries[0];
}

describe.each(readdirSync(FIXTURES))('the SAELens folder %s', (folder) => {
  const golden = JSON.parse(readFileSync(join(FIXTURES, folder, 'golden.json'), 'utf8')) as Golden;

  it('gives the golden latents and reconstruction of given activations', async () => {
    const { id } = await importFolder(folder);
    const acts = array2(golden.x);
    const latents = await node.api.encode({ acts }, id);
    expectWithin(dense(latents).flat(), golden.f.flat());
    const needsX = folder.includes('skip');
    expectWithin([...(await node.api.decode(id, latents, needsX ? { x: acts } : {})).data], golden.xhat.flat());
    expectWithin([...(await node.api.reconstruct({ acts }, id)).data], golden.xhat.flat());
    await node.api.dictionaries.remove(id);
  });

  it('is exported with the tensors that came in, byte for byte', async () => {
    const { id } = await importFolder(folder);
    const zip = unzipSync(new Uint8Array(await (await node.api.dictionaries.export(id, 'saelens')).arrayBuffer()));
    const weights = Object.entries(zip).find(([path]) => path.endsWith('sae_weights.safetensors'))![1];
    expect(Buffer.from(weights).equals(readFileSync(join(FIXTURES, folder, 'sae_weights.safetensors')))).toBe(true);
    await node.api.dictionaries.remove(id);
  });
});

describe('the library', () => {
  it('lists those that ship, which fit the model that ships, and forgets what is removed', async () => {
    const shipped = await node.api.dictionaries.list();
    expect(shipped.filter((d) => d.fits && d.source === 'built-in')).toHaveLength(26);
    const { id } = await importFolder('standard');
    expect((await importFolder('standard')).id).toBe(id);
    const listed = await node.api.dictionaries.list();
    expect(listed.at(-1)).toMatchObject({ id, fits: false, source: 'files' });
    await node.api.dictionaries.remove(id);
    expect(await node.api.dictionaries.list()).toEqual(shipped);
  });

  it('refuses in sentences, and stays as it was', async () => {
    const { api } = node;
    await expect(api.encode({ text: TEXT }, 'nothing')).rejects.toThrow(/no dictionary called "nothing"/);
    await expect(api.encode({ acts: array2([[1, 2]]) }, LAYER_3)).rejects.toThrow(/reads \[n, 256\]/);
    await expect(api.dictionaries.remove(LAYER_3)).rejects.toThrow(/ships with the page/);
    await expect(api.dictionaries.vectors(LAYER_3, 99_999)).rejects.toThrow(/has 1024/);
    await expect(api.dictionaries.import([{ path: 'notes.txt', data: new Blob(['hello']) }])).rejects.toThrow(/\.$/);
    const { id } = await importFolder('standard');
    await expect(api.encode({ text: TEXT }, id)).rejects.toThrow(/\.$/);
    await api.dictionaries.remove(id);
    expect(await api.dictionaries.list()).toHaveLength(26);
  });
});

describe('the dictionary of block 3', () => {
  it('encodes text as it encodes the activations read there', async () => {
    const { acts } = await node.api.run({ text: TEXT }, { read: [HOOK_3] });
    expect(await node.api.encode({ text: TEXT }, LAYER_3)).toEqual(await node.api.encode({ acts: acts[HOOK_3] }, LAYER_3));
  });

  it('explains most of the variance of the residual', async () => {
    const { acts } = await node.api.run({ text: TEXT.repeat(4) }, { read: [HOOK_3] });
    const { data: x, shape } = acts[HOOK_3];
    const { data: xhat } = await node.api.reconstruct({ text: TEXT.repeat(4) }, LAYER_3);
    const [n, d] = shape;
    let residual = 0;
    let total = 0;
    for (let i = 0; i < d; i++) {
      let mean = 0;
      for (let r = 0; r < n; r++) mean += x[r * d + i] / n;
      for (let r = 0; r < n; r++) {
        residual += (x[r * d + i] - xhat[r * d + i]) ** 2;
        total += (x[r * d + i] - mean) ** 2;
      }
    }
    expect(1 - residual / total).toBeGreaterThan(0.6);
  });

  it('takes long text in windows; every token of the first is as without them', async () => {
    const { ids } = await node.api.tokenize(TEXT.repeat(40));
    expect(ids.length).toBeGreaterThan(500);
    const whole = await node.api.encode({ ids }, LAYER_3);
    expect(whole.rows).toHaveLength(ids.length + 1);
    const first = dense(await node.api.encode({ ids: ids.slice(0, 256) }, LAYER_3)).flat();
    expect(relativeToTolerance(dense(whole).slice(0, 256).flat(), first, 1e-4)).toBeLessThanOrEqual(1);
    // Token 300 is kept from the window that starts at 192.
    const second = dense(await node.api.encode({ ids: ids.slice(192, 448) }, LAYER_3));
    expect(relativeToTolerance(dense(whole)[300], second[300 - 192], 1e-4)).toBeLessThanOrEqual(1);
  });

  it('gives features in one call as encoding, reading and reconstructing give them in three', async () => {
    const { ids } = await node.api.tokenize(TEXT.repeat(3));
    for (const skip of [0, 5]) {
      const { acts } = await node.api.run({ ids }, { read: [HOOK_3] });
      const x = { data: acts[HOOK_3].data.slice(skip * 256), shape: [ids.length - skip, 256] };
      const latents = await node.api.encode({ acts: x }, LAYER_3);
      const xhat = await node.api.reconstruct({ acts: x }, LAYER_3);
      const features = await node.api.features({ ids }, LAYER_3, { skip });
      expect(features).toEqual({ ...latents, explained: explainWindow(x.data, xhat.data, ids.length - skip) });
    }
    const { explained: _, ...latents } = await node.api.features({ text: TEXT }, LAYER_3);
    expect(latents).toEqual(await node.api.encode({ text: TEXT }, LAYER_3));
  });

  it('refuses to skip what is not there', async () => {
    const { api } = node;
    const { length } = (await api.tokenize(TEXT)).ids;
    await expect(api.features({ text: TEXT }, LAYER_3, { skip: length })).rejects.toThrow(/`skip` must be a whole number below the/);
    await expect(api.features({ text: TEXT }, LAYER_3, { skip: -1 })).rejects.toThrow(/`skip` must be/);
    await expect(api.features({ batch: [[1, 2], [3]] }, LAYER_3, { skip: 1 })).rejects.toThrow(/for one text, not a batch/);
    await expect(api.features({ text: TEXT }, 'nothing')).rejects.toThrow(/no dictionary called "nothing"/);
  });

  it('a batch gives its rows one after the other', async () => {
    const [a, b] = await Promise.all(['The cat sat', 'A dog ran away from the man'].map((text) => node.api.tokenize(text)));
    const both = await node.api.encode({ batch: [a.ids, b.ids] }, LAYER_3);
    expect(both.lengths).toEqual([a.ids.length, b.ids.length]);
    const alone = [...dense(await node.api.encode(a, LAYER_3)), ...dense(await node.api.encode(b, LAYER_3))];
    expect(relativeToTolerance(dense(both).flat(), alone.flat(), 1e-4)).toBeLessThanOrEqual(1);
  });
});

describe('edits through a dictionary', () => {
  /** The latent with the largest value of a text, and its values. */
  async function strongest() {
    const latents = await node.api.encode({ text: TEXT }, LAYER_3);
    const at = latents.values.indexOf(Math.max(...latents.values));
    const latent = latents.latents[at];
    return { latent, values: dense(latents).map((row) => row[latent]) };
  }

  it('an ablated latent reads 0', async () => {
    const { latent, values } = await strongest();
    const edits = [{ dictionary: LAYER_3, latent, op: 'ablate' as const }];
    const { acts } = await node.api.run({ text: TEXT }, { read: [HOOK_3], edits });
    const after = dense(await node.api.encode({ acts: acts[HOOK_3] }, LAYER_3)).map((row) => row[latent]);
    expect(Math.max(...values)).toBeGreaterThan(1);
    expect(Math.max(...after)).toBeLessThan(1e-4 * Math.max(...values));
  });

  it.each([
    { op: 'ablate' as const, value: undefined, change: (c: number) => -c },
    { op: 'scale' as const, value: 3, change: (c: number) => 2 * c },
    { op: 'set' as const, value: 5, change: (c: number) => 5 - c },
    { op: 'add' as const, value: -2, change: () => -2 },
  ])('$op equals setting the hook by hand', async ({ op, value, change }) => {
    const { latent, values } = await strongest();
    const { dec } = await node.api.dictionaries.vectors(LAYER_3, latent);
    const { acts } = await node.api.run({ text: TEXT }, { read: [HOOK_3] });
    const { data, shape } = acts[HOOK_3];
    const byHand = data.map((x, i) => x + change(values[Math.floor(i / shape[1])]) * dec[i % shape[1]]);
    const edits = [{ dictionary: LAYER_3, latent, op, ...(value !== undefined && { value }) }];
    const edited = await node.api.run({ text: TEXT }, { read: [HOOK_3], edits, logits: 'all' });
    const set = [{ hook: HOOK_3, op: 'set' as const, value: { data: byHand, shape } }];
    const wanted = await node.api.run({ text: TEXT }, { read: [HOOK_3], edits: set, logits: 'all' });
    expect(relativeToTolerance(edited.acts[HOOK_3].data, byHand, 1e-4)).toBeLessThanOrEqual(1);
    expect(relativeToTolerance(edited.logits!.data, wanted.logits!.data, 1e-4)).toBeLessThanOrEqual(1);
  });

  it('several read the activation as it arrives and add up, after the hook edits, at their positions only', async () => {
    const { latent, values } = await strongest();
    const { dec } = await node.api.dictionaries.vectors(LAYER_3, latent);
    const vector = new Float32Array(256).fill(0.5);
    const edits = [
      { dictionary: LAYER_3, latent, op: 'ablate' as const, positions: [2, 5] },
      { hook: HOOK_3, op: 'add' as const, vector },
      { dictionary: LAYER_3, latent, op: 'add' as const, value: 4, positions: [5] },
    ];
    const { acts } = await node.api.run({ text: TEXT }, { read: [HOOK_3] });
    const { data, shape } = acts[HOOK_3];
    const amount = (p: number) => (p === 2 || p === 5 ? -values[p] : 0) + (p === 5 ? 4 : 0);
    const wanted = data.map((x, i) => x + 0.5 + amount(Math.floor(i / shape[1])) * dec[i % shape[1]]);
    const edited = await node.api.run({ text: TEXT }, { read: [HOOK_3], edits });
    expect(relativeToTolerance(edited.acts[HOOK_3].data, wanted, 1e-4)).toBeLessThanOrEqual(1);
  });

  it('act in predict', async () => {
    const { latent } = await strongest();
    const edits = [{ dictionary: LAYER_3, latent, op: 'scale' as const, value: -2 }];
    const { comparison } = await node.api.predict({ text: TEXT }, { k: 3, edits });
    expect(Math.max(...comparison!.kl)).toBeGreaterThan(1e-3);
  });

  it.each([
    { op: 'ablate' as const },
    { op: 'scale' as const, value: -1 },
    { op: 'set' as const, value: 6 },
    { op: 'add' as const, value: 5 },
    { op: 'splice' as const },
  ])('$op everywhere gives the 20 tokens in generation with a cache that it gives without one', async (change) => {
    const { latent } = await strongest();
    const edit = { dictionary: LAYER_3, ...(change.op === 'splice' ? change : { ...change, latent }) };
    const prompt = (await node.api.tokenize(TEXT)).ids;
    const generate = async (edits: Edit[]) => (await node.api.generate({ ids: prompt }, { tokens: 20, edits })).ids;
    const slowly = [...prompt];
    for (let i = 0; i < 20; i++) {
      const { logits } = await node.api.run({ ids: slowly }, { edits: [edit], logits: 'last' });
      const [first, second] = [...logits!.data].sort((a, b) => b - a);
      // A closer call could go either way by rounding and would prove nothing; none of these texts has one.
      expect(first - second).toBeGreaterThan(5e-5);
      slowly.push(logits!.data.indexOf(first));
    }
    expect(await generate([edit])).toEqual(slowly.slice(prompt.length));
    // At the new tokens it acts as well.
    expect(await generate([{ ...edit, positions: prompt.map((_, p) => p) }])).not.toEqual(slowly.slice(prompt.length));
  });

  it('a patch gives many latents values at once, as one `set` for each latent and position would', async () => {
    const { ids } = await node.api.tokenize(TEXT);
    const latents = [(await strongest()).latent, 3, 700, 41];
    const data = Float32Array.from({ length: latents.length * ids.length }, (_, i) => (i * 7) % 5);
    const patch = { dictionary: LAYER_3, op: 'patch' as const, latents, values: { data, shape: [latents.length, ids.length] } };
    const sets = latents.flatMap((latent, i) =>
      ids.map((_, p) => ({ dictionary: LAYER_3, latent, op: 'set' as const, value: data[i * ids.length + p], positions: [p] })),
    );
    const run = (edits: Edit[]) => node.api.run({ text: TEXT }, { read: [HOOK_3], edits, logits: 'last' });
    expect(await run([patch])).toEqual(await run(sets));
    expect((await run([patch])).acts[HOOK_3].data).not.toEqual((await run([])).acts[HOOK_3].data);
    // One value for each latent holds at every position, and in generation at every new one.
    const constant = { ...patch, values: { data: Float32Array.of(9, 1, 2, 3), shape: [latents.length] } };
    const set = latents.map((latent, i) => ({ dictionary: LAYER_3, latent, op: 'set' as const, value: constant.values.data[i] }));
    expect(await run([constant])).toEqual(await run(set));
    const generate = (edits: Edit[]) => node.api.generate({ ids }, { tokens: 6, edits });
    expect(await generate([constant])).toEqual(await generate(set));
    await expect(run([{ ...patch, latents: [0, 1, 2, 1024] }])).rejects.toThrow(/`latents` holds 1024, but the dictionary has 1024/);
  });

  it('are refused in sentences', async () => {
    const wrong = (edit: object) => node.api.run({ text: TEXT }, { edits: [edit as never], logits: 'last' });
    await expect(wrong({ dictionary: 'nope', latent: 0, op: 'ablate' })).rejects.toThrow(/no dictionary called/);
    await expect(wrong({ dictionary: LAYER_3, latent: 5000, op: 'ablate' })).rejects.toThrow(/has 1024/);
    await expect(wrong({ dictionary: LAYER_3, latent: 1, op: 'set' })).rejects.toThrow(/finite number/);
    await expect(wrong({ dictionary: LAYER_3, latent: 1, op: 'grow', value: 1 })).rejects.toThrow(/not one of/);
  });
});
