/**
 * The scripting interface: everything the screens can do, callable from the console as
 * `window.featurescope`. The screens use these same functions. Documented in README.
 */
import type {
  Array2,
  DeviceInfo,
  Edit,
  GenerateOptions,
  Generated,
  Input,
  LoadProgress,
  ModelInfo,
  Predictions,
  RunOptions,
  RunResult,
  Tokenized,
} from '../core/lm/types.ts';

export type * from '../core/lm/types.ts';

/** A file a person dropped or a script made. `path` may hold folders (`onnx/model.onnx`). */
export type FileIn = File | { path: string; data: Blob | Uint8Array };

export type LoadOptions = { onProgress?: (progress: LoadProgress) => void; signal?: AbortSignal };
export type CallOptions = { signal?: AbortSignal };

/** Every method that rejects does so with an Error whose message is a sentence for a person. */
export interface FeaturescopeApi {
  /** Version of the page, as in package.json. */
  readonly version: string;
  /** Settles when the model named by the address bar, else the default, answers run(). */
  readonly ready: Promise<void>;
  /** @throws before `ready` */
  device(): DeviceInfo;
  models: {
    /** Models that ship with the page, and the one loaded from files if any. */
    list(): Promise<ModelInfo[]>;
    /** Replaces the current model when the new one is whole; a refused one leaves it as it was. */
    load(id: string | FileIn[], options?: LoadOptions): Promise<ModelInfo>;
    /** @throws before `ready` */
    current(): ModelInfo;
  };
  /** What the engine holds: sessions, buffers on the device, calls not ended. For finding leaks. */
  live(): Promise<{ sessions: number; buffers: number; calls: number }>;
  /** Spans are character ranges in `text.normalize('NFC')`. */
  tokenize(text: string): Promise<Tokenized>;
  run(input: Input, options?: RunOptions & CallOptions): Promise<RunResult>;
  /** Next-token statistics of one text (not a batch), computed where the model is. `k` defaults to 10. */
  predict(input: Input, options?: { k?: number; edits?: Edit[] } & CallOptions): Promise<Predictions>;
  generate(input: Input, options: GenerateOptions & CallOptions & { onToken?: (id: number, text: string) => void }): Promise<Generated>;
}

declare global {
  interface Window {
    featurescope: FeaturescopeApi;
  }
}

export type { Array2 };
