/**
 * The scripting interface: everything the screens can do, callable from the console as
 * `window.featurescope`. The screens use these same functions. Documented in README.
 */
import type { CausalApi } from './causal.ts';
import type { DictionariesApi, EncodingApi } from './dictionaries.ts';
import type { BaselinesApi, FeaturesApi, IndexApi } from './features.ts';
import type { LabelsApi } from './labels.ts';
import type { AskedHost, InferenceApi, ModelsApi } from './model.ts';
import type { OfflineApi, SettingsApi, StorageApi } from './storage.ts';
import type { TrainingApi } from './training.ts';

/** Every method that rejects does so with an Error whose message is a sentence for a person. */
export interface FeaturescopeApi
  extends InferenceApi, EncodingApi, TrainingApi, CausalApi, Pick<FeaturesApi, 'effects' | 'weights' | 'neighbours' | 'rule' | 'report'> {
  /** Version of the page, as in package.json. */
  readonly version: string;
  /** Settles when the model named by the address bar, else the default, answers run(); asked again later, when any model does. */
  readonly ready: Promise<void>;
  models: ModelsApi;
  dictionaries: DictionariesApi;
  baselines: BaselinesApi;
  index: IndexApi;
  labels: LabelsApi;
  settings: SettingsApi;
  storage: StorageApi;
  offline: OfflineApi;
  /** Every host asked since the page was opened; workers that are not counted ask this page's own server only. */
  requests(): Promise<AskedHost[]>;
}

declare global {
  interface Window {
    featurescope: FeaturescopeApi;
  }
}
