/**
 * Features that the paper names (Cunningham et al. 2023, section 5.1 and figure 4), found in the indices that ship: those
 * for a full stop, " the", a newline, a comma, an apostrophe, an opening bracket. docs/case-studies.md shows them.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openIndex, type OpenIndex } from '../../src/core/interp/featureIndex/indexFile.ts';
import type { FeatureRecord } from '../../src/core/interp/types.ts';
import { createTokenizer, type Tokenizer } from '../../src/engine/model/tokenizer.ts';

const PUBLIC = resolve(import.meta.dirname, '../../public');

interface Listed {
  id: string;
  index?: { path: string; bytes: number };
}

const listed = (JSON.parse(readFileSync(join(PUBLIC, 'dictionaries/index.json'), 'utf8')) as Listed[]).filter(({ index }) => index);
const indices: { id: string; index: OpenIndex }[] = [];
let tokenizer: Tokenizer;

beforeAll(async () => {
  const read = (name: string) => readFileSync(join(PUBLIC, 'models/bookworm-9m', name), 'utf8');
  tokenizer = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
  for (const { id, index } of listed) {
    indices.push({ id, index: await openIndex(new Blob([readFileSync(join(PUBLIC, index!.path))])) });
  }
});

it('ships with an index of every residual dictionary, of at most a megabyte each', () => {
  expect(listed.map(({ id }) => id).filter((id) => id.includes('hook_resid_post/r4'))).toHaveLength(12);
  for (const { index } of listed) expect(index!.bytes).toBeLessThanOrEqual(2 ** 20);
});

/** Share of the firings above half of the maximum that are on these tokens. */
function shareAbove({ by_bin, histogram, maximum }: FeatureRecord, ids: ReadonlySet<number>): number {
  const edges = histogram.edges.filter((_, i) => i % 5 === 0);
  const bins = [...edges.keys()].filter((b) => b < 10 && edges[b] >= maximum / 2 - 1e-9);
  const sum = (series: FeatureRecord['by_bin']) => series.reduce((all, { counts }) => all + bins.reduce((n, b) => n + counts[b], 0), 0);
  const all = sum(by_bin);
  return all > 0 ? sum(by_bin.filter(({ id }) => id !== null && ids.has(id))) / all : 0;
}

it.each([
  ['a full stop', ['.']],
  ['" the"', [' the']],
  ['a newline', ['\n', '\n\n']],
  ['a comma', [',']],
  // This tokenizer joins an apostrophe with what follows it.
  ['an apostrophe', ["'", "'s", "'t", "'ll", "'ve", "'re", "'d", "'m"]],
  ['an opening bracket', ['(', ' (']],
])('has a feature for %s: over 80 %% of what lies above half of its maximum is on that token', async (_, texts) => {
  const ids = new Set(
    texts
      .map((text) => tokenizer.encode(text))
      .filter((some) => some.length === 1)
      .map(([id]) => id),
  );
  expect(ids.size).toBeGreaterThan(0);
  const found: { id: string; latent: number; share: number; density: number }[] = [];
  for (const { id, index } of indices) {
    const { token, share, density } = index.summary;
    for (let latent = 0; latent < token.length; latent++) {
      if (!ids.has(token[latent]) || share[latent] < 0.3 || density[latent] * index.summary.tokens < 20) continue;
      const above = shareAbove(await index.record(latent), ids);
      if (above > 0.8) found.push({ id, latent, share: above, density: density[latent] });
    }
  }
  if (process.env.FEATURESCOPE_FOUND) console.log(found.sort((a, b) => b.density - a.density).slice(0, 12));
  expect(found.length).toBeGreaterThan(0);
});
