/** Facts about the model in use and the one being opened. */
import type { DeviceInfo, FileIn, HubModel, LoadProgress, ModelInfo, RandomModel } from '../../api/model.ts';

type Boot = { status: 'loading'; progress: LoadProgress | null } | { status: 'ready' } | { status: 'failed'; message: string };

type LoadTask =
  | { status: 'idle' }
  | { status: 'loading'; name: string; progress: LoadProgress | null }
  /** `again`: what another try goes on with. */
  | { status: 'failed'; name: string; message: string; kept: string | null; again?: ToOpen };

/** A model as `models.load` takes it. */
export type ToOpen = string | FileIn[] | HubModel | RandomModel;

export interface ModelFacts {
  boot: Boot;
  model: ModelInfo | null;
  models: ModelInfo[];
  device: DeviceInfo | null;
  load: LoadTask;
  /** A model that a link names and that is not open. */
  wantedModel: { id: string; hash: string } | null;
}

export interface ModelActions {
  /** Opens the model of the start again after it failed. */
  retryBoot: () => void;
  loadModel: (source: ToOpen, name: string) => Promise<void>;
  cancelLoad: () => void;
  dismissLoad: () => void;
}

export const initialModelFacts: ModelFacts = {
  boot: { status: 'loading', progress: null },
  model: null,
  models: [],
  device: null,
  load: { status: 'idle' },
  wantedModel: null,
};
