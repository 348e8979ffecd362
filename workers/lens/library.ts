/** Dictionaries: what is here, what comes in, what goes out. */
import { UsageError } from '../../src/core/errors.ts';
import { EXPORT_FORMATS } from '../../src/core/formats/dictionaries/export.ts';
import type { UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type {
  DictionaryCard,
  DictionaryDensities,
  DictionaryInfo,
  ExportFormat,
  FoundDictionary,
  PublishedPlan,
  PublishedSource,
} from '../../src/api/dictionaries.ts';
import type { LoadProgress, ModelInfo, PlainFile } from '../../src/api/model.ts';
import type { LatentVectors } from '../../src/core/sae/decode.ts';
import type { CallContext } from '../rpc.ts';
import { fetchPublished, openPublished, type OpenPublished } from './published.ts';
import type { Measured, Workbench } from './workbench.ts';

interface Imported {
  dictionaries: DictionaryInfo[];
  warnings: string[];
}

export class LibraryService {
  readonly #bench: Workbench;

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  list(_: CallContext): Promise<DictionaryInfo[]> {
    return this.#bench.library.list(this.#bench.current?.model);
  }

  async import({ signal, progress }: CallContext<LoadProgress>, files: PlainFile[], options: { pick?: number[] } = {}): Promise<Imported> {
    const { infos, warnings } = await this.#bench.library.import(files, { ...options, onProgress: progress, signal });
    return { dictionaries: await this.#listed(infos), warnings };
  }

  /** What `import` would open, in the order that `pick` counts. */
  inspect({ signal }: CallContext, files: PlainFile[]): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
    return this.#bench.library.inspect(files, signal);
  }

  async planPublished({ signal }: CallContext, source: PublishedSource, host: string): Promise<PublishedPlan> {
    return (await this.#published()).plan(source, host, signal);
  }

  async fetchPublished(
    { signal, progress }: CallContext<LoadProgress>,
    source: PublishedSource,
    host: string,
    options: { pick?: number[] } = {},
  ): Promise<Imported> {
    const given = { ...options, onProgress: progress, signal };
    const { infos, warnings } = await fetchPublished(await this.#published(), this.#bench.library, source, host, given);
    return { dictionaries: await this.#listed(infos), warnings };
  }

  /** Beginnings of published dictionaries that were not fetched to their end. */
  async begunDownloads(_: CallContext): Promise<{ id: string; bytes: number; here: number }[]> {
    return (await this.#published()).begun();
  }

  async removeDownload(_: CallContext, id: string): Promise<void> {
    return (await this.#published()).remove(id);
  }

  /** Opens a dictionary that is not kept: one in training. Takes the place of an earlier one. */
  async preview(
    _: CallContext,
    files: PlainFile[],
    { label, replaces }: { label: string; replaces: string | null },
  ): Promise<DictionaryInfo> {
    const id = await this.#bench.library.preview(files, label);
    if (replaces !== null && replaces !== id) await this.#bench.forget(replaces).catch(() => undefined);
    return (await this.list(_)).find((dictionary) => dictionary.id === id)!;
  }

  async export(_: CallContext, id: string, format: ExportFormat): Promise<Blob> {
    if (!EXPORT_FORMATS.includes(format)) throw new UsageError(`Dictionaries are exported as '${EXPORT_FORMATS.join("', '")}'.`);
    return this.#bench.library.export(id, format);
  }

  /** Settings and tensors, for a worker that reads them itself. */
  unread(_: CallContext, id: string): Promise<UnreadDictionary> {
    return this.#bench.library.unread(id);
  }

  remove(_: CallContext, id: string): Promise<void> {
    return this.#bench.forget(id);
  }

  /** Brings back the one that was removed last. */
  restore(_: CallContext, id: string): Promise<void> {
    return this.#bench.library.restore(id);
  }

  /** Ids of those that will be here at the next visit. */
  kept(_: CallContext): Promise<string[]> {
    return this.#bench.library.kept();
  }

  /** Another tab changed what is kept. */
  refresh(_: CallContext): Promise<void> {
    return this.#bench.library.refresh();
  }

  card(_: CallContext, id: string): Promise<DictionaryCard> {
    return this.#bench.library.card(id, this.#bench.current?.model);
  }

  /** What its file says; else what the last evaluation counted. */
  async densities(_: CallContext, id: string): Promise<DictionaryDensities | null> {
    const stated = await this.#bench.library.densities(id);
    const measured = this.#bench.measured.get(id);
    if (stated || !measured) return stated;
    return { values: measured.density.slice(), source: 'measured', tokens: measured.tokens };
  }

  /** An evaluation counted on `model` how often features fire; forgotten when that is not the model in use any more. */
  noteMeasured(_: CallContext, id: string, model: Pick<ModelInfo, 'id' | 'hash'>, measured: Measured): void {
    const current = this.#bench.current?.info;
    if (current?.id === model.id && current.hash === model.hash) this.#bench.measured.set(id, measured);
  }

  vectors(_: CallContext, id: string, latent: number): Promise<LatentVectors> {
    return this.#bench.library.vectors(id, latent);
  }

  #published(): ReturnType<OpenPublished> {
    return (this.#bench.platform.published ?? openPublished)();
  }

  async #listed(infos: readonly { id: string }[]): Promise<DictionaryInfo[]> {
    const ids = new Set(infos.map((info) => info.id));
    return (await this.#bench.library.list(this.#bench.current?.model)).filter((d) => ids.has(d.id));
  }
}
