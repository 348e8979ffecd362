/** How many tokens a second a dictionary encodes, beside onnxruntime-web's MatMul of the same product. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `sigmas`: encoder bias in standard deviations of a product, chosen for an L0 of some tens. */
const SHAPES = [
  { d: 256, n: 1024, tokens: 4096, sigmas: 1.75 },
  { d: 512, n: 32768, tokens: 512, sigmas: 3.4 },
];
const ROUNDS = 5;

/** Numbers from -0.5 to 0.5, the same at every run. @param {number} length @param {number} seed */
function numbers(length, seed) {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 32 - 0.5;
  }
  return values;
}

/** A SAELens folder of architecture "standard". @param {string} folder @param {typeof SHAPES[number]} shape */
function writeStandard(folder, { d, n, sigmas }) {
  const tensors = {
    W_enc: { shape: [d, n], values: numbers(d * n, 1) },
    W_dec: { shape: [n, d], values: numbers(d * n, 2) },
    b_enc: { shape: [n], values: new Float32Array(n).fill((-sigmas * Math.sqrt(d)) / 12) },
    b_dec: { shape: [d], values: new Float32Array(d) },
  };
  let end = 0;
  const header = Object.entries(tensors).map(([name, { shape, values }]) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(
    join(folder, 'sae_weights.safetensors'),
    Buffer.concat([length, json, ...Object.values(tensors).map(({ values }) => Buffer.from(values.buffer))]),
  );
  const cfg = { architecture: 'standard', d_in: d, d_sae: n, dtype: 'float32', device: 'cpu', apply_b_dec_to_input: false };
  const metadata = { sae_lens_version: '6.18.0', hook_name: 'blocks.0.hook_resid_post', model_name: 'none' };
  writeFileSync(join(folder, 'cfg.json'), JSON.stringify({ ...cfg, normalize_activations: 'none', reshape_activations: 'none', metadata }));
}

/** @param {(url: string) => Promise<import('playwright-core').Page>} open @param {string} app @param {string} peers */
export async function benchEncode(open, app, peers) {
  for (const shape of SHAPES) {
    const { d, n, tokens } = shape;
    const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
    try {
      writeStandard(folder, shape);
      const page = await open(app);
      await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input type=file id=bench multiple hidden>')");
      await page.setInputFiles('#bench', [join(folder, 'cfg.json'), join(folder, 'sae_weights.safetensors')]);
      const ours = await page.evaluate(`(async () => {
        const f = window.featurescope; await f.ready;
        const { dictionaries: [{ id }] } = await f.dictionaries.import([...document.getElementById('bench').files]);
        const data = Float32Array.from({ length: ${tokens * d} }, (_, i) => ((i * 104729) % 1009) / 1009 - 0.5);
        const acts = { data, shape: [${tokens}, ${d}] };
        const median = async (work) => {
          await work();
          const times = [];
          for (let i = 0; i < ${ROUNDS}; i++) { const t = performance.now(); await work(); times.push(performance.now() - t); }
          return times.sort((a, b) => a - b)[${Math.floor(ROUNDS / 2)}];
        };
        const latents = await f.encode({ acts }, id);
        const encode = await median(() => f.encode({ acts }, id));
        const decode = await median(() => f.decode(id, latents));
        await f.dictionaries.remove(id);
        return { encode, decode, l0: latents.values.length / ${tokens}, kernels: (await f.live()).kernels };
      })()`);
      await page.close();
      const peer = await open(peers);
      const argument = JSON.stringify({ shapes: [[d, n]], tokens, rounds: ROUNDS });
      const [product] = await peer.evaluate(`window.peers('matmuls', ${argument})`);
      const threads = await peer.evaluate("window.peers('threads')");
      await peer.close();
      const rate = (/** @type {number} */ ms) => `${ms.toFixed(1)} ms   ${((1000 * tokens) / ms).toFixed(0)} tokens/s`;
      const flops = (/** @type {number} */ ms) => `${((2 * d * n * tokens) / ms / 1e6).toFixed(0)} GFLOP/s`;
      console.log(`encode ${tokens} tokens, d ${d}, n ${n}, L0 ${ours.l0.toFixed(0)}, through the scripting interface (${ours.kernels})`);
      console.log(`  ours, 1 thread                      ${rate(ours.encode)}   ${flops(ours.encode)}`);
      console.log(`  onnxruntime-web MatMul, ${threads} thread(s)  ${rate(product)}   ${flops(product)}`);
      console.log(`  ours reaches ${((100 * product) / ours.encode).toFixed(0)} % of it; decoding ${rate(ours.decode)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
