/**
 * The whole product short of the page, in Node: the scripting interface over the lens session, joined by two
 * ports as page and worker are, on onnxruntime-web's WASM build.
 */
import { readFileSync } from 'node:fs';
import { join as joinPath, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web';
import { createApi } from '../../src/app/createApi.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import type { Kept } from '../../src/app/kept.ts';
import type { Hub } from '../../src/cache/hub/hub.ts';
import type { CorpusStore } from '../../src/cache/corpusStore.ts';
import { Runtime } from '../../src/engine/model/runtime.ts';
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import { createLensServices, type LensServices } from '../../workers/lens/services.ts';
import { fakeKept } from './fakeKept.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import { createNodeEngine } from './kernels.ts';
import { memoryIndices } from './memoryIndices.ts';
import { createRemote, handlersOf, type Remote, type Services } from '../../workers/remote.ts';
import { connect, serve } from '../../workers/rpc.ts';
import { createStudyServices, type StudyServices } from '../../workers/study/services.ts';

const BASE = `file://${resolve(import.meta.dirname, '../../public')}/`;

export function createNodeRuntime(threads = 1): Runtime {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return new Runtime({ ort: ort, threads });
}

const fetchFromNet = globalThis.fetch;

/** `fetch` also for file: addresses, which Node's lacks; a missing file is a 404 as on a server. */
function fetchFile(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input);
  if (!url.startsWith('file:')) return fetchFromNet(input, init);
  try {
    return Promise.resolve(new Response(readFileSync(fileURLToPath(url))));
  } catch {
    return Promise.resolve(new Response('', { status: 404 }));
  }
}

/** Nobody added a text. */
const noCorpora: CorpusStore = {
  list: () => Promise.resolve([]),
  open: () => Promise.resolve(undefined),
  save: () => Promise.reject(new Error('This store keeps nothing.')),
  remove: () => Promise.resolve(),
};

export interface NodeApi {
  api: FeaturescopeApi;
  lens: Lens;
  study: Study;
  close(): void;
}

export interface NodeSettings {
  /** What outlasts the page; another page with the same is the next visit. */
  kept?: Kept;
  hub?: Hub;
  fallback?: string;
  /** Where models and dictionaries run; absent: on the CPU. */
  gpu?: { createRuntime: () => Promise<Runtime>; createEngine: (runtime: Runtime) => SaeEngine };
}

/** Services and their remote, joined by two ports as page and worker are. */
export function join<S extends Services<S>>(services: S): { remote: Remote<S>; close: () => void } {
  const { port1, port2 } = new MessageChannel();
  serve(port2, handlersOf(services));
  const remote = createRemote<S>(connect(port1));
  port1.start();
  port2.start();
  return {
    remote,
    close() {
      port1.close();
      port2.close();
    },
  };
}

export function createNodeApi(model = 'bookworm-9m', { kept = fakeKept(), hub, fallback, gpu }: NodeSettings = {}): NodeApi {
  globalThis.fetch = fetchFile;
  const platform = {
    createRuntime: gpu?.createRuntime ?? (() => Promise.resolve(createNodeRuntime())),
    createEngine: (runtime: Runtime) => Promise.resolve(gpu?.createEngine(runtime) ?? createNodeEngine()),
    corpora: noCorpora,
    indices: memoryIndices(),
    ...(hub && { hub: () => Promise.resolve(hub) }),
  };
  const lens = join<LensServices>(createLensServices(platform));
  const study = join<StudyServices>(createStudyServices(platform));
  void study.remote.device.open([{ device: 'wasm', base: BASE }]);
  const api = createApi(lens.remote, {
    version: 'test',
    base: BASE,
    study: study.remote,
    device: 'wasm',
    model,
    onStartupProgress: () => {},
    startupSignal: new AbortController().signal,
    kept,
    ...(fallback !== undefined && { fallback }),
  });
  return {
    api,
    lens: lens.remote,
    study: study.remote,
    close() {
      lens.close();
      study.close();
    },
  };
}

/** Files of a folder under test/fixtures/models as a drop would give them. */
export function diskFiles(folder: string, paths: readonly string[]): { path: string; data: Blob }[] {
  return paths.map((path) => ({ path, data: new Blob([readFileSync(joinPath(folder, path))]) }));
}
