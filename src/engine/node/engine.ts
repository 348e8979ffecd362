/** The engine in plain Node: ONNX Runtime's WASM build, our kernels, models and corpora from disk. Used by scripts. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as ort from 'onnxruntime-web';
import { UsageError } from '../../core/errors.ts';
import { openModelFiles } from '../../core/formats/modelFiles.ts';
import { createParameters } from '../../core/lm/parameters.ts';
import { joinDocuments } from '../../core/train/stream.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { createPlainEngine } from '../../kernels/plain.ts';
import { WasmEngine } from '../../kernels/wasm/engine.ts';
import { chooseBuild } from '../../kernels/wasm/kernels.ts';
import { WebgpuEngine } from '../../kernels/webgpu/engine.ts';
import { cutText, PIECE_CHARACTERS } from '../text/corpora.ts';
import { readDocuments } from '../text/documents.ts';
import { loadHookedModel, type HookedModel } from '../model/hookedModel.ts';
import { Runtime, type OrtModule } from '../model/runtime.ts';
import { createTokenizer, type Tokenizer } from '../model/tokenizer.ts';

const ROOT = process.cwd();
const BUILT = join(ROOT, 'src/kernels/wasm/built');
const CORPORA = join(ROOT, 'public/corpora');
/** Those that may lie in a model's folder. */
const MODEL_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'onnx/model.onnx',
  'model.safetensors',
];

export interface NodeModel {
  id: string;
  model: HookedModel;
  tokenizer?: Tokenizer;
}

/** A module of the WASM kernels, by its file's name without ending: 'train-relaxed'. */
export function readKernels(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(join(BUILT, `${name}.wasm`)));
}

export function createRuntime(threads: number): Runtime {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return new Runtime({ ort, threads });
}

/** @param device of `openGpu` */
export async function createGpuRuntime(device: GPUDevice): Promise<Runtime> {
  const gpu = (await import('onnxruntime-web/webgpu')) as unknown as OrtModule;
  // Its own ways to its file and to threads are a browser's; the card needs neither.
  gpu.env.wasm.wasmBinary = readFileSync(join(ROOT, 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm'));
  gpu.env.wasm.numThreads = 1;
  gpu.env.logLevel = 'error';
  return new Runtime({ ort: gpu, threads: 1, device });
}

/** What encodes and decodes: on the runtime's graphics card where it has one. */
export function createEngine(runtime?: Runtime): SaeEngine {
  if (runtime?.kind === 'webgpu') return new WebgpuEngine((label, work) => runtime.onDevice(label, work));
  const build = chooseBuild();
  return build ? new WasmEngine(readKernels(build), build) : createPlainEngine();
}

/** @param folder with config.json and weights. @throws UsageError when there is none; FormatError */
export async function openModelFolder(runtime: Runtime, folder: string): Promise<NodeModel> {
  const id = basename(resolve(folder));
  const present = MODEL_FILES.filter((path) => existsSync(join(folder, path)));
  if (!present.includes('config.json')) throw new UsageError(`There is no model in ${folder}: config.json is missing.`);
  const files = present.map((path) => ({ path: `${id}/${path}`, data: new Blob([readFileSync(join(folder, path))]) }));
  const opened = await openModelFiles(files);
  const tokenizer = opened.tokenizer && createTokenizer(opened.tokenizer.tokenizer, opened.tokenizer.config);
  const model = await loadHookedModel(runtime, opened.config, createParameters(opened.config, opened.checkpoint));
  return { id, model, ...(tokenizer && { tokenizer }) };
}

/**
 * Token ids of corpora: `.u16` files hold them already (little-endian), others are text for the model's tokenizer.
 * @param names paths, or names of the corpora that ship with the page
 * @param say is told what of them was left out, in sentences
 */
export async function readCorpus(
  names: readonly string[],
  { model, tokenizer }: NodeModel,
  say: (sentence: string) => void,
): Promise<Uint16Array | Uint32Array> {
  const parts: (Uint16Array | Uint32Array)[] = [];
  for (const name of names) {
    const path = findCorpus(name);
    if (path.endsWith('.u16')) {
      parts.push(readIds(path));
      continue;
    }
    if (!tokenizer) throw new UsageError(`The model came without tokenizer.json, so ${name} must be token ids (.u16).`);
    const { documents, warnings } = await readDocuments({ path, data: new Blob([readFileSync(path)]) });
    warnings.forEach(say);
    const encoded = documents.map((text) => [...cutText(text, PIECE_CHARACTERS)].flatMap((piece) => tokenizer.encode(piece)));
    parts.push(joinDocuments(encoded, model.config.eos_token_id));
  }
  if (parts.length === 1) return parts[0];
  const ids = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return ids;
}

/** @throws UsageError when a file is not there or holds half a number */
export function readIds(path: string): Uint16Array {
  const bytes = readFileSync(path);
  if (bytes.length % 2 !== 0) throw new UsageError(`${path} holds an odd number of bytes, so it is no file of 16-bit ids.`);
  return new Uint16Array(Uint8Array.from(bytes).buffer);
}

function findCorpus(name: string): string {
  const found = [name, ...['.txt', '.jsonl'].map((ending) => join(CORPORA, `${name}${ending}`))].find((path) => existsSync(path));
  if (!found) throw new UsageError(`There is no corpus called ${name}: neither a file nor one that ships with the page.`);
  return found;
}
