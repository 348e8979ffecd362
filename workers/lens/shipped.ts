/** Dictionaries that ship with the page, as public/dictionaries lists them. */
import type { StoredInfo } from '../../src/cache/dictionaryStore.ts';
import { download } from '../../src/cache/download.ts';
import { FormatError } from '../../src/core/formats/bytes.ts';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import type { OpenedDictionary } from '../../src/core/formats/dictionaries/opened.ts';

/** An entry of public/dictionaries/index.json. */
interface IndexEntry {
  id: string;
  path: string;
  files: string[];
  model: string;
  hook: string;
  architecture: string;
  d_in: number;
  d_sae: number;
  bytes: number;
  hash: string;
  formerly?: string[];
  index?: ShippedIndex;
}

/** An index of features beside the dictionary, made on the model with this hash. */
export interface ShippedIndex {
  path: string;
  corpus: string;
  tokens: number;
  bytes: number;
  model: string;
}

interface ShippedDictionary {
  info: StoredInfo;
  index?: ShippedIndex;
  open: () => Promise<OpenedDictionary>;
}

/** None where the server has no list. */
export async function listShipped(base: string): Promise<ShippedDictionary[]> {
  const blob = await download(`${base}dictionaries/index.json`, { label: 'The list of dictionaries' });
  const index = blob ? (JSON.parse(await blob.text()) as IndexEntry[]) : [];
  return index.map(({ id, path, files, index: features, ...rest }) => ({
    ...(features && { index: features }),
    info: { id, label: id.split('/').slice(1).join(' ') || id, source: 'built-in', ...rest },
    open: () => openShipped(base, id, path, files),
  }));
}

async function openShipped(base: string, id: string, path: string, names: string[]): Promise<OpenedDictionary> {
  const fetched = await Promise.all(
    names.map(async (name) => {
      const label = `${name} of ${id}`;
      const data = await download(`${base}dictionaries/${path}/${name}`, { label });
      if (!data) throw new FormatError(`${label} is missing from the server.`);
      return { path: `${path}/${name}`, data };
    }),
  );
  const { dictionaries } = await openDictionaryFiles(fetched);
  return dictionaries[0];
}
