/** What the WASM training kernels know of an architecture; one that stands here can run on them. */
import type { TrainableConfig } from '../../core/train/architectures/index.ts';

export interface WasmForm {
  /** Its number in assembly/plan.ts. */
  code: number;
  /** One matrix, normalised in the forward pass, and no b_dec. */
  isTied: boolean;
  /** Keeps k latents of a row, with the auxiliary loss for dead ones. */
  isTopk: boolean;
  /** A latent counts in the sparsity term by its decoder row's norm. */
  weighsNorms: boolean;
  /** Smallest norm that is divided by. */
  least: number;
}

const FORMS: Readonly<Record<string, WasmForm>> = {
  tied: { code: 0, isTied: true, isTopk: false, weighsNorms: false, least: 1e-8 },
  standard: { code: 1, isTied: false, isTopk: false, weighsNorms: true, least: 0 },
  topk: { code: 2, isTied: false, isTopk: true, weighsNorms: false, least: 0 },
};

/** Settings of those that keep k latents. */
export type TopkSettings = Extract<TrainableConfig, { architecture: 'topk' }>;

export function wasmTrains({ architecture }: TrainableConfig): boolean {
  return Object.hasOwn(FORMS, architecture);
}

/** @throws Error for an architecture that the kernels do not know: ask `wasmTrains` first */
export function wasmFormOf({ architecture }: TrainableConfig): WasmForm {
  const form = FORMS[architecture];
  if (!form) throw new Error(`The WASM kernels do not train ${architecture}.`);
  return form;
}

/** The same settings where they are of TopK. */
export function topkSettings(config: TrainableConfig): TopkSettings | undefined {
  return wasmFormOf(config).isTopk ? (config as TopkSettings) : undefined;
}
