/**
 * Device, model and text of a worker that opens its own, so that the page's may change meanwhile: each kept until
 * another is asked for.
 */
import type { CorpusStore } from '../src/cache/corpusStore.ts';
import { UsageError } from '../src/core/errors.ts';
import { chooseDevice, type DeviceChoice } from '../src/gpu/device.ts';
import type { SaeEngine } from '../src/kernels/engine.ts';
import { openModel, type LoadedModel, type OpenHub } from '../src/engine/model/openModel.ts';
import type { Runtime } from '../src/engine/model/runtime.ts';
import { openCorpora, tokenizeCorpora, type Text } from '../src/engine/text/corpora.ts';
import type { WantedModel } from '../src/api/model.ts';

export interface HolderPlatform {
  corpora: CorpusStore;
  /** Absent: this browser's. */
  hub?: OpenHub;
  createRuntime(choice: DeviceChoice): Promise<Runtime>;
  /** What encodes and decodes; on the runtime's device where it has one. */
  createEngine(runtime: Runtime): Promise<SaeEngine>;
}

export interface HolderSettings {
  device: 'webgpu' | 'wasm';
  /** Where the page's files are. */
  base: string;
}

/** What to do while something is read. */
export interface Reading {
  signal: AbortSignal;
  /** Gets what is going on, as a sentence. */
  say: (message: string) => void;
}

/** Between two sentences about the same text. */
const SAY_MS = 500;

export class ModelHolder {
  readonly #platform: HolderPlatform;
  #settings: HolderSettings = { device: 'wasm', base: '/' };
  #device: Promise<{ runtime: Runtime; engine: SaeEngine }> | undefined;
  #model: { key: string; loaded: LoadedModel } | undefined;
  #text: { key: string; text: Text } | undefined;

  constructor(platform: HolderPlatform) {
    this.#platform = platform;
  }

  open(settings: HolderSettings): void {
    this.#settings = settings;
  }

  get base(): string {
    return this.#settings.base;
  }

  device(): Promise<{ runtime: Runtime; engine: SaeEngine }> {
    const platform = this.#platform;
    const start = async () => {
      const runtime = await platform.createRuntime(await chooseDevice(this.#settings.device));
      return { runtime, engine: await platform.createEngine(runtime) };
    };
    this.#device ??= start().catch((error: unknown) => {
      this.#device = undefined;
      throw error;
    });
    return this.#device;
  }

  /**
   * The one held where it is the same; else that is given back first, so that there is never room needed for two.
   * @throws as openModel does; then none is held
   */
  async load({ info, source }: WantedModel, { signal, say }: Reading): Promise<LoadedModel> {
    const { runtime } = await this.device();
    const key = info.hash && `${info.id} ${info.hash}`;
    if (key && this.#model?.key === key) return this.#model.loaded;
    say(`Reading the model ${info.id}.`);
    await this.#model?.loaded.model.release();
    this.#model = undefined;
    const { hub } = this.#platform;
    const loaded = await openModel(runtime, this.#settings.base, source, { onProgress: () => {}, signal, ...(hub && { hub }) });
    this.#model = { key: `${loaded.info.id} ${loaded.info.hash}`, loaded };
    return loaded;
  }

  /** Texts by name as token ids of the model. @throws UsageError for a model without tokenizer, or an unknown name */
  async read(names: string[], { info, model, tokenizer }: LoadedModel, { signal, say }: Reading): Promise<Text> {
    if (!tokenizer) {
      throw new UsageError(
        `The model ${info.id} came without tokenizer.json, so text cannot be turned into its tokens. Open it with that file.`,
      );
    }
    say('Reading the text.');
    const corpora = await openCorpora(this.#platform.corpora, this.#settings.base, names);
    const key = `${info.id} ${info.hash} ${corpora.version}`;
    if (this.#text?.key === key) return this.#text.text;
    this.#text = undefined;
    let said = 0;
    const onProgress = (characters: number) => {
      if (Date.now() - said < SAY_MS) return;
      said = Date.now();
      say(`Turning the text into tokens: ${(characters / 1e6).toFixed(1)} million characters.`);
    };
    const text = await tokenizeCorpora(corpora, tokenizer, model.config.eos_token_id, { signal, onProgress });
    this.#text = { key, text };
    return text;
  }

  /** A lost device answers nothing any more; the next call opens one anew. @returns whether it was lost */
  async dropIfLost(): Promise<boolean> {
    const open = await this.#device;
    if (!open?.runtime.lost) return false;
    this.#device = undefined;
    this.#model = undefined;
    return true;
  }
}
