/** The library of dictionaries: those that ship with the page and those a person opened, read when first used. */
import { zip, type AsyncZippable } from 'fflate';
import type { DictionaryStore, StoredDictionary, StoredInfo as Described } from '../../src/cache/dictionaryStore.ts';
import { download } from '../../src/cache/download.ts';
import { UsageError } from '../../src/core/errors.ts';
import { FormatError } from '../../src/core/formats/bytes.ts';
import { EXPORT_FORMATS, exportDictionary, exportObstacle } from '../../src/core/formats/dictionaries/export.ts';
import { listDictionaryFiles, openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary, type OpenedDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { sha256Hex } from '../../src/core/formats/sha256.ts';
import { maybeRecord } from '../../src/core/formats/text.ts';
import type {
  DictionaryCard,
  DictionaryDensities,
  DictionaryInfo,
  ExportFormat,
  FoundDictionary,
  PublishedSource,
} from '../../src/api/dictionaries.ts';
import type { LatentEdit, LoadProgress } from '../../src/api/model.ts';
import { vectors, type LatentVectors } from '../../src/core/sae/decode.ts';
import { settingsKey, type Dictionary } from '../../src/core/sae/dictionary.ts';
import { misfit } from '../../src/engine/dictionary/encode.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { createModelHash } from '../../src/engine/model/modelHash.ts';
import type { FileIn } from './api.ts';
import { unpackZips } from './unpack.ts';

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
}

interface Entry {
  info: Described;
  /** Whether the store has it; what could not be kept lives as long as the page. */
  kept?: boolean;
  open: () => Promise<OpenedDictionary>;
  /** Set once read. */
  dictionary?: Promise<Dictionary>;
}

/** Begins the ids of dictionaries that are still being trained. */
const PREVIEW = 'preview/';

export class DictionaryLibrary {
  readonly #base: string;
  readonly #store: DictionaryStore | undefined;
  readonly #entries = new Map<string, Entry>();
  #builtIn: Promise<void> | undefined;
  #removed: StoredDictionary | undefined;

  /** @param store where opened dictionaries are kept between visits; without one they last as long as the page */
  constructor(base: string, store?: DictionaryStore) {
    this.#base = base;
    this.#store = store;
  }

  /** Those that fit `model` first. */
  async list(model: Pick<HookedModel, 'config'> | undefined): Promise<DictionaryInfo[]> {
    await this.#loadIndex();
    const all = [...this.#entries.values()].map(({ info }) => ({ ...info, fits: model !== undefined && !misfitOf(info, model) }));
    return [...all.filter((d) => d.fits), ...all.filter((d) => !d.fits)];
  }

  /** @throws UsageError for an unknown id; FormatError */
  async get(id: string): Promise<Dictionary> {
    const entry = await this.#find(id);
    entry.dictionary ??= entry.open().then((opened) => readDictionary(opened));
    try {
      return await entry.dictionary;
    } catch (error) {
      // A failed download may work next time.
      delete entry.dictionary;
      throw error;
    }
  }

  /** The dictionaries that edits name. */
  async forEdits(edits: readonly unknown[] | undefined): Promise<Map<string, Dictionary>> {
    const named = (Array.isArray(edits) ? edits : []).filter(
      (edit): edit is LatentEdit => typeof edit === 'object' && edit !== null && 'dictionary' in edit,
    );
    const ids = [...new Set(named.map((edit) => edit.dictionary))];
    return new Map(await Promise.all(ids.map(async (id) => [id, await this.get(id)] as const)));
  }

  /** Nothing is added unless the files open; what could not be opened beside something good is a warning. */
  async import(
    files: FileIn[],
    options: { pick?: number[]; onProgress: (progress: LoadProgress) => void; signal: AbortSignal; origin?: Origin },
  ): Promise<{ infos: Described[]; warnings: string[] }> {
    const { pick, onProgress, signal, origin } = options;
    const opened = await openDictionaryFiles(await unpackZips(files, signal), {
      ...(pick && { pick }),
      stop: signal,
      onProgress: (loaded, total) => onProgress({ stage: 'reading', loaded, total }),
    });
    const infos: Described[] = [];
    const warnings = [...opened.warnings];
    for (const found of opened.dictionaries) {
      const dictionary = withOrigin(await asBlobs(found), origin);
      const info = await describe(dictionary, origin);
      const entry = this.#put(info, dictionary);
      infos.push(info);
      await this.#keep(entry, dictionary).catch((error: unknown) => {
        warnings.push(error instanceof Error ? error.message : String(error));
      });
    }
    return { infos, warnings };
  }

  /** What `import` would open. */
  async inspect(files: FileIn[], stop?: AbortSignal): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
    return listDictionaryFiles(await unpackZips(files, stop));
  }

  /** Opens a dictionary that is not kept. @returns its id, another one whenever a number of it has changed */
  async preview(files: FileIn[], label: string): Promise<string> {
    const { dictionaries } = await openDictionaryFiles(files);
    const described = await describe(dictionaries[0]);
    const info = { ...described, id: `${PREVIEW}${described.id}`, label };
    this.#put(info, dictionaries[0]);
    return info.id;
  }

  /** Ids of those that will be here at the next visit. */
  async kept(): Promise<string[]> {
    await this.#loadIndex();
    return [...this.#entries.values()].filter((entry) => entry.kept).map(({ info }) => info.id);
  }

  /** Reads again what is kept, after another tab changed it; what is open here and was never kept stays. */
  async refresh(): Promise<void> {
    await this.#loadIndex();
    const kept = await this.#readKept();
    const ids = new Set(kept.map(({ info }) => info.id));
    for (const [id, entry] of this.#entries) if (entry.kept && !ids.has(id)) this.#entries.delete(id);
    this.#takeKept(kept);
  }

  /** @throws FormatError with the sentence that says why the format cannot hold it */
  async export(id: string, format: ExportFormat): Promise<Blob> {
    const entry = await this.#find(id);
    const opened = await entry.open();
    const folder = id.replace(/[^\w.-]+/g, '_');
    const files: AsyncZippable = {};
    for (const { path, parts } of await exportDictionary(opened, format, folder)) {
      const buffers = parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer()));
      const blob = new Blob(await Promise.all(buffers));
      // Weights do not compress; storing them keeps the export quick.
      files[path] = [new Uint8Array(await blob.arrayBuffer()), { level: 0 }];
    }
    return new Promise((resolve, reject) =>
      zip(files, { consume: true }, (error, data) => (error ? reject(error) : resolve(new Blob([data], { type: 'application/zip' })))),
    );
  }

  /**
   * @returns its numbers if they were read, for whoever keeps something about them
   * @throws UsageError for one that ships with the page; EngineError when the storage refuses, and then it is still there
   */
  async remove(id: string): Promise<Dictionary | undefined> {
    const { info, kept, dictionary, open } = await this.#find(id);
    if (info.source === 'built-in') throw new UsageError(`${id} ships with the page and cannot be removed.`);
    const opened = await open();
    if (kept) await this.#store?.remove(id);
    this.#entries.delete(id);
    // Its Blobs last as long as they are held here, wherever the browser has their bytes.
    if (!id.startsWith(PREVIEW)) this.#removed = { info, opened };
    return dictionary?.catch(() => undefined);
  }

  /**
   * Brings back what was removed last, as it was.
   * @throws UsageError when that is another one; EngineError when it is here but could not be kept for the next visit
   */
  async restore(id: string): Promise<void> {
    if (this.#removed?.info.id !== id) throw new UsageError(`${id} cannot be brought back any more. Open its files again.`);
    const { info, opened } = this.#removed;
    this.#removed = undefined;
    await this.#keep(this.#put(info, opened), opened);
  }

  /** @param model to say why it does not fit */
  async card(id: string, model: Pick<HookedModel, 'config'> | undefined): Promise<DictionaryCard> {
    const { info, open } = await this.#find(id);
    const opened = await open();
    return {
      info,
      misfit: model ? misfitOf(info, model) : '',
      tensors: opened.parts.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
      config: flatten(opened.config) ?? {},
      record: flatten(opened.record),
      density: densityOf(opened),
      notes: opened.notes ?? [],
      exports: EXPORT_FORMATS.map((format) => ({ format, obstacle: exportObstacle(opened.config, format) })),
    };
  }

  async densities(id: string): Promise<DictionaryDensities | null> {
    const values = densityOf(await (await this.#find(id)).open());
    return values && { values, source: 'file' };
  }

  async vectors(id: string, latent: number): Promise<LatentVectors> {
    const dictionary = await this.get(id);
    if (!Number.isInteger(latent) || latent < 0 || latent >= dictionary.config.d_sae) {
      throw new UsageError(`Latent ${String(latent)} does not exist; ${id} has ${dictionary.config.d_sae} (counted from 0).`);
    }
    return vectors(dictionary, latent);
  }

  async #find(id: string): Promise<Entry> {
    await this.#loadIndex();
    const entry = this.#entries.get(id);
    if (entry) return entry;
    const known = [...this.#entries.keys()].slice(0, 12).join(', ');
    throw new UsageError(
      `There is no dictionary called "${String(id).slice(0, 80)}" here. There are: ${known}. Others can be opened from files.`,
    );
  }

  #put(info: Described, opened: OpenedDictionary): Entry {
    const entry: Entry = { info, open: () => Promise.resolve(opened) };
    this.#entries.set(info.id, entry);
    return entry;
  }

  async #keep(entry: Entry, opened: OpenedDictionary): Promise<void> {
    if (!this.#store) return;
    await this.#store.save({ info: entry.info, opened });
    entry.kept = true;
  }

  async #readKept(): Promise<StoredDictionary[]> {
    const kept = (await this.#store?.list()) ?? [];
    // Kept before infos had a hash.
    return Promise.all(
      kept.map(async ({ info, opened }) => ({ info: { ...info, hash: info.hash || (await tensorHash(opened)) }, opened })),
    );
  }

  /** One that is open already stays as it is: same id, same tensors. */
  #takeKept(kept: StoredDictionary[]): void {
    for (const { info, opened } of kept) if (!this.#entries.has(info.id)) this.#put(info, opened).kept = true;
  }

  #loadIndex(): Promise<void> {
    this.#builtIn ??= this.#readIndex().catch((error: unknown) => {
      this.#builtIn = undefined;
      throw error;
    });
    return this.#builtIn;
  }

  async #readIndex(): Promise<void> {
    // Without storage there is only what ships with the page.
    const kept = this.#readKept().catch(() => []);
    const label = 'The list of dictionaries';
    const blob = await download(`${this.#base}dictionaries/index.json`, { label });
    const index = blob ? (JSON.parse(await blob.text()) as IndexEntry[]) : [];
    for (const { id, path, files, ...rest } of index) {
      const info: Described = { id, label: id.split('/').slice(1).join(' ') || id, source: 'built-in', ...rest };
      this.#entries.set(id, { info, open: () => this.#openShipped(id, path, files) });
    }
    this.#takeKept(await kept);
  }

  async #openShipped(id: string, path: string, names: string[]): Promise<OpenedDictionary> {
    const fetched = await Promise.all(
      names.map(async (name) => {
        const label = `${name} of ${id}`;
        const data = await download(`${this.#base}dictionaries/${path}/${name}`, { label });
        if (!data) throw new FormatError(`${label} is missing from the server.`);
        return { path: `${path}/${name}`, data };
      }),
    );
    const { dictionaries } = await openDictionaryFiles(fetched);
    return dictionaries[0];
  }
}

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

function withOrigin(opened: OpenedDictionary, origin: Origin | undefined): OpenedDictionary {
  if (!origin) return opened;
  const { published, model } = origin;
  const unnamed = opened.config.model_name === null && model !== undefined;
  const notes = [...(opened.notes ?? []), origin.note, ...(unnamed ? [`Its files name no model; it was published for ${model}.`] : [])];
  const config = unnamed ? { ...opened.config, model_name: model } : opened.config;
  return { ...opened, config, notes, ...(published && { record: { ...maybeRecord(opened.record), published } }) };
}

/** SAELens writes log10(frequency + 1e-10). */
function densityOf({ sparsity }: OpenedDictionary): Float32Array<ArrayBuffer> | null {
  return sparsity ? sparsity.map((log) => Math.max(0, Math.min(1, 10 ** log - 1e-10))) : null;
}

/** Enough of a record for any person to read. */
const MAX_RECORD = 100;
const MAX_RECORD_TEXT = 300;
const MAX_LIST = 8;

/** One level of plain values, "optimizer.lr" for deeper ones; what is longer is cut, since a file may say anything. */
function flatten(value: unknown, prefix = '', into: Record<string, string | number | boolean> = {}): typeof into | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (Object.keys(into).length >= MAX_RECORD) break;
    const name = `${prefix}${key}`.slice(0, MAX_RECORD_TEXT);
    if (typeof inner === 'number' || typeof inner === 'boolean') into[name] = inner;
    else if (typeof inner === 'string') into[name] = inner.slice(0, MAX_RECORD_TEXT);
    // Curves are for programs.
    else if (Array.isArray(inner) && inner.length > MAX_LIST) continue;
    else if (typeof inner === 'object' && inner !== null && prefix.length < MAX_RECORD_TEXT) flatten(inner, `${name}.`, into);
  }
  return into;
}

function misfitOf(info: Described, model: Pick<HookedModel, 'config'>): string {
  return misfit({ config: { hook_name: info.hook || null, d_in: info.d_in } } as Dictionary, model);
}

/** Tensors that were turned or folded when they were opened lie in memory; a Blob the browser may put on disk, and the store can keep. */
async function asBlobs(opened: OpenedDictionary): Promise<OpenedDictionary> {
  const parts: OpenedDictionary['parts'] = [];
  for (const part of opened.parts) {
    parts.push(part.data instanceof Blob ? part : { ...part, data: new Blob([await part.data.arrayBuffer()]) });
  }
  return { ...opened, parts };
}

async function describe(opened: OpenedDictionary, origin?: Origin): Promise<Described> {
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

/** `DictionaryInfo.hash`: of the tensors' names and bytes as stored, in no order. scripts/indexDictionaries.mjs computes the same. */
export async function tensorHash(opened: Pick<OpenedDictionary, 'parts'>): Promise<string> {
  const hash = createModelHash();
  for (const { name, data } of opened.parts) {
    await hash.add(name, new Uint8Array(await data.arrayBuffer()));
  }
  const digest = await hash.finish();
  return digest && `sha256-${digest}`;
}
