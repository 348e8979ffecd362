/** The engine in Node: onnxruntime-web's WASM build, models from folders on disk. */
import { openAsBlob, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { openModelFiles } from '../../src/core/formats/modelFiles.ts';
import { createParameters } from '../../src/core/lm/parameters.ts';
import { loadHookedModel, type HookedModel } from '../../workers/engine/hookedModel.ts';
import { Runtime, type OrtModule } from '../../workers/engine/runtime.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export function createNodeRuntime(): Runtime {
  return new Runtime({ ort: ort as unknown as OrtModule, threads: 1 });
}

/** Files of a folder as a drop would give them. `only` keeps those whose path ends so. */
export async function folderFiles(folder: string, only: readonly string[]): Promise<{ path: string; data: Blob }[]> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((p) => statSync(join(folder, p)).isFile());
  const chosen = paths.filter((p) => only.some((end) => p === end || p.endsWith(`/${end}`)));
  return Promise.all(chosen.map(async (path) => ({ path, data: await openAsBlob(join(folder, path)) })));
}

export async function loadFolder(runtime: Runtime, folder: string, weights: string): Promise<HookedModel> {
  const files = await folderFiles(folder, [weights, 'config.json'].concat(weights.includes('shard') ? ['x'] : []));
  const wanted = files.filter((f) => f.path === weights || f.path === 'config.json');
  const opened = await openModelFiles(wanted);
  return loadHookedModel(runtime, opened.config, createParameters(opened.config, opened.checkpoint));
}
