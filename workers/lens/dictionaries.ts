/** The library of dictionaries: those that ship with the page and those a person opened, read when first used. */
import type { DictionaryStore, StoredDictionary, StoredInfo } from '../../src/cache/dictionaryStore.ts';
import { UsageError } from '../../src/core/errors.ts';
import { listDictionaryFiles, openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary, type OpenedDictionary, type UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { DictionaryCard, DictionaryDensities, DictionaryInfo, ExportFormat, FoundDictionary } from '../../src/api/dictionaries.ts';
import type { LatentEdit, LoadProgress, PlainFile } from '../../src/api/model.ts';
import { vectors, type LatentVectors } from '../../src/core/sae/decode.ts';
import type { Dictionary, DictionaryConfig } from '../../src/core/sae/dictionary.ts';
import { misfit } from '../../src/engine/dictionary/encode.ts';
import { tensorHash } from '../../src/engine/dictionary/tensorHash.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { cardOf, densityOf } from './card.ts';
import { asBlobs, describe, withOrigin, type Origin } from './describe.ts';
import { listShipped, type ShippedIndex } from './shipped.ts';
import { unpackZips } from './unpack.ts';
import { zipDictionary } from './zipDictionary.ts';

interface Entry {
  info: StoredInfo;
  /** The index of its features that comes with the page. */
  index?: ShippedIndex;
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
    files: PlainFile[],
    options: { pick?: number[]; onProgress: (progress: LoadProgress) => void; signal: AbortSignal; origin?: Origin },
  ): Promise<{ infos: StoredInfo[]; warnings: string[] }> {
    const { pick, onProgress, signal, origin } = options;
    const opened = await openDictionaryFiles(await unpackZips(files, signal), {
      ...(pick && { pick }),
      stop: signal,
      onProgress: (loaded, total) => onProgress({ stage: 'reading', loaded, total }),
    });
    const infos: StoredInfo[] = [];
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
  async inspect(files: PlainFile[], stop?: AbortSignal): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
    return listDictionaryFiles(await unpackZips(files, stop));
  }

  /** Opens a dictionary that is not kept. @returns its id, another one whenever a number of it has changed */
  async preview(files: PlainFile[], label: string): Promise<string> {
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
    const { open } = await this.#find(id);
    return zipDictionary(await open(), format, id.replace(/[^\w.-]+/g, '_'));
  }

  async config(id: string): Promise<DictionaryConfig> {
    const { open } = await this.#find(id);
    return (await open()).config;
  }

  async shippedIndices(): Promise<{ id: string; index: ShippedIndex }[]> {
    await this.#loadIndex();
    return [...this.#entries].flatMap(([id, { index }]) => (index ? [{ id, index }] : []));
  }

  /** Settings and tensors in a form that crosses to another worker. */
  async unread(id: string): Promise<UnreadDictionary> {
    const { open } = await this.#find(id);
    const { config, parts } = await asBlobs(await open());
    return { config, parts };
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
    return cardOf(info, opened, model ? misfitOf(info, model) : '');
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

  #put(info: StoredInfo, opened: OpenedDictionary): Entry {
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
    for (const entry of await listShipped(this.#base)) this.#entries.set(entry.info.id, entry);
    this.#takeKept(await kept);
  }
}

function misfitOf(info: StoredInfo, model: Pick<HookedModel, 'config'>): string {
  return misfit({ config: { hook_name: info.hook || null, d_in: info.d_in } } as Dictionary, model);
}
