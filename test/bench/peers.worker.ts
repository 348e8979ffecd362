/**
 * What the benchmark measures us against, in the same browser with the same threads: onnxruntime-web's plain
 * MatMul of the shapes a forward needs, and transformers.js's own forward of the same model file.
 */
import { AutoModelForCausalLM, env, Tensor } from '@xenova/transformers';
import * as ort from 'onnxruntime-web/wasm';
import asyncMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import cpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { writeModel } from '../../src/core/formats/onnxWriter.ts';
import { serve, type Channel } from '../../workers/rpc.ts';

const absolute = (url: string) => new URL(url, self.location.href).href;
const threads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
ort.env.wasm.wasmPaths = { mjs: absolute(cpuMjs), wasm: absolute(cpuWasm) };
ort.env.wasm.numThreads = threads;

interface Timing {
  rounds: number;
}

/** Median milliseconds of `work`, after one round to warm up. */
async function median(rounds: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** Milliseconds of x [tokens, in] · W [in, out] for each shape. */
async function matmuls({ tokens, shapes, rounds }: Timing & { tokens: number; shapes: [number, number][] }): Promise<number[]> {
  const results: number[] = [];
  for (const [from, to] of shapes) {
    const model = writeModel({
      name: 'matmul',
      nodes: [{ op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] }],
      inputs: [{ name: 'x', dims: ['N', from] }],
      outputs: ['y'],
      external: [{ name: 'W', dims: [from, to], location: 'weights', offset: 0 }],
      ints: [],
      floats: [],
    });
    const weights = Float32Array.from({ length: from * to }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      externalData: [{ path: 'weights', data: new Uint8Array(weights.buffer) }],
    });
    const data = Float32Array.from({ length: tokens * from }, (_, i) => ((i * 104729) % 1000) / 1000 - 0.5);
    const x = new ort.Tensor('float32', data, [tokens, from]);
    results.push(await median(rounds, () => session.run({ x })));
    await session.release();
  }
  return results;
}

/** Milliseconds of transformers.js's forward of a batch: every layer and the logits of every position. */
async function transformersForward({ batch, pos, base, rounds }: Timing & { batch: number; pos: number; base: string }): Promise<number> {
  env.allowLocalModels = true;
  env.allowRemoteModels = false;
  env.useBrowserCache = false;
  env.localModelPath = base;
  env.backends.onnx.wasm!.wasmPaths = { mjs: absolute(asyncMjs), wasm: absolute(asyncWasm) };
  env.backends.onnx.wasm!.numThreads = threads;
  const model = await AutoModelForCausalLM.from_pretrained('bookworm-9m', { dtype: 'fp32', device: 'wasm' });
  const ids = BigInt64Array.from({ length: batch * pos }, (_, i) => BigInt((i * 31) % 8000));
  const input_ids = new Tensor('int64', ids, [batch, pos]);
  const attention_mask = new Tensor('int64', new BigInt64Array(batch * pos).fill(1n), [batch, pos]);
  const time = await median(rounds, () => model({ input_ids, attention_mask }) as Promise<unknown>);
  await model.dispose();
  return time;
}

serve(self as unknown as Channel, {
  threads: () => threads,
  matmuls: (_, argument: Parameters<typeof matmuls>[0]) => matmuls(argument),
  transformersForward: (_, argument: Parameters<typeof transformersForward>[0]) => transformersForward(argument),
});
