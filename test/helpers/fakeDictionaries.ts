/** Dictionaries of the fake api: sparse latents that depend on the token and the dictionary alone. */
import type { Array2 } from '../../src/api/model.ts';
import type { DictionaryInfo, Latents } from '../../src/api/dictionaries.ts';

const D_SAE = 1024;
const PER_TOKEN = 40;

export function fakeDictionaries(fits = true): DictionaryInfo[] {
  return Array.from({ length: 6 }, (_, layer) => ({
    id: `bookworm-9m/blocks.${layer}.hook_resid_post/r4`,
    label: `blocks.${layer}.hook_resid_post r4`,
    model: 'bookworm-9m',
    hook: `blocks.${layer}.hook_resid_post`,
    architecture: 'standard',
    d_in: 256,
    d_sae: D_SAE,
    source: 'built-in' as const,
    bytes: 2_107_566,
    hash: `sha256-${String(layer).repeat(64)}`,
    fits,
  }));
}

/** Makes `Latents` of lists of (latent, value), one list a token. */
export function sparse(tokens: [number, number][][], d_sae = D_SAE): Latents {
  const rows = new Uint32Array(tokens.length + 1);
  tokens.forEach((entries, t) => (rows[t + 1] = rows[t] + entries.length));
  const all = tokens.flat();
  const latents = Uint32Array.from(all, ([latent]) => latent);
  const values = Float32Array.from(all, ([, value]) => value);
  return { rows, latents, values, d_sae, lengths: [tokens.length] };
}

/** @param ids of tokens; the ones missing up to `rows` fire nothing */
export function fakeLatents(ids: readonly number[], seed: number, { rows }: { rows: number }): Latents {
  return sparse(Array.from({ length: rows }, (_, t) => (t < ids.length ? entriesOf(ids[t], t, seed) : [])));
}

function entriesOf(id: number, at: number, seed: number): [number, number][] {
  const entries = new Map<number, number>();
  for (let j = 0; entries.size < PER_TOKEN; j++) {
    // Some latents belong to the token, the rest wander with the position: lists look alive, and repeat.
    const latent = j % 2 === 0 ? (id * 31 + j * j * 17 + seed * 7) % 200 : (at * 53 + j * 29 + seed) % D_SAE;
    entries.set(latent, Math.fround(0.2 + ((id * 13 + j * 7 + latent) % 97) / (j < 6 ? 16 : 60)));
  }
  return [...entries].sort(([a], [b]) => a - b);
}

/** x with a tenth of it lost. */
export function fakeReconstruction({ data, shape }: Array2): Array2 {
  return { data: data.map((x) => x * 0.9), shape };
}

/** Three tokens: latent 2 peaks at once, 5 is wide, 7 fires once; the second token is silent. */
export function threeTokens(d_sae: number): Latents {
  return sparse(
    [
      [
        [2, 4],
        [5, 1.5],
      ],
      [],
      [
        [2, 0.5],
        [5, 3.5],
        [7, 4],
      ],
    ],
    d_sae,
  );
}
