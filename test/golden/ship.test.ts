import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createNodeApi, diskFiles } from '../helpers/nodeEngine.ts';
const DIR = resolve(import.meta.dirname, '../../public/dictionaries/bookworm-9m');
it('ships', async () => {
  const list = JSON.parse(readFileSync('/tmp/ship.json', 'utf8')) as { folder: string; record: Record<string, number> }[];
  const [part, of] = (process.env.PART ?? '0/1').split('/').map(Number);
  const node = createNodeApi();
  await node.api.ready;
  const hash = node.api.model()!.hash;
  const raw = readFileSync('/work/shared/corpus/eval.u16');
  const ids = new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
  for (const { folder, record } of list.filter((_, i) => i % of === part)) {
    const t = Date.now();
    const files = diskFiles(resolve(DIR, folder), ['cfg.json', 'sae_weights.safetensors']);
    const [{ id }] = (await node.api.dictionaries.import(files)).dictionaries;
    const contexts = Array.from({ length: 200 }, (_, i) => [...ids.subarray(i * 256, (i + 1) * 256)]);
    const all = await node.api.evaluate(id, { ids: contexts.slice(100) });
    const first = await node.api.evaluate(id, { ids: contexts.slice(0, 100) });
    const density = Array.from(first.density, (d, i) => (d + all.density[i]) / 2);
    const figures = { l0: (first.l0 + all.l0) / 2, fvu: [first.fvu, all.fvu], mse: (first.mse + all.mse) / 2, ce_clean: first.ce_clean, ce_spliced: first.ce_spliced, ce_zero: first.ce_zero, ce_recovered: first.ce_recovered, kl: first.kl, l2_ratio: (first.l2_ratio + all.l2_ratio) / 2 };
    appendFileSync('/tmp/ship-figures.jsonl', JSON.stringify({ folder, hash, figures, density, record: { l0: record.l0, fvu: record.fvu, ce_spliced: record.ce_spliced, ce_zero: record.ce_zero, ce_clean: record.ce_clean }, s: (Date.now() - t) / 1000 }) + '\n');
    await node.api.dictionaries.remove(id);
  }
  node.close();
  expect(1).toBe(1);
}, 4_000_000);
