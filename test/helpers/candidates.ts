/** Candidate edits of every kind, and the texts and dictionaries they are tried on. */
import { join } from 'node:path';
import type { Edit } from '../../src/api/model.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { Candidate } from '../../src/engine/study/candidates.ts';
import { dropFolder } from '../unit/sae/helpers.ts';

const DICTIONARIES = join(import.meta.dirname, '../../public/dictionaries/bookworm-9m');

/** Dictionaries that ship with the page, by folder. */
export async function openShipped(...folders: string[]): Promise<Map<string, Dictionary>> {
  const open = async (folder: string) => {
    const { dictionaries } = await openDictionaryFiles(dropFolder(join(DICTIONARIES, folder), `${folder}/`));
    return [folder, await readDictionary(dictionaries[0])] as const;
  };
  return new Map(await Promise.all(folders.map(open)));
}

export const BLOCK_2 = 'resid_post_2_r4-a0.004';
export const BLOCK_3 = 'resid_post_3_r4-a0.004';

/** `count` texts of random ids, of these lengths in turn. */
export function randomTexts(seed: number, count: number, lengths: readonly number[], d_vocab: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => Array.from({ length: lengths[i % lengths.length] }, () => Math.floor(random() * d_vocab)));
}

/** Edits at block 2, most of them ablations of one latent; for texts of 4 tokens or more. d_model 256, d_mlp 1024, 1024 latents. */
export function manyCandidates(seed: number, count: number, texts: readonly (readonly number[])[]): Candidate[] {
  const random = createRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const vector = (n: number, scale: number) => Float32Array.from({ length: n }, () => (random() - 0.5) * scale);
  const latent = () => ({ dictionary: BLOCK_2, latent: below(1024) });
  const others: (() => Candidate)[] = [
    () => [{ ...latent(), op: 'scale', value: 3 * random() }],
    () => [{ ...latent(), op: 'set', value: 5 * random(), positions: [below(4)] }],
    () => [{ ...latent(), op: 'add', value: 4, positions: [3, 1] }],
    () => [
      { ...latent(), op: 'ablate' },
      { dictionary: BLOCK_3, latent: below(1024), op: 'ablate' },
    ],
    () => [{ hook: 'blocks.2.mlp.hook_post', op: 'add', vector: vector(1024, 2), positions: [2] }],
    () => [{ hook: 'blocks.2.attn.hook_z', op: 'scale', factor: 0, positions: [3] }],
    () => [{ hook: 'blocks.2.hook_attn_out', op: 'scale', factor: 0.5 }],
    () => [
      { hook: 'blocks.2.hook_resid_post', op: 'project_out', direction: vector(256, 0.2), bias: 1 },
      { ...latent(), op: 'ablate' },
    ],
    () => {
      const latents = [...new Set(Array.from({ length: 6 }, () => below(1024)))];
      const base = below(1000);
      return (context): Edit[] => {
        const own = createRandom(base + context);
        const pos = texts[context].length;
        const data = Float32Array.from({ length: latents.length * pos }, () => Math.max(0, 6 * own() - 4));
        return [{ dictionary: BLOCK_2, op: 'patch', latents, values: { data, shape: [latents.length, pos] } }];
      };
    },
  ];
  return Array.from({ length: count }, () => (random() < 0.7 ? [{ ...latent(), op: 'ablate' as const }] : others[below(others.length)]()));
}

/** The edits of a candidate in a context. */
export const editsOf = (candidate: Candidate, context: number): Edit[] => [
  ...(typeof candidate === 'function' ? candidate(context) : candidate),
];
