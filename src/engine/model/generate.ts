/**
 * The call `generate`: transformers.js's generation loop over our sessions. The hooked model stands in as
 * the session of its GPTNeoXForCausalLM; keys and values stay with us (on the device), and transformers.js
 * only learns how many there are. Choosing the token is a logits processor with its own seeded generator,
 * since the library's sampler uses one generator for the whole page and a session of its own for top-k.
 */
import './transformersRuntime.ts';
import {
  BaseStreamer,
  GPTNeoXForCausalLM,
  LogitsProcessor,
  LogitsProcessorList,
  PretrainedConfig,
  StoppingCriteria,
  Tensor,
} from '@xenova/transformers';
import { Tensor as OrtTensor } from 'onnxruntime-common';
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import { createRandom } from '../../core/array/random.ts';
import { checkEdits } from '../../core/lm/checkEdits.ts';
import { pickToken } from '../../core/lm/sampling.ts';
import type { GenerateOptions } from '../../api/model.ts';
import { kernelEncoder } from './encodeRows.ts';
import { disposeCache, forward } from './forward.ts';
import type { EncodeArriving, KeyValues } from './forwardJob.ts';
import type { HookedModel } from './hookedModel.ts';
import { checkRows, type EditMeans } from './run.ts';
import { unembed } from './unembed.ts';

export interface GenerateJob extends EditMeans {
  options: GenerateOptions;
  /** Ids from here up are padding and never chosen. */
  n_tokens: number;
  onToken?: (id: number) => void;
  stop?: Stop;
}

/**
 * @returns the new ids, the one that ended the text included
 * @throws UsageError before anything is computed; AbortedError; EngineError
 */
export async function generate(model: HookedModel, prompt: number[], job: GenerateJob): Promise<number[]> {
  const { options, stop } = job;
  const settings = checkOptions(model, prompt, options);
  const session = new GenerationSession(model, prompt, job);
  const causal = new GPTNeoXForCausalLM(new PretrainedConfig(hubConfig(model)), { model: session }, {});
  const processors = new LogitsProcessorList();
  processors.push(new ChooseToken(settings, job.n_tokens));
  const produced: number[] = [];
  const streamer = new Collect((id) => {
    if (session.failure) return;
    produced.push(id);
    job.onToken?.(id);
  });
  try {
    if (options.tokens > 0) {
      await causal.generate({
        inputs: new Tensor('int64', BigInt64Array.from(prompt, BigInt), [1, prompt.length]),
        max_new_tokens: options.tokens,
        do_sample: false,
        eos_token_id: stopTokens(model),
        pad_token_id: model.config.eos_token_id,
        logits_processor: processors,
        stopping_criteria: new StopWhen(() => session.failure !== undefined || stop?.aborted === true),
        streamer,
      } as never);
    }
  } finally {
    session.dispose();
  }
  throwIfStopped(stop);
  if (session.failure) throw session.failure.error;
  return produced;
}

interface Settings {
  temperature: number;
  top_k: number;
  random: () => number;
}

function checkOptions(model: HookedModel, prompt: number[], options: GenerateOptions): Settings {
  checkRows({ ids: [prompt], isBatch: false }, model.config);
  const { tokens, temperature = 0, top_k = 0, seed = 0 } = options;
  if (!Number.isInteger(tokens) || tokens < 0) throw new UsageError('`tokens` must be a whole number, 0 or more.');
  const total = prompt.length + tokens;
  if (total > model.config.n_ctx) {
    throw new UsageError(
      `${prompt.length} tokens of text and ${tokens} new ones are ${total}, but this model reads ${model.config.n_ctx} at once.`,
    );
  }
  if (!Number.isFinite(temperature) || temperature < 0) throw new UsageError('`temperature` must be 0 (greedy) or a positive number.');
  if (!Number.isInteger(top_k) || top_k < 0) throw new UsageError('`top_k` must be a whole number; 0 means all.');
  if (!Number.isInteger(seed)) throw new UsageError('`seed` must be a whole number.');
  return { temperature, top_k, random: createRandom(seed) };
}

/** The library's word for none is null. */
function stopTokens({ config }: HookedModel): number[] | null {
  return config.stop_token_ids.length > 0 ? config.stop_token_ids : null;
}

/** What transformers.js needs to know to drive a causal model with a cache. */
function hubConfig(model: HookedModel): Record<string, unknown> {
  const { config } = model;
  return {
    model_type: 'gpt_neox',
    hidden_size: config.d_model,
    num_attention_heads: config.n_heads,
    num_hidden_layers: config.n_layers,
    vocab_size: config.d_vocab,
    eos_token_id: stopTokens(model),
    bos_token_id: config.bos_token_id,
    use_cache: true,
  };
}

/** Stands where transformers.js expects an ONNX Runtime session. Its `run` never rejects: see `failure`. */
class GenerationSession {
  readonly inputNames = ['input_ids', 'attention_mask', 'past_key_values.0.key', 'past_key_values.0.value'];
  readonly outputNames = ['logits', 'present.0.key', 'present.0.value'];
  readonly inputMetadata: { name: string; type: string; shape: (number | string)[]; isTensor: true }[];
  readonly config = {};
  /** A rejected run would poison the library's queue for every later one, so failures wait here. */
  failure?: { error: unknown };
  readonly #cache: KeyValues = { length: 0, k: [], v: [] };
  readonly #model: HookedModel;
  readonly #edits: ReturnType<typeof checkEdits>;
  readonly #encode: EncodeArriving | undefined;
  readonly #stop: Stop | undefined;

  constructor(model: HookedModel, prompt: number[], { options, dictionaries, engine, stop }: GenerateJob) {
    this.#model = model;
    this.#stop = stop;
    this.#encode = engine && kernelEncoder(engine, stop);
    const lengths = [prompt.length + options.tokens];
    this.#edits = checkEdits(options.edits ?? [], {
      config: model.config,
      lengths,
      isBatch: false,
      growing: true,
      ...(dictionaries && { dictionaries }),
    });
    const { n_heads, d_head } = model.config;
    const shape = ['none', n_heads, 'past', d_head];
    this.inputMetadata = ['key', 'value'].map((kind) => ({
      name: `past_key_values.0.${kind}`,
      type: 'float32',
      shape,
      isTensor: true,
    }));
  }

  async run(feeds: Record<string, { data: unknown }>): Promise<Record<string, OrtTensor>> {
    const { d_vocab, n_heads, d_head } = this.#model.config;
    let logits = new Float32Array(d_vocab);
    try {
      if (!this.failure) logits = await this.#step(Array.from(feeds.input_ids.data as BigInt64Array, Number));
    } catch (error) {
      this.failure = { error };
    }
    // No rows, so no numbers; the third dimension is what the library reads.
    const length = () => new OrtTensor('float32', new Float32Array(0), [0, n_heads, this.#cache.length, d_head]);
    return { logits: new OrtTensor('float32', logits, [1, 1, d_vocab]), 'present.0.key': length(), 'present.0.value': length() };
  }

  async #step(ids: number[]): Promise<Float32Array<ArrayBuffer>> {
    const model = this.#model;
    const firstPos = this.#cache.length;
    const at = { firstRow: 0, rows: 1, firstPos, pos: ids.length, lengths: [firstPos + ids.length] };
    const resid = await forward({
      model,
      at,
      ids: [ids],
      edits: this.#edits,
      reads: new Set(),
      onRead: () => {},
      until: model.config.n_layers,
      cache: this.#cache,
      ...(this.#encode && { encode: this.#encode }),
      ...(this.#stop && { stop: this.#stop }),
    });
    try {
      let last = new Float32Array(0);
      const start = (ids.length - 1) * model.config.d_model;
      await unembed(model, await model.runtime.read(resid), [start], (_, logits) => (last = logits.slice()), this.#stop);
      return last;
    } finally {
      model.runtime.dispose(resid);
    }
  }

  dispose(): void {
    disposeCache(this.#model, this.#cache);
  }
}

/** Leaves only the chosen token possible, so the library's greedy search takes it. */
class ChooseToken extends LogitsProcessor {
  readonly #settings: Settings;
  readonly #n_tokens: number;

  constructor(settings: Settings, n_tokens: number) {
    super();
    this.#settings = settings;
    this.#n_tokens = n_tokens;
  }

  override _call(_ids: bigint[][], logits: Tensor): Tensor {
    const data = logits.data as Float32Array;
    const chosen = pickToken(data.subarray(0, this.#n_tokens), this.#settings);
    data.fill(-Infinity);
    data[chosen] = 0;
    return logits;
  }
}

class Collect extends BaseStreamer {
  readonly #take: (id: number) => void;
  #sawPrompt = false;

  constructor(take: (id: number) => void) {
    super();
    this.#take = take;
  }

  /** Called with the prompt first, then with each new token. */
  override put(value: bigint[][]): void {
    if (this.#sawPrompt) for (const id of value[0] ?? []) this.#take(Number(id));
    this.#sawPrompt = true;
  }

  override end(): void {}
}

class StopWhen extends StoppingCriteria {
  readonly #when: () => boolean;

  constructor(when: () => boolean) {
    super();
    this.#when = when;
  }

  override _call(ids: number[][]): boolean[] {
    return ids.map(() => this.#when());
  }
}
