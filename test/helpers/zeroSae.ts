/** A SAELens dictionary of zeros in any size: for what is about bytes, not numbers. */
import { dictionaryRepo, type RepoFiles } from './hub.ts';

export interface ZeroSae {
  d_in: number;
  d_sae: number;
  /** What cfg.json says in place of `d_sae`. */
  stated?: number;
}

/** cfg.json and sae_weights.safetensors. */
export function zeroSae({ d_in, d_sae, stated = d_sae }: ZeroSae): RepoFiles {
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
  const small = dictionaryRepo({ '': 'saelens-v6/standard' });
  const cfg = { ...(JSON.parse(small['cfg.json'].toString()) as object), d_in, d_sae: stated };
  return { 'cfg.json': Buffer.from(JSON.stringify(cfg)), 'sae_weights.safetensors': Buffer.concat([length, text, Buffer.alloc(at)]) };
}
