/** Indices of features that are here: what this browser keeps, and what comes with the page. */
import type { FeatureName, IndexInfo, IndexSummary } from '../../src/api/features.ts';
import { download } from '../../src/cache/download.ts';
import type { StoredIndex } from '../../src/cache/indexStore.ts';
import { UsageError } from '../../src/core/errors.ts';
import { FormatError, type BlobLike } from '../../src/core/formats/bytes.ts';
import { dictionaryKey, openIndex, SUMMARY_TAGS, type OpenIndex } from '../../src/core/interp/featureIndex/indexFile.ts';
import { activationOf, nameOf } from '../../src/core/interp/featureIndex/names.ts';
import type { FeatureRecord } from '../../src/core/interp/types.ts';
import { nextTask } from '../../src/engine/model/runtime.ts';
import type { CallContext } from '../rpc.ts';
import type { Workbench } from './workbench.ts';

/** An index as it is listed, and how it is read. */
interface Found {
  info: IndexInfo;
  key: string;
  open: () => Promise<BlobLike>;
}

type Named = FeatureName & { latent: number };

/** Records looked into before messages are let in. */
const AT_ONCE = 32;

export class IndicesService {
  readonly #bench: Workbench;
  /** Files that are open, by key. */
  readonly #open = new Map<string, Promise<OpenIndex>>();
  /** Of dictionaries, by their ids: one that ships is fetched for its settings once. */
  readonly #keys = new Map<string, string>();
  /** What latents are called, by key. */
  readonly #names = new Map<string, Promise<Named[]>>();

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  /** For the model in use; a build that was not finished has fewer tokens than its total. */
  async list(_: CallContext): Promise<IndexInfo[]> {
    return (await this.#find()).map(({ info }) => info);
  }

  /** null where there is none. */
  async summary(_: CallContext, id: string, corpus?: string): Promise<IndexSummary | null> {
    const found = await this.#of(id, corpus);
    if (!found) return null;
    const { summary } = await this.#read(found);
    return {
      dictionary: id,
      corpus: found.info.corpus,
      tokens: summary.tokens,
      short: summary.isShort,
      // What crosses is given away.
      density: summary.density.slice(),
      maximum: summary.maximum.slice(),
      token: Int32Array.from(summary.token, (token) => (token === 0xffffffff ? -1 : token)),
      share: summary.share.slice(),
      entropy: summary.entropy.slice(),
      tags: Array.from(summary.tags, (bits) => SUMMARY_TAGS.filter((_tag, t) => (bits >> t) & 1)),
    };
  }

  /** null where there is no finished index. @throws UsageError for a latent that does not exist */
  async record(_: CallContext, id: string, latent: number, corpus?: string): Promise<FeatureRecord | null> {
    const found = await this.#of(id, corpus);
    if (!found) return null;
    const index = await this.#read(found);
    const { summary } = index;
    if (!Number.isInteger(latent) || latent < 0 || latent >= summary.density.length) {
      throw new UsageError(`There is no latent ${String(latent)}; ${id} has ${summary.density.length}, counted from 0.`);
    }
    return index.record(latent);
  }

  /** Empty where there is no index, or the model has no tokenizer. */
  async names(_: CallContext, id: string, corpus?: string): Promise<Named[]> {
    const found = await this.#of(id, corpus);
    if (!found) return [];
    let names = this.#names.get(found.key);
    if (!names) {
      names = this.#read(found).then((index) => this.#nameAll(index));
      this.#names.set(found.key, names);
      names.catch(() => this.#names.delete(found.key));
    }
    return [...(await names)];
  }

  async #nameAll(index: OpenIndex): Promise<Named[]> {
    const { tokenizer } = this.#bench.current ?? {};
    if (!tokenizer) return [];
    const { summary } = index;
    const lettersOf = (token: number) => tokenizer.token(token);
    const named: Named[] = [];
    for (let latent = 0; latent < summary.density.length; latent++) {
      if (latent % AT_ONCE === 0) await nextTask();
      if (summary.density[latent] === 0) continue;
      const one = await index.record(latent);
      const name = nameOf(one, lettersOf, activationOf(one, summary.share[latent]));
      if (name) named.push({ latent, ...name });
    }
    return named;
  }

  /** Opens a file that `npm run index` made. @throws UsageError when it is of no dictionary here, or of another model */
  async import(_: CallContext, file: Blob): Promise<IndexInfo> {
    const { summary } = await openIndex(file);
    const { identity } = summary;
    const [id] = await this.#dictionariesOf(identity.dictionary);
    if (!id) throw new UsageError('This index is of a dictionary that is not here. Open the dictionary first, then the index again.');
    const model = this.#bench.current?.info;
    if (model?.hash !== identity.model)
      throw new UsageError(`This index was made on other weights than those of ${model?.id ?? 'the model in use'}.`);
    const stored = await this.#store().save(
      { identity, kind: 'index', tokens: summary.tokens, total: identity.total, made: Date.now(), source: 'file' },
      file,
    );
    this.#forget();
    return infoOf(id, stored);
  }

  /** @throws UsageError for one that comes with the page */
  async remove(_: CallContext, id: string, corpus: string): Promise<void> {
    const found = (await this.#find()).filter(({ info }) => info.dictionary === id && info.corpus === corpus);
    if (found.length === 0) throw new UsageError(`There is no index of ${id} on ${corpus}.`);
    if (found.every(({ info }) => info.source === 'built-in'))
      throw new UsageError('This index comes with the page and cannot be removed.');
    const stored = (await this.#store().list()).filter(({ identity }) => identity.corpus === corpus);
    for (const { identity } of stored) {
      if ((await this.#dictionariesOf(identity.dictionary)).includes(id)) await this.#store().remove(identity.dictionary, corpus);
    }
    this.#forget();
  }

  /** All that this browser keeps, also of dictionaries and models that are not here. */
  async stored(_: CallContext): Promise<{ id: string; label: string; bytes: number }[]> {
    const all = (await this.#bench.platform.indices?.list().catch(() => [])) ?? [];
    return Promise.all(
      all.map(async ({ identity, kind, bytes, tokens, total }) => {
        const [of = `a dictionary of ${identity.hook} that is not here`] = await this.#dictionariesOf(identity.dictionary);
        const part = kind === 'part' ? ` (${Math.floor((100 * tokens) / total)} % of it, to go on with)` : '';
        return {
          id: JSON.stringify([identity.dictionary, identity.corpus]),
          label: `What fires ${of} in ${identity.corpus}${part}`,
          bytes,
        };
      }),
    );
  }

  /** @param id of `stored` */
  async removeStored(_: CallContext, id: string): Promise<void> {
    const { identity } =
      (await this.#store().list()).find((one) => JSON.stringify([one.identity.dictionary, one.identity.corpus]) === id) ?? {};
    if (!identity) throw new UsageError('This index is not here any more.');
    await this.#store().remove(identity.dictionary, identity.corpus);
    this.#forget();
  }

  /** What is kept was changed, here or in another tab. */
  refresh(_: CallContext): void {
    this.#forget();
  }

  #forget(): void {
    this.#open.clear();
    this.#names.clear();
  }

  #store() {
    const { indices } = this.#bench.platform;
    if (!indices) throw new UsageError('Nothing is kept here, so there are no indices.');
    return indices;
  }

  /** A finished index of a dictionary: one that was made here before the short one that ships, then that of most tokens. */
  async #of(id: string, corpus: string | undefined): Promise<Found | undefined> {
    const all = (await this.#find()).filter(
      ({ info }) => info.dictionary === id && info.tokens === info.total && (corpus === undefined || info.corpus === corpus),
    );
    const ships = ({ info }: Found) => (info.source === 'built-in' ? 1 : 0);
    return all.sort((a, b) => ships(a) - ships(b) || b.info.tokens - a.info.tokens || b.info.made - a.info.made)[0];
  }

  #read({ key, open }: Found): Promise<OpenIndex> {
    let opened = this.#open.get(key);
    if (!opened) {
      opened = open().then(openIndex);
      this.#open.set(key, opened);
      opened.catch(() => this.#open.delete(key));
    }
    return opened;
  }

  async #find(): Promise<Found[]> {
    const model = this.#bench.current?.info;
    const found: Found[] = [];
    for (const stored of (await this.#bench.platform.indices?.list().catch(() => [])) ?? []) {
      const { identity, kind } = stored;
      if (identity.model !== model?.hash) continue;
      const open = async () => {
        const blob = await this.#store().open(identity, kind);
        if (!blob) throw new FormatError('The index is not whole any more. Build it again.');
        return blob;
      };
      const key = JSON.stringify([kind, identity, stored.made]);
      for (const id of await this.#dictionariesOf(identity.dictionary)) found.push({ info: infoOf(id, stored), key, open });
    }
    for (const { id, index } of await this.#bench.library.shippedIndices()) {
      if (index.model !== model?.hash) continue;
      const open = async () => {
        const blob = await download(`${this.#bench.base}${index.path}`, { label: `The index of ${id}` });
        if (!blob) throw new FormatError(`The index of ${id} is missing from the server.`);
        return blob;
      };
      const { corpus, tokens, bytes } = index;
      found.push({ info: { dictionary: id, corpus, tokens, total: tokens, bytes, made: 0, source: 'built-in' }, key: index.path, open });
    }
    return found;
  }

  /** Dictionaries here with this key; their settings are read only where their tensors are the same. */
  async #dictionariesOf(key: string): Promise<string[]> {
    const same: string[] = [];
    for (const { id, hash } of await this.#bench.library.list(undefined)) {
      if (key.startsWith(`${hash || id} `) && (await this.#keyOf(id, hash || id)) === key) same.push(id);
    }
    return same;
  }

  async #keyOf(id: string, hash: string): Promise<string> {
    const key = this.#keys.get(id) ?? dictionaryKey(hash, await this.#bench.library.config(id));
    this.#keys.set(id, key);
    return key;
  }
}

function infoOf(dictionary: string, { identity, tokens, total, bytes, made, source, kind }: StoredIndex): IndexInfo {
  // A part may have read all and not be written yet.
  return { dictionary, corpus: identity.corpus, tokens: kind === 'part' ? Math.min(tokens, total - 1) : total, total, bytes, made, source };
}
