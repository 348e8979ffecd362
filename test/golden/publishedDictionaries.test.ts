/** The field's published formats through the scripting interface: opening, choosing among several, exporting, refusing. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Array2 } from '../../src/api/model.ts';
import type { DictionaryInfo, ExportFormat, Latents } from '../../src/api/dictionaries.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/dictionaries');

interface Golden {
  x: number[][];
  f: number[][];
  xhat: number[][];
}
interface Fixture {
  folder: string;
  golden: string;
  files: string[];
  format: string;
}

const { fixtures } = JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8')) as { fixtures: Fixture[] };
const FOREIGN = fixtures.filter(({ format }) => !format.startsWith('saelens'));
const readGolden = ({ folder, golden }: Fixture) =>
  JSON.parse(readFileSync(join(FIXTURES, folder, golden), 'utf8')) as Golden & { dicts?: Golden[] };

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

const array2 = (rows: number[][]): Array2 => ({ data: Float32Array.from(rows.flat()), shape: [rows.length, rows[0].length] });

function dense({ rows, latents, values, d_sae }: Latents): number[] {
  const flat = new Array<number>((rows.length - 1) * d_sae).fill(0);
  for (let r = 0; r < rows.length - 1; r++) for (let i = rows[r]; i < rows[r + 1]; i++) flat[r * d_sae + latents[i]] = values[i];
  return flat;
}

/** fixtures/README.md: |a − b| ≤ 1e-5 + 1e-5|b|. */
function expectWithin(actual: ArrayLike<number>, golden: number[]): void {
  const worst = Math.max(...golden.map((b, i) => Math.abs(actual[i] - b) / (1e-5 + 1e-5 * Math.abs(b))));
  expect(worst).toBeLessThanOrEqual(1);
}

async function expectNumbers({ id }: DictionaryInfo, x: number[][], { f, xhat }: Golden): Promise<void> {
  const acts = array2(x);
  const latents = await node.api.encode({ acts }, id);
  expectWithin(dense(latents), f.flat());
  expectWithin((await node.api.decode(id, latents, { x: acts })).data, xhat.flat());
  expectWithin((await node.api.reconstruct({ acts }, id)).data, xhat.flat());
}

describe.each(FOREIGN.map((fixture) => ({ name: join(fixture.folder, fixture.golden), fixture })))('$name', ({ fixture }) => {
  it('is found, opened, computed and described; what it can be exported as opens again with the same numbers', async () => {
    const golden = readGolden(fixture);
    const files = diskFiles(join(FIXTURES, fixture.folder), fixture.files);
    const { found } = await node.api.dictionaries.inspect(files);
    const { dictionaries } = await node.api.dictionaries.import(files);
    const wanted = golden.dicts ?? [golden];
    expect(found.map(({ name }) => name)).toHaveLength(wanted.length);
    // Two of a sweep may hold the same tensors, and then are one.
    for (const [i, { name }] of found.entries()) {
      const info = dictionaries.find(({ label }) => label === name);
      if (!info) continue;
      await expectNumbers(info, golden.x, wanted[i]);
      const { exports, notes } = await node.api.dictionaries.card(info.id);
      expect(notes.length).toBeGreaterThan(0);
      for (const { format, obstacle } of exports) {
        if (obstacle) await expect(node.api.dictionaries.export(info.id, format)).rejects.toThrow(obstacle);
      }
      // The same tensors have the same id, so what is opened again may take this one's place.
      for (const { format } of exports.filter(({ obstacle }) => obstacle === '')) {
        await expectNumbers(await reopened(info.id, format), golden.x, wanted[i]);
      }
    }
    for (const { id } of await node.api.dictionaries.list()) if (id.startsWith('sha256-')) await node.api.dictionaries.remove(id);
  });
});

async function reopened(id: string, format: ExportFormat): Promise<DictionaryInfo> {
  const zip = unzipSync(new Uint8Array(await (await node.api.dictionaries.export(id, format)).arrayBuffer()));
  const files = Object.entries(zip).map(([path, bytes]) => ({ path, data: new Blob([new Uint8Array(bytes)]) }));
  const { dictionaries } = await node.api.dictionaries.import(files);
  expect(dictionaries).toHaveLength(1);
  return dictionaries[0];
}

it('of several in one file those chosen are opened', async () => {
  const files = diskFiles(join(FIXTURES, 'sparse_coding/tied'), ['learned_dicts.pt']);
  const { dictionaries } = await node.api.dictionaries.import(files, { pick: [4] });
  expect(dictionaries.map(({ architecture }) => architecture)).toEqual(['standard']);
  await node.api.dictionaries.remove(dictionaries[0].id);
});

it('a format that does not exist is refused in a sentence', async () => {
  const wrong = node.api.dictionaries.export('bookworm-9m/blocks.3.hook_resid_post/r4-a0.004', 'keras' as never);
  await expect(wrong).rejects.toThrow("Dictionaries are exported as 'saelens', 'dictionary_learning', 'sparsify'.");
});

it('what runs code is refused, and nothing was added', async () => {
  const before = await node.api.dictionaries.list();
  const files = diskFiles(join(FIXTURES, 'evil/pt-os-system'), ['ae.pt', 'config.json']);
  await expect(node.api.dictionaries.import(files)).rejects.toThrow(/asks for os\.system/);
  expect(await node.api.dictionaries.list()).toEqual(before);
});
