/** Texts that a person adds to train on. */
import { checkCorpusName, listShippedCorpora, type CorpusStore } from '../../src/cache/corpusStore.ts';
import { throwIfStopped } from '../../src/core/errors.ts';
import type { CorpusInfo } from '../../src/core/train/runTypes.ts';
import { readDocuments } from '../../src/engine/text/documents.ts';
import type { PlainFile } from '../../src/api/model.ts';
import type { ModelHolder } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';

export class CorporaService {
  readonly #store: CorpusStore;
  readonly #holder: Pick<ModelHolder, 'base'>;

  constructor(store: CorpusStore, holder: Pick<ModelHolder, 'base'>) {
    this.#store = store;
    this.#holder = holder;
  }

  async add(
    { signal }: CallContext,
    name: string,
    file: PlainFile,
    { field }: { field?: string } = {},
  ): Promise<{ corpus: CorpusInfo; warnings: string[] }> {
    const shipped = await listShippedCorpora(this.#holder.base);
    const checked = checkCorpusName(
      name,
      shipped.map((corpus) => corpus.name),
    );
    const { documents, warnings } = await readDocuments(file, { ...(field !== undefined && { field }), stop: signal });
    throwIfStopped(signal);
    return { corpus: await this.#store.save(checked, documents), warnings };
  }
}
