/** A SAELens dictionary in any size, for what is about bytes more than numbers: of zeros, or of noise that fires. */
import { createRandom } from '../../src/core/array/random.ts';
import { dictionaryRepo, type RepoFiles } from './hub.ts';

export interface ZeroSae {
  d_in: number;
  d_sae: number;
  /** What cfg.json says in place of `d_sae`. */
  stated?: number;
  /** Seed of random matrices in place of zeros. */
  noise?: number;
  /** In place of the fixture's. */
  hook?: string;
}

/** cfg.json and sae_weights.safetensors. */
export function zeroSae({ d_in, d_sae, stated = d_sae, noise, hook }: ZeroSae): RepoFiles {
  const shapes: Record<string, number[]> = { W_enc: [d_in, d_sae], W_dec: [d_sae, d_in], b_enc: [d_sae], b_dec: [d_in] };
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(shapes).map(([tensor, shape]) => {
      const bytes = 4 * shape.reduce((a, b) => a * b, 1);
      const entry = { dtype: 'F32', shape, data_offsets: [at, at + bytes] };
      at += bytes;
      return [tensor, entry];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const numbers = new Float32Array(at / 4);
  if (noise !== undefined) {
    const random = createRandom(noise);
    for (let i = 0; i < 2 * d_in * d_sae; i++) numbers[i] = (random() - 0.5) / Math.sqrt(d_in);
  }
  const small = dictionaryRepo({ '': 'saelens-v6/standard' });
  const cfg = JSON.parse(small['cfg.json'].toString()) as { metadata: object };
  const metadata = { ...cfg.metadata, ...(hook !== undefined && { hook_name: hook }) };
  return {
    'cfg.json': Buffer.from(JSON.stringify({ ...cfg, metadata, d_in, d_sae: stated })),
    'sae_weights.safetensors': Buffer.concat([length, text, Buffer.from(numbers.buffer)]),
  };
}
