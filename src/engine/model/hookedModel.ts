/**
 * A model as sessions: one per block, the final norm and the unembedding, and the embedding as rows in
 * memory (a lookup is a copy; docs/decisions/embedding.md). Weights go through one block-sized buffer, so loading
 * needs little more than the model itself.
 */
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import type { ExternalTensor, Graph } from '../../core/formats/onnxWriter.ts';
import type { ModelConfig } from '../../core/lm/config.ts';
import { blockGraph, finalNormGraph, unembedGraph, type Place } from '../../core/lm/graphs.ts';
import type { Parameters } from '../../core/lm/parameters.ts';
import type { Runtime, Session } from './runtime.ts';
import { createModelHash } from './modelHash.ts';

export interface HookedModel {
  readonly config: ModelConfig;
  readonly runtime: Runtime;
  /** W_E [d_vocab, d_model] */
  readonly embedding: Float32Array;
  readonly blocks: readonly Session[];
  readonly finalNorm: Session;
  readonly unembed: Session;
  readonly parameters: number;
  readonly hash: string;
  release(): Promise<void>;
}

interface LoadModelOptions {
  onValues?: (done: number, total: number) => void;
  stop?: Stop;
}

/** Outputs that stay on the GPU from block to block. */
const ON_DEVICE = ['resid_post', 'present_k', 'present_v'];

/**
 * Builds the sessions of a model. On any failure everything built so far is released.
 * @throws FormatError for bad weights, EngineError for lack of memory, AbortedError
 */
export async function loadHookedModel(
  runtime: Runtime,
  config: ModelConfig,
  parameters: Parameters,
  { onValues, stop }: LoadModelOptions = {},
): Promise<HookedModel> {
  const sessions: Session[] = [];
  const release = async () => {
    await Promise.allSettled(sessions.splice(0).map((session) => session.release()));
  };
  const hash = createModelHash();
  let done = 0;
  const read = async (name: string) => {
    throwIfStopped(stop);
    const values = await parameters.read(name);
    await hash.add(name, values);
    done += values.length;
    onValues?.(done, parameters.totalValues);
    return values;
  };
  const build = async (make: (place: Place) => Graph, onDevice?: readonly string[]) => {
    const { graph, weights } = await collectWeights(make, read);
    throwIfStopped(stop);
    const session = await runtime.createSession(graph, weights, onDevice);
    sessions.push(session);
    return session;
  };
  try {
    // The largest first, while nothing else is held.
    const unembed = await build((place) => unembedGraph(config, place));
    const embedding = await read('embed.W_E');
    const blocks: Session[] = [];
    for (let i = 0; i < config.n_layers; i++) {
      blocks.push(await build((place) => blockGraph(config, `blocks.${i}`, place), ON_DEVICE));
    }
    const finalNorm = await build((place) => finalNormGraph(config, place));
    const digest = await hash.finish();
    return { config, runtime, embedding, blocks, finalNorm, unembed, parameters: parameters.totalValues, hash: digest, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Reads the parameters a graph names into one buffer; a graph of one parameter uses its array as it is. */
async function collectWeights(
  make: (place: Place) => Graph,
  read: (name: string) => Promise<Float32Array>,
): Promise<{ graph: Graph; weights: Uint8Array }> {
  let bytes = 0;
  const place: Place = (name, dims): ExternalTensor => {
    const tensor = { name, dims, location: 'weights', offset: bytes };
    bytes += 4 * dims.reduce((a, b) => a * b, 1);
    return tensor;
  };
  const graph = make(place);
  if (graph.external.length === 1) return { graph, weights: asBytes(await read(graph.external[0].name)) };
  const weights = new Float32Array(bytes / 4);
  for (const tensor of graph.external) weights.set(await read(tensor.name), tensor.offset / 4);
  return { graph, weights: asBytes(weights) };
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
