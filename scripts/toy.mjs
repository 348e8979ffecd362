/**
 * `npm run toy`: tied dictionaries on data whose 512 true features in 256 dims are known, one for each weight of the
 * L1 term, and how much of the truth each finds (reference: Sharkey et al. 2022; src/core/train/toy.ts).
 *   npm run toy -- --steps 2000 --alphas 0.0005,0.001
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';
import { buildKernels } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    alphas: { type: 'string', default: '0.00025,0.00035,0.0005,0.001' },
    steps: { type: 'string', default: '6000' },
    batch: { type: 'string', default: '256' },
    seed: { type: 'string', default: '1' },
  },
});

await buildKernels();
const { sweepToy, createWasmTrainer, chooseBuild, TOY } = await import(await bundle('test/helpers/toy.ts'));
const build = chooseBuild();
const module = new WebAssembly.Module(readFileSync(join(import.meta.dirname, `../src/kernels/wasm/built/train-${build}.wasm`)));
const alphas = values.alphas.split(',').map(Number);
const [steps, batch, seed] = [values.steps, values.batch, values.seed].map(Number);
const run = { ...TOY, d_sae: 1024, lr: 3e-3, steps, batch, seed };

console.log(
  `${run.features} features in ${run.d} dims, ${run.active} active a row; ${run.d_sae} latents, ${steps} steps of ${batch} rows\n`,
);
console.log('   alpha    MMCS  found   dead      L0     FVU');
const begun = performance.now();
/** @type {import('../test/helpers/toy.ts').Recovery[]} */
const results = await sweepToy(
  run,
  alphas,
  (/** @type {unknown} */ config, /** @type {unknown} */ parameters, /** @type {number} */ rows) =>
    createWasmTrainer(module, build, config, parameters, rows),
  (/** @type {import('../test/helpers/toy.ts').Recovery} */ { alpha, mmcs, found, dead, l0, fvu }) =>
    console.log(
      [String(alpha).padStart(8), mmcs.toFixed(4), String(found).padStart(5), String(dead).padStart(5), l0.toFixed(2), fvu.toFixed(4)]
        .map((cell) => cell.padStart(6))
        .join('  '),
    ),
);
const best = results.reduce((a, b) => (b.mmcs > a.mmcs ? b : a));
console.log(
  `\nBest: alpha ${best.alpha}, MMCS ${best.mmcs.toFixed(4)}, in ${Math.round((performance.now() - begun) / 1000)} s on ${build} SIMD.`,
);
