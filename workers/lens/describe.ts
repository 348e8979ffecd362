/** What the library says of a dictionary: its id and hash from its tensors, where its files came from. */
import type { StoredInfo } from '../../src/cache/dictionaryStore.ts';
import type { OpenedDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { sha256Hex } from '../../src/core/formats/sha256.ts';
import { maybeRecord } from '../../src/core/formats/words.ts';
import type { PublishedSource } from '../../src/api/dictionaries.ts';
import { settingsKey } from '../../src/core/sae/dictionary.ts';
import { tensorHash } from '../../src/engine/dictionary/tensorHash.ts';

/** What is known of files beyond what stands in them. */
export interface Origin {
  /** Where they came from, as a sentence. */
  note: string;
  /** The same for a program; absent where it would tell what lets one person in. */
  from?: PublishedSource;
  /** The model it was made for, used where the files name none. */
  model?: string;
  /** Figures that were published about it, with their source. */
  published?: Record<string, number | string>;
}

export function withOrigin(opened: OpenedDictionary, origin: Origin | undefined): OpenedDictionary {
  if (!origin) return opened;
  const { published, model } = origin;
  const unnamed = opened.config.model_name === null && model !== undefined;
  const notes = [...(opened.notes ?? []), origin.note, ...(unnamed ? [`Its files name no model; it was published for ${model}.`] : [])];
  const config = unnamed ? { ...opened.config, model_name: model } : opened.config;
  return { ...opened, config, notes, ...(published && { record: { ...maybeRecord(opened.record), published } }) };
}

/** Tensors that were turned or folded when they were opened lie in memory; a Blob the browser may put on disk, and the store can keep. */
export async function asBlobs(opened: OpenedDictionary): Promise<OpenedDictionary> {
  const parts: OpenedDictionary['parts'] = [];
  for (const part of opened.parts) {
    parts.push(part.data instanceof Blob ? part : { ...part, data: new Blob([await part.data.arrayBuffer()]) });
  }
  return { ...opened, parts };
}

export async function describe(opened: OpenedDictionary, origin?: Origin): Promise<StoredInfo> {
  const { config } = opened;
  const hash = await tensorHash(opened);
  return {
    id: idOf(hash, config) || `files/${opened.name}`,
    label: opened.name,
    model: config.model_name ?? '',
    hook: config.hook_name ?? '',
    architecture: config.architecture,
    d_in: config.d_in,
    d_sae: config.d_sae,
    source: 'files',
    bytes: opened.bytes,
    hash,
    ...(origin?.from && { from: origin.from }),
  };
}

/** Same tensors and same settings, same id, whatever the folder is called: of the tensors' hash, then of the settings. */
function idOf(hash: string, config: OpenedDictionary['config']): string {
  const settings = sha256Hex(new TextEncoder().encode(settingsKey(config)));
  return hash && `${hash.slice(0, 'sha256-'.length + 16)}-${settings.slice(0, 8)}`;
}
