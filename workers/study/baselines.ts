/** Makes neurons, random directions, PCA and ICA of a hook into dictionaries. */
import { checkBaseline, type BaselineOptions } from '../../src/core/baselines/options.ts';
import { createPlainProducts, type Products } from '../../src/core/baselines/products.ts';
import { writeDictionary } from '../../src/core/formats/dictionaries/write.ts';
import type { PlainFile, WantedModel } from '../../src/api/model.ts';
import { makeBaseline, type BaselineProgress } from '../../src/engine/baselines/make.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import type { ModelHolder } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';
import type { Desk } from './desk.ts';

export type CreateProducts = (runtime: Runtime) => Promise<Products>;

export class BaselinesService {
  readonly #desk: Desk;
  readonly #holder: ModelHolder;
  readonly #createProducts: CreateProducts;

  constructor(desk: Desk, holder: ModelHolder, createProducts: CreateProducts = () => Promise.resolve(createPlainProducts())) {
    this.#desk = desk;
    this.#holder = holder;
    this.#createProducts = createProducts;
  }

  /**
   * Reports what goes on.
   * @returns a folder of files, as `library.import` opens them; its name is the dictionary's label
   */
  async make({ signal, progress }: CallContext<BaselineProgress>, model: WantedModel, options: BaselineOptions): Promise<PlainFile[]> {
    const settings = checkBaseline(options);
    const say = (message: string) => progress({ done: 0, total: 0, message });
    return this.#desk.useAll(signal, model, [], async ({ loaded }) => {
      const { runtime } = await this.#holder.device();
      const opened = await makeBaseline({
        model: loaded.model,
        id: loaded.info.id,
        settings,
        text: () => this.#holder.read([settings.corpus], loaded, { signal, say }),
        products: () => this.#createProducts(runtime),
        onProgress: progress,
        stop: signal,
      });
      const files: PlainFile[] = [];
      for (const { path, parts } of writeDictionary(opened, opened.name)) {
        const pieces = parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer()));
        files.push({ path, data: new Blob(await Promise.all(pieces)) });
      }
      return files;
    });
  }
}
