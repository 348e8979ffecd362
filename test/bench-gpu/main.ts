/**
 * What `npm run bench:gpu` measures, in plain Node: the same work on a graphics card (through Dawn) and on the processor's
 * WASM kernels, training steps beside tfjs on the same adapter. scripts/benchGpu.mjs starts it.
 */
import { cpus } from 'node:os';
import { createRandom } from '../../src/core/array/random.ts';
import { createConfig } from '../../src/core/formats/dictionaries/convert.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import type { help, Helper } from '../../src/kernels/wasm/threads.ts';
import { openModelFolder } from '../../src/engine/node/engine.ts';
import { openMachine, type Machine } from '../../src/engine/node/machine.ts';
import { run } from '../../src/engine/model/run.ts';
import { measureRun } from './wholeRun.ts';
import { measureSteps } from './steps.ts';
import { difference, print, repeat } from './times.ts';

export interface BenchGpu {
  /** Folder of the model. */
  model: string;
  helpersOf: (source: typeof help) => () => Helper;
  /** Parts: forward, encode, steps, run. Absent: all. */
  only?: readonly string[];
  /** Longest time of a line; at least one measurement is made. */
  mostMs: number;
  /** Of the whole training run. */
  tokens: number;
}

const LAST = 'blocks.5.hook_resid_post';
/** `sigmas`: encoder bias in standard deviations of a product, chosen for an L0 of some tens. */
const ENCODE = [
  { d: 256, n: 1024, rows: 4096, sigmas: 1.75 },
  { d: 512, n: 32768, rows: 512, sigmas: 3.4 },
];

export async function bench(o: BenchGpu): Promise<void> {
  const wants = (part: string) => !o.only || o.only.includes(part);
  const threads = cpus().length;
  const open = (device: 'webgpu' | 'wasm') => openMachine({ device, threads, helpersOf: o.helpersOf });
  const machines: [string, Machine][] = [
    ['ours, WebGPU', await open('webgpu')],
    ['ours, WASM', await open('wasm')],
  ];
  console.log(`graphics: ${machines[0][1].name}`);
  console.log(
    `processor: ${cpus()[0]?.model ?? 'unknown'}, ${threads} threads; Node ${process.version}; a line takes about ${o.mostMs} ms`,
  );
  // It takes half a minute for one text of 256 tokens.
  const small = /swiftshader|llvmpipe/i.test(machines[0][1].name);
  if (small) console.log('This adapter is emulated in software: everything is made small, and only shows that it works.');
  if (wants('forward')) await measureForward(machines, o, small ? [1, 16] : [8, 256]);
  if (wants('encode')) await measureEncode(machines, o, small ? 16 : 1);
  if (wants('steps')) await measureSteps(machines, o.mostMs, small);
  for (const [, machine] of machines) machine.release();
  if (wants('run'))
    await measureRun(o, small ? { tokens: 1024, batch: 256, sizes: [128] } : { tokens: o.tokens, batch: 1024, sizes: [2048, 4096] });
}

async function measureForward(machines: [string, Machine][], { model: folder, mostMs }: BenchGpu, [batch, positions]: [number, number]) {
  console.log(`model forward to ${LAST}, ${batch} × ${positions} tokens, the activations read back`);
  const seen: Float32Array[] = [];
  for (const [name, machine] of machines) {
    const { model } = await openModelFolder(machine.runtime, folder);
    const random = createRandom(3);
    // Other text every time: a text seen before is remembered.
    const read = async () => {
      const ids = Array.from({ length: batch }, () => Array.from({ length: positions }, () => Math.floor(random() * 8000)));
      return (await run(model, { ids, isBatch: true }, { read: [LAST] })).acts[LAST].data;
    };
    seen.push(await read());
    const times = await repeat(mostMs, async () => void (await read()));
    print(name, times, batch * positions, seen.length > 1 ? difference(seen[1], seen[0]) : '');
    await model.release();
  }
}

/** @param part of the rows */
async function measureEncode(machines: [string, Machine][], { mostMs }: BenchGpu, part: number) {
  for (const { d, n, rows: most, sigmas } of ENCODE) {
    const rows = most / part;
    console.log(`encode ${rows} rows, d ${d}, n ${n}, ReLU, the active latents read back`);
    const dictionary = makeDictionary(d, n, sigmas);
    const x = numbers(rows * d, 4);
    const l0: number[] = [];
    for (const [name, { engine }] of machines) {
      let active = 0;
      const times = await repeat(mostMs, async () => void (active = await encodeAll(engine, dictionary, x)));
      l0.push(active / rows);
      print(name, times, rows, `L0 ${(active / rows).toFixed(2)}`);
      engine.forget(dictionary);
    }
    if (Math.abs(l0[0] - l0[1]) > 1e-3 * l0[1]) console.log('    NOT THE SAME LATENTS');
  }
}

async function encodeAll(engine: SaeEngine, dictionary: Dictionary, x: Float32Array): Promise<number> {
  const { d_in } = dictionary.config;
  const step = engine.rowsAtOnce(dictionary) * d_in;
  let active = 0;
  for (let at = 0; at < x.length; at += step) active += (await engine.encode(dictionary, x.subarray(at, at + step))).values.length;
  return active;
}

function makeDictionary(d: number, n: number, sigmas: number): Dictionary {
  const b_enc = new Float32Array(n).fill((-sigmas * Math.sqrt(d)) / 12);
  return {
    config: createConfig({ architecture: 'standard', d_in: d, d_sae: n }),
    tensors: { W_enc: numbers(d * n, 1), W_dec: numbers(n * d, 2), b_enc, b_dec: new Float32Array(d) },
  };
}

/** From -0.5 to 0.5. */
function numbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random() - 0.5);
}
