/** What crosses between the page and the lens worker. */
import type {
  Array2,
  AskedHost,
  DeviceInfo,
  Edit,
  GenerateOptions,
  Generated,
  HubModel,
  HubPlan,
  Input,
  KeptModel,
  Live,
  LoadProgress,
  ModelInfo,
  Predictions,
  RunOptions,
  RunResult,
  Tokenized,
} from '../../src/api/model.ts';
import type {
  DictionaryCard,
  DictionaryDensities,
  DictionaryInfo,
  EvaluateOptions,
  Evaluation,
  ExportFormat,
  FoundDictionary,
  Latents,
  PublishedPlan,
  PublishedSource,
  Source,
} from '../../src/api/dictionaries.ts';

import type { HubSource, ModelSource, PlainFile } from '../../src/api/model.ts';

export type { HubSource, Live, ModelSource, PlainFile as FileIn };

export interface LensMethods {
  open(settings: { device: 'auto' | 'webgpu' | 'wasm'; base: string }): DeviceInfo;
  list(): ModelInfo[];
  /** The model in use; null before the first. */
  current(): ModelInfo | null;
  load(source: ModelSource): ModelInfo;
  planHub(model: Required<HubModel>, host: string): HubPlan;
  /** Hosts this worker asked something of. */
  requests(): AskedHost[];
  keptModels(): KeptModel[];
  removeModel(id: string): void;
  tokenize(text: string): Tokenized;
  run(input: Input, options: RunOptions): RunResult;
  predict(input: Input, options: { k?: number; edits?: Edit[] }): Predictions;
  generate(input: Input, options: GenerateOptions): Generated;
  encode(source: Source, dictionary: string): Latents;
  decode(dictionary: string, latents: Latents, options: { x?: Array2 }): Array2;
  reconstruct(source: Source, dictionary: string): Array2;
  listDictionaries(): DictionaryInfo[];
  importDictionaries(files: PlainFile[], options: { pick?: number[] }): { dictionaries: DictionaryInfo[]; warnings: string[] };
  /** What `importDictionaries` would open, in the order that `pick` counts. */
  inspectDictionaries(files: PlainFile[]): { found: FoundDictionary[]; warnings: string[] };
  planPublished(source: PublishedSource, host: string): PublishedPlan;
  fetchPublished(
    source: PublishedSource,
    host: string,
    options: { pick?: number[] },
  ): { dictionaries: DictionaryInfo[]; warnings: string[] };
  /** Beginnings of published dictionaries that were not fetched to their end. */
  begunDownloads(): { id: string; bytes: number; here: number }[];
  removeDownload(id: string): void;
  /** Opens a dictionary that is not kept: one in training. Takes the place of an earlier one. */
  previewDictionary(files: PlainFile[], options: { label: string; replaces: string | null }): DictionaryInfo;
  exportDictionary(id: string, format: ExportFormat): Blob;
  removeDictionary(id: string): void;
  /** Brings back the one that was removed last. */
  restoreDictionary(id: string): void;
  /** Ids of those that will be here at the next visit. */
  keptDictionaries(): string[];
  /** Another tab changed what is kept. */
  refreshDictionaries(): void;
  evaluate(id: string, options: EvaluateOptions): Evaluation;
  dictionaryCard(id: string): DictionaryCard;
  densities(id: string): DictionaryDensities | null;
  vectors(id: string, latent: number): { enc: Float32Array; dec: Float32Array; b_enc: number };
  live(): Live;
}

/** What a method reports while it runs. */
export interface LensProgress {
  load: LoadProgress;
  importDictionaries: LoadProgress;
  fetchPublished: LoadProgress;
  generate: { id: number; text: string };
  /** Tokens. */
  evaluate: { done: number; total: number };
}
