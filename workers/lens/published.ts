/** Published dictionaries: fetched, opened, and from then on like any other in the library. */
import type { FetchedDictionary, PublishedHub } from '../../src/cache/hub/published.ts';
import { findClaims, findModel } from '../../src/core/catalogue.ts';
import { FormatError } from '../../src/core/formats/bytes.ts';
import { onceItWorks } from '../../src/core/onceItWorks.ts';
import type { LoadProgress } from '../../src/api/model.ts';
import type { PublishedSource } from '../../src/api/dictionaries.ts';
import type { StoredInfo } from '../../src/cache/dictionaryStore.ts';
import type { Origin } from './describe.ts';
import type { DictionaryLibrary } from './dictionaries.ts';

export type OpenPublished = () => Promise<PublishedHub>;

/** This browser's, fetched when first asked for, and again when that failed. */
export const openPublished: OpenPublished = onceItWorks(() =>
  import('../../src/cache/hub/published.ts').then(({ createPublishedHub }) => createPublishedHub()),
);

export interface FetchPublishedOptions {
  pick?: number[];
  onProgress: (progress: LoadProgress) => void;
  signal: AbortSignal;
}

/**
 * @returns as an import of the same files from disk
 * @throws with a sentence; what has arrived is kept unless it is no dictionary
 */
export async function fetchPublished(
  hub: PublishedHub,
  library: DictionaryLibrary,
  source: PublishedSource,
  host: string,
  { pick, ...options }: FetchPublishedOptions,
): Promise<{ infos: StoredInfo[]; warnings: string[] }> {
  const fetched = await hub.fetch(source, host, options);
  try {
    const imported = await library.import(fetched.files, { ...options, ...(pick && { pick }), origin: originOf(fetched) });
    await fetched.forget();
    return imported;
  } catch (error) {
    if (error instanceof FormatError) await fetched.forget();
    throw error;
  }
}

/** 1 − 0.96 as a person would write it. */
function round(share: number): number {
  return Number(share.toFixed(4));
}

function originOf({ origin, from, hub, folder }: FetchedDictionary): Origin {
  const model = findModel(hub, folder);
  const place = { note: origin, ...(from && { from }), ...(model !== undefined && { model }) };
  const claims = findClaims(hub, folder);
  if (!claims) return place;
  const { variance_explained, l0, alive, ce_recovered, source } = claims;
  // Under the names that the report compares; what is called alive there is counted otherwise than here.
  const shared = { l0, fvu: round(1 - variance_explained), ce_recovered };
  return { ...place, published: { ...shared, share_active_on_any_of_8192_tokens: alive, source } };
}
