/** A matrix on the device as panels of latents, kept while it fits. */
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { getPlan } from '../../core/sae/plan.ts';
import { packWeights, ruleOf } from '../pack.ts';
import { createStorage } from './buffers.ts';
import { TILE } from './shaders.ts';

/** A panel stays below the smallest limit of a binding, 128 MiB. */
const PANEL_BYTES = 64 * 2 ** 20;
/** More latents in a panel would leave few rows for a block of entries. */
const MOST_LATENTS = 2 ** 14;

interface Panel {
  first: number;
  latents: number;
}

/** The latents of a dictionary in panels that fit a binding, all but the last of the same size. */
function listPanels({ d_in, d_out, d_sae }: Dictionary['config']): Panel[] {
  const width = Math.max(d_in, d_out);
  const fit = Math.max(1, Math.floor(PANEL_BYTES / (4 * width * TILE))) * TILE;
  const size = Math.min(fit, MOST_LATENTS);
  const panels: Panel[] = [];
  for (let first = 0; first < d_sae; first += size) panels.push({ first, latents: Math.min(size, d_sae - first) });
  return panels;
}

/** What a dictionary has on the device. Matrices above the bound are uploaded a panel at a time and dropped. */
export class DeviceDictionary {
  readonly panels: Panel[];
  readonly #dictionary: Dictionary;
  readonly #isKept: boolean;
  readonly #encoder: GPUBuffer[] = [];
  readonly #decoder: GPUBuffer[] = [];
  #rules: GPUBuffer | undefined;

  constructor(dictionary: Dictionary, isKept: boolean) {
    this.#dictionary = dictionary;
    this.#isKept = isKept;
    this.panels = listPanels(dictionary.config);
  }

  get bytes(): number {
    return [...this.#encoder, ...this.#decoder, this.#rules].reduce((sum, buffer) => sum + (buffer?.size ?? 0), 0);
  }

  /** gain, bias, threshold, gate of every latent */
  rules(device: GPUDevice): GPUBuffer {
    const plan = getPlan(this.#dictionary);
    if (this.#rules) return this.#rules;
    const rules = new Float32Array(4 * this.#dictionary.config.d_sae);
    for (let j = 0; 4 * j < rules.length; j++) {
      const { gain, bias, threshold, gate } = ruleOf(plan, j);
      rules.set([gain, bias, threshold, gate], 4 * j);
    }
    return (this.#rules = createStorage(device, rules));
  }

  /** Encoder weights of a panel, [groups][d_in][TILE]; valid until `work` ends. */
  withEncoder<T>(device: GPUDevice, panel: number, work: (weights: GPUBuffer) => Promise<T>): Promise<T> {
    return this.#with(this.#encoder, panel, work, () => {
      const { d_in } = this.#dictionary.config;
      const { first, latents } = this.panels[panel];
      const packed = new Float32Array(Math.ceil(latents / TILE) * TILE * d_in);
      packWeights(getPlan(this.#dictionary), d_in, first, latents, TILE, packed);
      return createStorage(device, packed);
    });
  }

  /** Decoder rows of a panel as stored; valid until `work` ends. */
  withDecoder<T>(device: GPUDevice, panel: number, work: (directions: GPUBuffer) => Promise<T>): Promise<T> {
    return this.#with(this.#decoder, panel, work, () => {
      const { d_out } = this.#dictionary.config;
      const { first, latents } = this.panels[panel];
      return createStorage(device, getPlan(this.#dictionary).decoder.subarray(first * d_out, (first + latents) * d_out));
    });
  }

  destroy(): void {
    for (const buffer of [...this.#encoder.splice(0), ...this.#decoder.splice(0), this.#rules]) buffer?.destroy();
    this.#rules = undefined;
  }

  async #with<T>(kept: GPUBuffer[], panel: number, work: (buffer: GPUBuffer) => Promise<T>, create: () => GPUBuffer): Promise<T> {
    if (this.#isKept) return work((kept[panel] ??= create()));
    const buffer = create();
    try {
      return await work(buffer);
    } finally {
      buffer.destroy();
    }
  }
}
