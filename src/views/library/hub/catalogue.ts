/**
 * Pythia on the hub. Sizes are worked out from the number of parameters in half precision, and tested against nothing:
 * the look-up asks the hub for the true ones.
 */

interface CatalogueModel {
  name: string;
  /** ONNX files, half precision where the repository has them. */
  onnx: string;
  /** The published checkpoint, with its training steps as revisions. */
  checkpoint: string;
  /** Bytes, roughly; older checkpoints carry masks that nobody needs. */
  onnxBytes: number;
  checkpointBytes: number;
}

const MASK_BYTES = 2048 * 2048;
const TOKENIZER_BYTES = 2.1e6;

function pythia(size: string, parameters: number, layers: number): CatalogueModel {
  const half = 2 * parameters + TOKENIZER_BYTES;
  return {
    name: `Pythia-${size.toUpperCase()}`,
    onnx: `Xenova/pythia-${size}${size === '14m' || size === '31m' ? '' : '-deduped'}`,
    checkpoint: `EleutherAI/pythia-${size}-deduped`,
    onnxBytes: half,
    checkpointBytes: half + layers * MASK_BYTES,
  };
}

export const CATALOGUE: readonly CatalogueModel[] = [
  pythia('14m', 14.07e6, 6),
  pythia('31m', 30.49e6, 6),
  pythia('70m', 70.43e6, 6),
  pythia('160m', 162.32e6, 12),
  pythia('410m', 405.33e6, 24),
];

/** Every repository of these sizes, for the box that takes any name. */
export const REPOSITORIES: readonly string[] = ['14m', '31m', '70m', '160m', '410m'].flatMap((size) =>
  ['EleutherAI', 'Xenova'].flatMap((owner) => [`${owner}/pythia-${size}`, `${owner}/pythia-${size}-deduped`]),
);

/** Branches of Pythia's checkpoints: powers of two to 512, then every thousandth step. */
export const STEPS: readonly string[] = [
  'main',
  'step0',
  ...Array.from({ length: 10 }, (_, i) => `step${2 ** i}`),
  ...Array.from({ length: 143 }, (_, i) => `step${1000 * (i + 1)}`),
];
