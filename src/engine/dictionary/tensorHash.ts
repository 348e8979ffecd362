/** What a dictionary is known by: the hash of its tensors. */
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import { createModelHash } from '../model/modelHash.ts';

/** `DictionaryInfo.hash`: of the tensors' names and bytes as stored, in no order. scripts/indexDictionaries.mjs computes the same. */
export async function tensorHash(opened: Pick<OpenedDictionary, 'parts'>): Promise<string> {
  const hash = createModelHash();
  for (const { name, data } of opened.parts) {
    await hash.add(name, new Uint8Array(await data.arrayBuffer()));
  }
  const digest = await hash.finish();
  return digest && `sha256-${digest}`;
}
